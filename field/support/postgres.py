"""PostgreSQL servers of the trial's own."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from support.machine import eventually, free_port, missing


def programs():
    """The folder of PostgreSQL's own programs."""
    named = os.environ.get("PG_BIN_DIR")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    found = named or (debian and debian[-1].parent) or (on_path and Path(on_path).resolve().parent)
    return Path(found) if found else missing("there is no PostgreSQL (Debian's package postgresql)")


def owner():
    """Who runs it: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return "nobody"


class Postgres:
    """A server with a superuser `postgres`, trusted unless `hba` says otherwise; stopped when it is closed."""

    def __init__(self, hba="host all all all trust", settings=None, host="127.0.0.1", inside=()):
        self.host, self.inside, self.owner = host, list(inside), owner()
        self.port = free_port()
        # Not pytest's own: nobody but root may enter that, and PostgreSQL is not root.
        self.folder = Path(tempfile.mkdtemp(prefix="duologue-field-"))
        if self.owner:
            shutil.chown(self.folder, self.owner)
        self.data = self.folder / "data"
        self._run("initdb", "--no-sync", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C",
                  f"--pgdata={self.data}")
        self.hba = hba
        (self.data / "pg_hba.conf").write_text(f"local all all trust\n{hba}\n")
        settings = {"listen_addresses": host, "port": self.port, "unix_socket_directories": self.folder,
                    "fsync": "off", "max_connections": 200, "logging_collector": "off"} | (settings or {})
        with open(self.data / "postgresql.conf", "a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        self.process = None
        self.start()

    def _run(self, name, *arguments, **options):
        command = [str(programs() / name), *map(str, arguments)]
        return subprocess.run(command, user=self.owner, check=True, capture_output=True, cwd="/", text=True, **options)

    def file(self, name, content, mode=0o600):
        """A file that the server may read and nobody else."""
        path = self.data / name
        path.write_bytes(content)
        path.chmod(mode)
        if self.owner:
            shutil.chown(path, self.owner)
        return path

    def start(self, wait=True):
        # `ip netns exec` is root's alone, so the user is changed inside.
        command = [str(programs() / "postgres"), "-D", str(self.data)]
        if self.inside:
            become = ["setpriv", "--reuid", self.owner, "--regid", self.owner, "--clear-groups"] if self.owner else []
            command, user = [*self.inside, *become, *command], None
        else:
            user = self.owner
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(command, user=user, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd="/")
        if wait:
            eventually(self.answers, 20, "PostgreSQL answers")

    def answers(self):
        command = [programs() / "pg_isready", "-q", "-h", self.folder, "-p", str(self.port)]
        return subprocess.run(command, cwd="/").returncode == 0

    def psql(self, sql, database="postgres"):
        """Runs statements as the superuser, over the socket, and answers what they answer."""
        command = ("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", self.port, "-U", "postgres",
                   "-d", database)
        return self._run(*command, input=sql).stdout.strip()

    def database(self, options=""):
        """Makes a fresh database, and answers its name."""
        name = f"field_{secrets.token_hex(4)}"
        self.psql(f"create database {name} {options}")
        return name

    def url(self, database, user="postgres", port=None, query=""):
        return f"postgres://{user}@{self.host}:{port or self.port}/{database}{query}"

    def fresh(self, options=""):
        """The URL of a fresh database."""
        return self.url(self.database(options))

    def _pids(self):
        own = self.process.pid
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(own)], capture_output=True, text=True).stdout
        return [own, *map(int, children.split())]

    def pause(self):
        """Stops every process of it in its tracks, first the one that starts others."""
        stopped = set()
        while waiting := set(self._pids()) - stopped:
            for pid in sorted(waiting):
                self._signal(pid, signal.SIGSTOP)
            stopped |= waiting

    def resume(self):
        for pid in reversed(self._pids()):
            self._signal(pid, signal.SIGCONT)

    @staticmethod
    def _signal(pid, number):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    def stop(self):
        """Ends it and every connection at once: from then on connections are refused."""
        if self.process and self.process.poll() is None:
            self.resume()
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(20)

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
