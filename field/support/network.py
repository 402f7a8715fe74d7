"""Networks that fail without a word."""

import itertools
import os
import select
import socket
import subprocess
import threading

from support.machine import missing, need_root, program

NUMBERS = itertools.count()


class Network:
    """A network namespace with one link to this machine; gone when it is closed."""

    def __init__(self):
        need_root("a network namespace")
        self.ip = program("ip", "iproute2")
        number = (os.getpid() * 16 + next(NUMBERS)) % 65536
        self.name = f"field{number}"
        self.near_end, self.far_end = f"fn{number}", f"ff{number}"
        subnet = f"10.{150 + number // 8192}.{number // 64 % 128}"
        first = number % 64 * 4
        self.near, self.far = f"{subnet}.{first + 1}", f"{subnet}.{first + 2}"
        if not self._ip("netns", "add", self.name, check=False):
            missing("this system makes no network namespaces")
        self._ip("link", "add", self.near_end, "type", "veth", "peer", "name", self.far_end, "netns", self.name)
        self._ip("address", "add", f"{self.near}/30", "dev", self.near_end)
        self._ip("link", "set", self.near_end, "up")
        self._inside("address", "add", f"{self.far}/30", "dev", self.far_end)
        self._inside("link", "set", self.far_end, "up")
        self._inside("link", "set", "lo", "up")
        self.prefix = [self.ip, "netns", "exec", self.name]

    def _ip(self, *arguments, check=True):
        done = subprocess.run([self.ip, *arguments], capture_output=True, text=True)
        assert done.returncode == 0 or not check, (arguments, done.stderr)
        return done.returncode == 0

    def _inside(self, *arguments):
        return self._ip("-netns", self.name, *arguments)

    def cut_off(self):
        """From now on no packet arrives, in either direction, and neither end is told.

        Each end is given a wrong hardware address of the other: unlike a link that is down, a route that is gone, or
        a packet that is rejected, no kernel can know.
        """
        self._ip("neigh", "replace", self.far, "lladdr", "02:00:00:00:00:01", "dev", self.near_end, "nud", "permanent")
        self._inside("neigh", "replace", self.near, "lladdr", "02:00:00:00:00:02", "dev", self.far_end, "nud",
                     "permanent")

    def heal(self):
        """Packets arrive again."""
        self._ip("neigh", "del", self.far, "dev", self.near_end)
        self._inside("neigh", "del", self.near, "dev", self.far_end)

    def close(self):
        # The link goes with it.
        self._ip("netns", "delete", self.name, check=False)


class Relay:
    """A TCP relay in front of a server that can go silent: it then takes everything and answers nothing.

    The other kernel acknowledges each packet, so neither keep-alive nor the user time-out of TCP notices.
    """

    def __init__(self, port, host="127.0.0.1"):
        self.target = (host, port)
        self.silent_ones, self.open, self.lock = set(), {}, threading.Lock()
        self.silences_newcomers = False
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def silence(self, newcomers=True):
        """Lets the connections of now go silent, and those that come later too if `newcomers`."""
        with self.lock:
            self.silent_ones |= set(self.open)
            self.silences_newcomers = newcomers

    def heal(self):
        """New connections are served; the silent ones stay silent."""
        self.silences_newcomers = False

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near):
        with self.lock:
            is_silent = self.silences_newcomers
            self.open[near] = None
            if is_silent:
                self.silent_ones.add(near)
        far = None
        try:
            far = None if is_silent else socket.create_connection(self.target, timeout=5)
            while True:
                ends = [near] if far is None else [near, far]
                for end in select.select(ends, [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        return
                    if near not in self.silent_ones:
                        (far if end is near else near).sendall(data)
        except OSError:
            pass
        finally:
            with self.lock:
                self.open.pop(near, None)
                self.silent_ones.discard(near)
            near.close()
            if far:
                far.close()

    def close(self):
        self.listener.close()
        with self.lock:
            connections = list(self.open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
