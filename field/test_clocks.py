"""Replicas whose clocks differ, on one database: nobody else's messages, lists and sessions follow a wrong clock."""

import copy
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.machine import LATE, eventually
from support.people import Person, seconds_ahead
from support.server import Server, clock, clock_that_jumps

OFFSETS = ["+12s", "-12s", "+55s", "-55s", "+1d", "-1d"]

#: How far the time of a message may be from now: the machine is busy, the clock of the database is right.
NOW = 5


@pytest.fixture(params=OFFSETS)
def replicas(request, tmp_path, postgres):
    """A replica whose clock is right, and one whose clock is not."""
    url, keys = postgres.fresh(), tmp_path / "keys"
    with Server(tmp_path, "--storage", url, name="right", keys=keys) as right, \
         Server(tmp_path, "--storage", url, name="wrong", keys=keys, environment=clock(request.param)) as wrong:
        yield right, wrong, request.param


def test_no_clock_reaches_anybody_elses_messages(replicas):
    """A list of chats asked at the wrong process, and lists of those people in turn, move no message."""
    right, wrong, offset = replicas
    with ThreadPoolExecutor(4) as pool:
        a, b, c, d = pool.map(lambda _: Person(right.rest), range(4))
    ab, bc, cd = a.chat_with(b), b.chat_with(c), c.chat_with(d)
    assert abs(seconds_ahead(a.send(ab, "before"))) < NOW
    there = wrong.rest
    # Tokens tolerate a minute of difference: beyond that, the list is asked with one of the wrong process's own.
    copy.copy(a).login(there).at(there).get("/v1/chats").ok()
    assert abs(seconds_ahead(b.send(ab, "after a's list"))) < NOW
    for lists, sends, chat in [(b, c, bc), (c, d, cd)]:
        lists.get("/v1/chats").ok()
        assert abs(seconds_ahead(sends.send(chat, "after the next list"))) < NOW
    times = [message["createTime"] for message in b.get(f"/v1/chats/{ab}/messages").ok()["messages"]]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("ends", ["logout", "revoke", "password"])
def test_an_end_of_a_session_reaches_a_process_whose_clock_is_apart(replicas, ends):
    right, wrong, offset = replicas
    person = Person(right.rest)
    # With a day between them no token of one is good at the other, so the session is one of the wrong process's own.
    person = Person((wrong if offset.endswith("d") else right).rest)
    there = person.at(wrong.rest)
    there.get("/v1/chats").ok()
    _end(person, right, ends)
    eventually(lambda: there.get("/v1/chats").status == 401, 2 + LATE, "the other process knows of the end")


def _end(person, server, ends):
    """Ends the session of `person` from another session of theirs."""
    other = copy.copy(person).login(server.rest)
    if ends == "logout":
        other.at(server.rest).post("/v1/logout", {"allSessions": True}).ok()
    elif ends == "revoke":
        sessions = other.at(server.rest).get("/v1/sessions").ok()["sessions"]
        for session in sessions:
            if not session.get("current"):
                other.at(server.rest).call("DELETE", f"/v1/sessions/{session['sessionId']}").ok()
    else:
        change = {"currentPassword": person.password, "newPassword": person.password + "x"}
        other.at(server.rest).post("/v1/password", change).ok()


@pytest.mark.parametrize("kind", ["memory", "postgres"])
def test_a_clock_that_jumps_ahead_and_back_revives_no_token(kind, tmp_path, postgres):
    offset = tmp_path / "offset"
    offset.write_text("+0")
    where = "memory" if kind == "memory" else postgres.fresh()
    with Server(tmp_path, "--storage", where, environment=clock_that_jumps(offset)) as server:
        person, witness = Person(server.rest), Person(server.rest)
        token = person.at(server.rest)
        person.post("/v1/logout", {"allSessions": True}).ok()
        assert token.get("/v1/chats").status == 401
        offset.write_text("+20m")
        # It has taken the jump once a token of before is too old for it, and has looked at what has ended since.
        eventually(lambda: witness.get("/v1/chats").reason == "TOKEN_EXPIRED", 5, "the clock has jumped")
        looks = time.monotonic() + 2.5
        eventually(lambda: time.monotonic() > looks, 5, "two looks at the ended sessions", every=0.2)
        assert token.get("/v1/chats").status == 401
        offset.write_text("+0")
        eventually(lambda: witness.get("/v1/chats").status == 200, 5, "the clock is back")
        assert token.get("/v1/chats").status == 401


@pytest.mark.parametrize("kind", ["memory", "postgres"])
def test_one_step_of_the_clock_moves_only_what_is_written_meanwhile(kind, tmp_path, postgres):
    offset = tmp_path / "offset"
    offset.write_text("+0")
    where = "memory" if kind == "memory" else postgres.fresh()
    with Server(tmp_path, "--storage", where, environment=clock_that_jumps(offset)) as server:
        a, b, c = (Person(server.rest) for _ in range(3))
        ab, bc = a.chat_with(b), b.chat_with(c)
        a.send(ab, "before").ok()
        offset.write_text("+1d")
        eventually(lambda: a.get("/v1/chats").reason == "TOKEN_EXPIRED", 5, "the clock has jumped")
        b.login().get("/v1/chats").ok()
        offset.write_text("+0")
        eventually(lambda: c.get("/v1/chats").status == 200, 5, "the clock is back")
        # Nothing was written in these chats while the clock was ahead; a list was read.
        assert abs(seconds_ahead(a.send(ab, "after"))) < NOW
        assert abs(seconds_ahead(c.send(bc, "after"))) < NOW


@pytest.mark.parametrize("offset", ["+1d", "-1d"])
def test_events_are_delivered_whatever_the_dispatchers_clock_says(offset, tmp_path, postgres):
    """A lease taken by a clock that is a day off, and its process killed, holds no event back."""
    url, keys = postgres.fresh(), tmp_path / "keys"
    with Server(tmp_path, "--storage", url, name="right", keys=keys) as right:
        a, b = Person(right.rest), Person(right.rest)
        chat = a.chat_with(b)
        with Server(tmp_path, "--storage", url, name="wrong", keys=keys, environment=clock(offset)) as wrong:
            wrong.pause()
            wrong.resume()
            for number in range(20):
                a.send(chat, f"{number}").ok()
        # The other one is gone, with whatever it had taken.
        for number in range(20, 30):
            a.send(chat, f"{number}").ok()

        def told():
            return len(b.get("/v1/notifications?limit=100").ok().get("notifications", []))

        eventually(lambda: told() == 30, 45, "every event was delivered once", every=0.3)
