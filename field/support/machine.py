"""What this machine has. Where a thing cannot be had the test says so: it is skipped here, and fails in CI."""

import os
import shutil
import socket
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: What a bound of the specification is allowed to be late on a machine that builds something else meanwhile.
LATE = float(os.environ.get("FIELD_LATE_SECONDS", "1.5"))


def missing(what):
    """Says that a thing cannot be had."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}: CI has to have it", pytrace=False)
    pytest.skip(what)


def program(name, package=None):
    """The path of a program: beside the interpreter (PyPI), on the PATH, or where Debian hides daemons."""
    own = Path(sys.executable).parent / name
    found = str(own) if own.exists() else shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    return found or missing(f"there is no {name} (Debian's package {package or name})")


def binary():
    """The server under test."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    path = Path(os.environ.get("DUOLOGUE_BIN", target / "debug" / "duologue")).resolve()
    assert path.exists(), f"{path} is not there: `cargo build -p duologue-server`, or name one in DUOLOGUE_BIN"
    return str(path)


def need_root(what):
    """For what only root may do."""
    if os.geteuid() != 0:
        missing(f"{what} needs root")


def eventually(check, within, what, every=0.05):
    """Asks until the answer is true, and answers it; after so many seconds the test fails with the last answer."""
    end = time.monotonic() + within
    while True:
        last = check()
        if last:
            return last
        assert time.monotonic() < end, f"not within {within:g} s: {what} (last: {last!r})"
        time.sleep(every)


def free_port():
    """A port that nobody listens at now.

    It lies below those that the system gives to outgoing connections, one of which could take it meanwhile.
    """
    first, count = (int(part) for part in os.environ.get("FIELD_PORTS", "10000+20000").split("+"))
    for _ in range(1000):
        port = first + int.from_bytes(os.urandom(4), "big") % count
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


def listens(port, host="127.0.0.1"):
    """Whether somebody accepts connections there."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
