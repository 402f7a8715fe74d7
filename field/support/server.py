"""Processes of the binary under test."""

import os
import re
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

from support.machine import binary, missing

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class DidNotStart(AssertionError):
    """The process ended before it said where it listens; the text is what it said instead."""


def clock(offset):
    """An environment in which the wall clock is so far off, as in `+12s` or `-1d`; time passes as it does."""
    if not FAKETIME.exists():
        missing("there is no libfaketime (Debian's package faketime)")
    return {"LD_PRELOAD": str(FAKETIME), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def clock_that_jumps(file):
    """An environment in which the wall clock is off by what stands in the file now, as in `+20m`."""
    environment = clock("")
    del environment["FAKETIME"]
    return environment | {"FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1"}


class Server:
    """A process that serves; killed when it is closed."""

    def __init__(self, folder, *arguments, name="server", environment=None, keys=None, ready=20, out=None):
        self.folder, self.name = Path(folder), name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.arguments = [str(argument) for argument in arguments]
        self.environment = environment or {}
        self.keys = Path(keys or self.folder / "keys")
        self.out_path, self.log_path = self.folder / f"{name}.out", self.folder / f"{name}.log"
        self.grpc = self.metrics = self.rest = None
        # Ports stay what they were when the process is started again, since others were told of them.
        self.ports = {}
        self.start(ready, out)

    @property
    def is_gateway(self):
        roles = self.arguments[self.arguments.index("--roles") + 1] if "--roles" in self.arguments else "gateway"
        return "gateway" in roles

    def command(self):
        def given(flag):
            return any(argument.split("=")[0] == flag for argument in self.arguments)

        doors = []
        for door in ("rest", "grpc", "metrics"):
            if not given(f"--{door}-listen") and (door != "rest" or self.is_gateway):
                doors += [f"--{door}-listen", f"127.0.0.1:{self.ports.get(door, 0)}"]
        storage = [] if given("--storage") else ["--storage", "memory"]
        keys = [] if given("--keys") else ["--keys", str(self.keys)]
        return [binary(), "serve", *doors, *storage, *keys, *self.arguments]

    def start(self, ready=20, out=None):
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("DUOLOGUE_")}
        with open(self.out_path, "wb") as own_out, open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=out or own_out, stderr=log, cwd=self.folder,
                env=inherited | self.environment,
            )
        if ready:
            self.wait(ready)

    def wait(self, within=20):
        """Waits until the process has said where it listens."""
        last, end = "rest" if self.is_gateway else "metrics", time.monotonic() + within
        while not re.search(rf"^{last} \S+\n", self.out(), re.MULTILINE):
            if self.process.poll() is not None:
                raise DidNotStart(self.log()[-2000:])
            if time.monotonic() > end:
                self.close()
                raise DidNotStart(f"not within {within} s: {self.log()[-2000:]}")
            time.sleep(0.02)
        for door, port in re.findall(r"^(\w+) https?://[^\s/]+:(\d+)", self.out(), re.MULTILINE):
            self.ports[door] = int(port)
            setattr(self, door, int(port))

    def out(self):
        return self.out_path.read_text(errors="replace")

    def log(self):
        """What it logged, without colours."""
        return COLOURS.sub("", self.log_path.read_text(errors="replace"))

    def signal(self, number):
        self.process.send_signal(number)

    def pause(self):
        """Stops it in its tracks, with every connection open: a machine that hangs."""
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def ended(self, within=20):
        """Its exit code, once it has ended by itself."""
        return self.process.wait(within)

    def resident(self):
        """Resident memory in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    def admin(self, path, timeout=10):
        """Status and text of a page of the metrics' listener."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.metrics}{path}")
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def metric(self, name):
        """The sum of a metric over its labels."""
        lines = re.findall(rf"^{name}(?:\{{[^}}]*\}})? (\S+)$", self.admin("/metrics")[1], re.MULTILINE)
        return sum(float(value) for value in lines)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def run(*arguments, environment=None, timeout=20, **options):
    """Runs the binary to its end."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DUOLOGUE_")}
    return subprocess.run(
        [binary(), *map(str, arguments)], env=inherited | (environment or {}), timeout=timeout, text=True,
        capture_output=True, **options,
    )
