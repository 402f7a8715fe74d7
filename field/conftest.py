"""Fixtures: what many tests share, started once for each worker."""

import os
import shutil
import tempfile

import pytest

from support.postgres import Postgres
from support.server import Server


def pytest_collection_modifyitems(config, items):
    """The long form is asked for by DUOLOGUE_LONG, as everywhere in this project."""
    if os.environ.get("DUOLOGUE_LONG"):
        return
    for item in items:
        if "long" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="of the long form: DUOLOGUE_LONG=1"))


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL for tests that do nothing to the server itself."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture
def own_postgres():
    """A PostgreSQL to be stopped, paused and broken."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def memory(tmp_path_factory):
    """One process in memory, with the development profile, for tests that do not disturb each other."""
    with Server(tmp_path_factory.mktemp("memory")) as server:
        yield server


@pytest.fixture(params=["memory", "postgres", "split"])
def whole(request, tmp_path):
    """The door of a messenger: in one process on memory, in one on PostgreSQL, and split over two on PostgreSQL."""
    with door(request, tmp_path, request.param) as server:
        yield server


@pytest.fixture(params=["memory", "postgres"])
def storage(request):
    """The `--storage` of a process: memory, and a fresh database."""
    return "memory" if request.param == "memory" else request.getfixturevalue("postgres").fresh()


def door(request, folder, kind, *arguments):
    """A door of that kind: see `whole`."""
    if kind == "memory":
        return Server(folder, *arguments)
    url = request.getfixturevalue("postgres").fresh()
    if kind == "postgres":
        return Server(folder, "--storage", url, *arguments)
    return Split(folder, url, *arguments)


class Split(Server):
    """A gateway before one process of every service."""

    def __init__(self, folder, url, *arguments):
        services = "auth,user,social,chat,notification"
        self.behind = Server(folder, "--storage", url, "--roles", services, *arguments, name="services")
        at = f"http://127.0.0.1:{self.behind.grpc}"
        urls = [part for role in services.split(",") for part in (f"--{role}-url", at)]
        try:
            super().__init__(folder, "--roles", "gateway", *urls, *arguments, name="gateway")
        except BaseException:
            self.behind.close()
            raise

    def close(self):
        super().close()
        self.behind.close()


@pytest.fixture
def reachable_folder():
    """A folder that other users may enter, unlike pytest's own."""
    folder = tempfile.mkdtemp(prefix="duologue-field-")
    os.chmod(folder, 0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
