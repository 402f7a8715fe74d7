"""Peers of the REST door: browsers that reconnect, half-closed clients, proxies that keep connections, old tools."""

import base64
import json
import re
import socket
import time

import pytest
from support import wire
from support.machine import eventually
from support.people import Person, Rest
from support.server import DidNotStart, Server


class Events:
    """An EventSource: it takes what comes, and remembers the last id."""

    def __init__(self, server, person, path, last=None):
        self.connection = wire.connect(server.rest)
        headers = {"accept": "text/event-stream"} | ({"last_event_id": last} if last else {})
        self.connection.sendall(wire.request("GET", path, person.token, **headers))
        # The headers hold an `x-request-id: `, and what comes behind them may be there already.
        self.text = wire.read_until(self.connection, b"\r\n\r\n").decode().partition("\r\n\r\n")[2]

    def read(self, end, within=5):
        if end not in self.text:
            self.text += wire.read_until(self.connection, end.encode(), within).decode()
        return end in self.text

    @property
    def last(self):
        ids = [line[4:] for line in self.text.replace("\r", "").split("\n") if line.startswith("id: ")]
        return ids[-1] if ids else None

    @property
    def events(self):
        return [json.loads(line[6:]) for line in self.text.split("\n") if line.startswith("data: ")]

    def close(self):
        self.connection.close()


@pytest.mark.parametrize("is_empty", [True, False], ids=["empty", "quiet"])
def test_what_is_sent_while_an_event_source_is_away_is_not_lost(whole, is_empty):
    a, b = Person(whole.rest), Person(whole.rest)
    chat = a.chat_with(b)
    if not is_empty:
        a.send(chat, "old").ok()
    path = f"/v1/chats/{chat}/stream"
    first = Events(whole, a, path)
    assert first.read("id: "), f"no resume point before the first event: {first.text!r}"
    assert first.read("\n\n")
    last = first.last
    first.close()
    b.send(chat, "while away").ok()
    again = Events(whole, a, path, last)
    b.send(chat, "after").ok()
    assert again.read("after"), again.text
    assert [event["text"] for event in again.events] == ["while away", "after"]
    again.close()


def test_an_empty_inbox_has_a_resume_point(whole):
    a, b = Person(whole.rest), Person(whole.rest)
    first = Events(whole, a, "/v1/notifications/stream")
    assert first.read("id: "), f"no resume point before the first event: {first.text!r}"
    assert first.read("\n\n")
    last = first.last
    first.close()
    b.post(f"/v1/friends/{a.id}/request").ok()
    eventually(lambda: a.get("/v1/notifications").ok().get("notifications"), 10, "a is told")
    again = Events(whole, a, "/v1/notifications/stream", last)
    assert again.read("FRIEND_REQUEST_RECEIVED"), again.text
    again.close()


def test_a_client_that_has_closed_its_writing_side_gets_its_answer(whole):
    a, b = Person(whole.rest), Person(whole.rest)
    chat = a.chat_with(b)
    for number in range(20):
        connection = wire.connect(whole.rest)
        connection.sendall(wire.request("POST", f"/v1/chats/{chat}/message", a.token, {"text": f"{number}"}))
        connection.shutdown(socket.SHUT_WR)
        assert wire.read_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 200 "), number
        connection.close()
    assert a.texts(chat) == [f"{number}" for number in range(20)]


def test_a_half_closed_client_of_grpc_gets_its_answer(memory):
    call = wire.Http2(memory.grpc)
    call.call("/api.auth.v1.AuthService/GetJwks", data=wire.message(b""))
    call.socket.shutdown(socket.SHUT_WR)
    assert call.answers(5)["headers"].get("grpc-status") == "0"
    call.close()


def test_an_idle_connection_is_kept_as_long_as_a_proxy_thinks(memory):
    """What a proxy keeps for reuse is there after 15 s. (Proxies' own limit is 60 s: the long form waits for it.)"""
    _used_again_after(memory, 15)


@pytest.mark.long
def test_an_idle_connection_is_kept_longer_than_proxies_keep_theirs(memory):
    _used_again_after(memory, 61)


def _used_again_after(server, seconds):
    connection = wire.connect(server.rest)
    connection.sendall(wire.request("GET", "/healthz"))
    wire.read_until(connection, b"\r\n\r\n", 5)
    connection.settimeout(seconds)
    begin = time.monotonic()
    try:
        assert connection.recv(1) != b"", f"closed after {time.monotonic() - begin:.1f} s"
    except TimeoutError:
        pass
    connection.sendall(wire.request("GET", "/healthz"))
    assert wire.read_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    connection.close()


BODIES = {
    "absent": (b"", {}),
    "absent, with a type": (b"", {"content_type": "application/json", "content_length": "0"}),
    "null": (b"null", {"content_type": "application/json"}),
    "empty object": (b"{}", {"content_type": "application/json"}),
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_body_that_says_nothing_is_an_empty_request(memory, kind):
    body, headers = BODIES[kind]
    person = Person(memory.rest)
    connection = wire.connect(memory.rest)
    connection.sendall(wire.request("POST", "/v1/logout", person.token, body, **headers))
    assert wire.read_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    connection.close()


def test_a_field_given_twice_is_refused_in_either_spelling(memory):
    a, b = Person(memory.rest), Person(memory.rest)
    for body in (f'{{"participantId":"{b.id}","participantId":"{b.id}"}}',
                 f'{{"participantId":"{b.id}","participant_id":"{b.id}"}}'):
        answer = a.call("POST", "/v1/chats", body.encode(), {"content-type": "application/json"})
        assert answer.status == 400, (body, answer)


def test_two_spaces_after_bearer_and_identity_are_taken(memory):
    person = Person(memory.rest)
    assert Rest(memory.rest).get("/v1/chats", headers={"authorization": f"Bearer  {person.token}"}).status == 200
    assert person.call("POST", "/v1/logout", b"{}", {
        "content-type": "application/json", "content-encoding": "Identity"}).status == 200


def test_a_compressed_body_is_415_and_says_what_is_read(memory):
    person = Person(memory.rest)
    answer = person.call("POST", "/v1/logout", b"\x1f\x8b", {
        "content-type": "application/json", "content-encoding": "gzip"})
    assert answer.status == 415 and answer.json["code"] == 12, answer.text
    assert "identity" in answer.text + answer.headers.get("accept-encoding", "")


def test_a_known_parameter_with_brackets_is_refused(memory):
    person = Person(memory.rest)
    assert person.get(f"/v1/users/batch?ids[]={person.id}").status == 400
    assert person.get(f"/v1/users/batch?ids={person.id}&other[]=1").status == 200


def test_a_person_without_a_profile_acts_towards_nobody_and_hides_nothing(whole):
    a, ghost = Person(whole.rest), Person(whole.rest, profile=False)
    for answer in (ghost.post(f"/v1/friends/{a.id}/request"), ghost.post("/v1/chats", {"participantId": a.id})):
        assert (answer.status, answer.reason) == (403, "PROFILE_REQUIRED")
    assert not a.get("/v1/friends/requests").ok().get("requests")
    # To the others, such a person is nobody.
    assert a.post(f"/v1/friends/{ghost.id}/request").status == 404
    assert a.post("/v1/chats", {"participantId": ghost.id}).status == 400
    b = Person(whole.rest)
    strange = ghost.send(a.chat_with(b), "a stranger")
    assert (strange.status, strange.reason) == (403, "NOT_A_MEMBER")


def test_garbage_is_the_clients_fault_and_lays_no_replica_to_rest(whole):
    for garbage in (b"!!!!", b"AAAA", b"\xff\xff"):
        call = wire.Http2(whole.grpc)
        call.call("/api.auth.v1.AuthService/Login", data=garbage, content_type="application/grpc-web-text")
        answer = call.answers(5)
        said = answer["headers"].get("grpc-status") or _status_of_text(answer["data"])
        assert said not in (None, "14", "13", "2"), (garbage, answer)
        call.close()
        # The next honest call is served at once: nothing was laid to rest for it.
        assert Rest(whole.rest).get("/.well-known/jwks.json").status == 200
        honest = Rest(whole.rest).post("/v1/login", {"email": "nobody@example.org", "password": "a password"})
        assert honest.status == 401


def _status_of_text(data):
    """The status in the trailers of gRPC-Web's text."""
    found = re.search(rb"grpc-status: ?(\d+)", base64.b64decode(data + b"=" * (-len(data) % 4)))
    return found and found.group(1).decode()


def test_origins_that_can_never_match_are_refused_before_anything_is_announced(tmp_path):
    for origin in ("*", "https://app.example/", "app.example", "https://app.example/path"):
        with pytest.raises(DidNotStart) as refused, Server(tmp_path, "--allowed-origins", origin, name="refused") as up:
            pytest.fail(f"{origin} is taken: {up.out()}")
        assert "panicked" not in str(refused.value)
        assert "origins" in str(refused.value)
        assert (tmp_path / "refused.out").read_text() == ""
