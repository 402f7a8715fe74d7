"""The database goes away: loudly, without a word, or for a while. Answers come at once, and all is well soon after."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.machine import LATE, eventually
from support.network import Network, Relay
from support.people import Person
from support.postgres import Postgres
from support.server import Server

#: How soon a call is UNAVAILABLE, and how soon all is well after the database's return.
ANSWER, WELL = 3, 10


class Trial:
    """Two replicas, people who write, and what is asked of them while their database is gone."""

    def __init__(self, folder, url):
        keys = folder / "keys"
        self.one = Server(folder, "--storage", url, name="one", keys=keys)
        try:
            self.two = Server(folder, "--storage", url, name="two", keys=keys)
        except BaseException:
            self.one.close()
            raise
        self.a, self.b = Person(self.one.rest), Person(self.one.rest)
        self.chat = self.a.chat_with(self.b)
        self.pool = ThreadPoolExecutor(64)

    def write_while(self, lose, count=40):
        """So many writes are under way while the database is lost."""
        writes = [self.pool.submit(self.a.send, self.chat, f"under way {number}") for number in range(count)]
        lose()
        return writes

    def is_unavailable(self):
        """Every call, once the loss can be known, is answered in time: UNAVAILABLE, and when to come again."""
        calls = {
            "send": lambda: self.a.send(self.chat, "lost"),
            "read": lambda: self.a.get(f"/v1/chats/{self.chat}/messages"),
            "list": lambda: self.a.get("/v1/chats"),
            "login": lambda: self.a.post("/v1/login", {"email": self.a.email, "password": self.a.password}),
        }
        for name, call in calls.items():
            begin = time.monotonic()
            answer = call()
            took = time.monotonic() - begin
            assert (answer.status, answer.says_when_to_retry) == (503, True), (name, answer, answer.text)
            assert took < ANSWER + LATE, f"{name} took {took:.1f} s"
        begin = time.monotonic()
        assert self.one.admin("/readyz")[0] == 503
        assert time.monotonic() - begin < ANSWER + LATE

    def is_well(self):
        """All is well soon, and the next end of a session is known in time, at both."""
        end = time.monotonic() + WELL + LATE
        for server in (self.one, self.two):
            left = max(0.1, end - time.monotonic())
            eventually(lambda: self.a.send(self.chat, "back", port=server.rest).status == 200, left, "it writes again")
            left = max(0.1, end - time.monotonic())
            eventually(lambda: server.admin("/readyz")[0] == 200, left, "it is ready again")
        person = Person(self.one.rest)
        there = person.at(self.two.rest)
        there.get("/v1/chats").ok()
        person.post("/v1/logout", {"allSessions": True}).ok()
        eventually(lambda: there.get("/v1/chats").status == 401, 2 + LATE, "the other replica knows of the logout")
        # Nothing of what was answered is missing, and nothing is there twice.
        texts = self.a.texts(self.chat)
        assert len([text for text in texts if text.startswith("under way")]) == \
            len({text for text in texts if text.startswith("under way")})

    def close(self):
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.one.close()
        self.two.close()


@pytest.fixture
def trial(tmp_path):
    trials = []

    def begin(url):
        trials.append(Trial(tmp_path, url))
        return trials[0]

    yield begin
    for one in trials:
        one.close()


def test_a_network_whose_packets_are_dropped(trial):
    """A host that lost power: no packet arrives, and no end is told."""
    network = Network()
    database = None
    try:
        database = Postgres(host=network.far, inside=network.prefix)
        running = trial(database.fresh())
        writes = running.write_while(network.cut_off)
        running.is_unavailable()
        assert all(write.result(ANSWER + LATE).status in (200, 503) for write in writes)
        network.heal()
        running.is_well()
    finally:
        if database:
            database.close()
        network.close()


@pytest.mark.parametrize("newcomers", [True, False], ids=["all", "those-of-before"])
def test_a_peer_that_acknowledges_and_never_answers(newcomers, trial, own_postgres):
    """Half open: the other kernel takes everything. Where new connections are served, all is well by itself."""
    relay = Relay(own_postgres.port)
    try:
        running = trial(own_postgres.url(own_postgres.database(), port=relay.port))
        writes = running.write_while(lambda: relay.silence(newcomers))
        if newcomers:
            running.is_unavailable()
            relay.heal()
        running.is_well()
        assert all(write.result(WELL).status in (200, 503, 504) for write in writes)
    finally:
        relay.close()


def test_with_little_traffic_the_look_at_ended_sessions_is_not_lost_alone(trial, own_postgres):
    """Nothing but the polls uses the connections when they go silent: the next logout is known all the same."""
    relay = Relay(own_postgres.port)
    try:
        running = trial(own_postgres.url(own_postgres.database(), port=relay.port))
        there = running.a.at(running.two.rest)
        there.get("/v1/chats").ok()
        relay.silence(newcomers=False)
        end = time.monotonic() + WELL + LATE
        # From a connection of its own: the first process is busy finding out, too.
        own_postgres.psql("select 1")
        eventually(lambda: running.a.post("/v1/logout", {"allSessions": True}).status == 200, WELL + LATE, "a logout")
        eventually(lambda: there.get("/v1/chats").status == 401, max(2 + LATE, end - time.monotonic()),
                   "the other replica knows of the logout")
    finally:
        relay.close()


def test_a_database_that_stands_still(trial, own_postgres):
    running = trial(own_postgres.fresh())
    writes = running.write_while(own_postgres.pause)
    try:
        running.is_unavailable()
        assert all(write.result(WELL).status in (200, 503) for write in writes)
    finally:
        own_postgres.resume()
    running.is_well()


def test_a_database_that_refuses(trial, own_postgres):
    running = trial(own_postgres.fresh())
    own_postgres.stop()
    # Refused at once, so answered at once: nobody waits for a connection that cannot come.
    eventually(lambda: running.a.get("/v1/chats").status == 503, 5, "the loss is known")
    running.is_unavailable()
    begin = time.monotonic()
    for _ in range(5):
        assert running.one.admin("/readyz")[0] == 503
    assert time.monotonic() - begin < ANSWER + LATE
    own_postgres.start()
    running.is_well()


def test_a_database_that_is_dropped(trial, own_postgres):
    database = own_postgres.database()
    running = trial(own_postgres.url(database))
    own_postgres.psql(f"drop database {database} with (force)")
    running.is_unavailable()
    own_postgres.psql(f"create database {database}")


def test_a_process_that_starts_before_its_database_waits_for_it(own_postgres, tmp_path):
    url = own_postgres.fresh()
    own_postgres.stop()
    with Server(tmp_path, "--storage", url, ready=None) as server:
        eventually(lambda: server.log() or server.process.poll() is not None, 10, "it says that it waits")
        own_postgres.start()
        server.wait(WELL + LATE + 5)
        Person(server.rest)


@pytest.mark.long
def test_a_readiness_probe_of_everybody_asks_the_database_for_few(own_postgres, tmp_path):
    """`/readyz` is public at the gateway: a hundred at once cost the database a bounded number of questions."""
    with Server(tmp_path, "--storage", own_postgres.fresh()) as server, ThreadPoolExecutor(50) as pool:
        count = "select sum(xact_commit) from pg_stat_database where datname like 'field_%'"
        own_postgres.psql("select pg_stat_clear_snapshot()")
        before = int(own_postgres.psql(count))
        assert all(status == 200 for status, _ in pool.map(lambda _: server.admin("/readyz"), range(1000)))
        # The statistics are written down within a second.
        end = time.monotonic() + 2
        eventually(lambda: time.monotonic() > end, 3, "statistics")
        assert int(own_postgres.psql(count)) - before < 300
