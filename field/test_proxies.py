"""nginx, and a proxy that buffers, before both doors."""

import concurrent.futures
import os
import subprocess
from collections import Counter

import grpc
import pytest
from support import stubs, wire
from support.machine import eventually, free_port, listens, program
from support.people import Person, Rest
from support.server import Server

CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream rest {{ server 127.0.0.1:{rest}; keepalive 8; }}
  # As its manual has it: HTTP/1.1 and kept connections, everything else by default (answers are buffered).
  server {{
    listen 127.0.0.1:{buffering};
    location / {{
      proxy_pass http://rest; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
  # Nothing but proxy_pass: HTTP/1.0 and a connection for each call.
  server {{ listen 127.0.0.1:{plain}; location / {{ proxy_pass http://127.0.0.1:{rest}; }} }}
  server {{
    listen 127.0.0.1:{grpc} http2;
    location / {{
      grpc_pass grpc://127.0.0.1:{grpc_of_server};
      grpc_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
}}
"""


class Nginx:
    """nginx with a door of each kind before a server."""

    def __init__(self, folder, server):
        self.buffering, self.plain, self.grpc = free_port(), free_port(), free_port()
        path = folder / "nginx.conf"
        path.write_text(CONFIGURATION.format(
            folder=folder, rest=server.rest, grpc_of_server=server.grpc, buffering=self.buffering, plain=self.plain,
            grpc=self.grpc,
        ))
        command = [program("nginx"), "-p", folder, "-c", path, "-g", "user root;" if _is_root() else ""]
        self.log = open(folder / "nginx.log", "wb")
        self.process = subprocess.Popen(command, stderr=self.log, cwd=folder)
        eventually(lambda: listens(self.grpc) and listens(self.plain), 10, "nginx listens")

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()


def _is_root():
    import os

    return os.geteuid() == 0


@pytest.fixture(scope="module", params=["one process", "gateway"])
def behind(request, tmp_path_factory):
    """A server that trusts the proxy on loopback, and nginx before it."""
    from conftest import door

    folder = tmp_path_factory.mktemp("proxies")
    kind = "memory" if request.param == "one process" else "split"
    arguments = ("--trusted-proxies", "127.0.0.1", "--logins-per-minute-and-address", "5")
    with door(request, folder, kind, *arguments) as server:
        nginx = Nginx(folder, server)
        server.nginx = nginx
        yield server
        nginx.close()


@pytest.fixture
def pair(behind):
    people = []
    for number in range(2):
        # Registering counts as a login: each from an address of its own.
        person = Person.__new__(Person)
        Rest.__init__(person, behind.rest)
        person.email, person.password = f"p{id(person)}-{number}-{free_port()}@example.org", "some pass word"
        answer = Rest(behind.rest).post("/v1/register", {"email": person.email, "password": person.password},
                                        headers={"x-forwarded-for": f"203.0.{free_port() % 250}.{free_port() % 250}"})
        person.take(answer.ok())
        person.post("/v1/profile", {"nickname": f"u{free_port()}_{number}_{id(person) % 10**6}"}).ok()
        people.append(person)
    return people


@pytest.mark.parametrize("kind", ["buffering", "plain"])
def test_calls_and_both_kinds_of_streams_pass(behind, pair, kind):
    port = getattr(behind.nginx, kind)
    a, b = pair
    chat = a.chat_with(b)
    for number, accept in enumerate(["text/event-stream", "application/x-ndjson"]):
        stream = wire.connect(port)
        stream.sendall(wire.request("GET", f"/v1/chats/{chat}/stream?afterSequence={number}", a.token, accept=accept))
        wire.read_until(stream, b"\r\n\r\n", 5)
        assert a.send(chat, f"by {accept}", port=port).status == 200
        # A proxy that holds back what it has until a buffer is full would hold this back for ever.
        assert f"by {accept}".encode() in wire.read_until(stream, f"by {accept}".encode(), 5)
        stream.close()


def test_a_kept_connection_is_used_again_without_an_error(behind, pair):
    a, b = pair
    chat = a.chat_with(b)
    # Two at once, so that the proxy keeps more than one connection; then it is quiet for longer than it once took.
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        first = list(pool.map(lambda n: a.send(chat, f"{n}", port=behind.nginx.buffering).status, range(8)))
    waiting = wire.connect(behind.nginx.buffering)
    assert wire.read_until(waiting, b"never", 15) == b""
    waiting.close()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        second = list(pool.map(lambda n: a.send(chat, f"{n}", port=behind.nginx.buffering).status, range(8, 16)))
    assert first + second == [200] * 16


def test_a_stream_of_grpc_passes(behind, pair):
    messages, Chat = stubs.of("chat")
    a, b = pair
    chat = a.chat_with(b)
    with stubs.channel(behind.nginx.grpc) as channel:
        request = messages.StreamMessagesRequest(chat_id=chat, after_sequence=0)
        stream = Chat(channel).StreamMessages(request, metadata=stubs.bearer(a), timeout=20)
        a.send(chat, "through grpc_pass").ok()
        assert next(stream).text == "through grpc_pass"
        stream.cancel()


def test_people_behind_a_trusted_proxy_have_addresses_of_their_own_at_both_doors(behind):
    """Twelve people, five logins a minute and address; the proxy adds the address that it sees, and it is trusted."""
    auth, Auth = stubs.of("auth")
    rest, grpc_codes, web = Counter(), Counter(), Counter()
    with stubs.channel(behind.nginx.grpc) as channel:
        for number in range(12):
            body = {"email": f"p{number}@example.org", "password": "some pass"}
            forwarded = {"x-forwarded-for": f"192.0.2.{number}"}
            rest[Rest(behind.nginx.buffering).post("/v1/login", body, headers=forwarded).status] += 1
            request = auth.LoginRequest(email=f"q{number}@example.org", password="some pass")
            try:
                metadata = [("x-forwarded-for", f"198.51.100.{number}")]
                Auth(channel).Login(request, metadata=metadata, timeout=10)
            except grpc.RpcError as error:
                grpc_codes[error.code().name] += 1
            call = wire.Http2(behind.grpc)
            request = auth.LoginRequest(email=f"w{number}@example.org", password="some pass").SerializeToString()
            call.call("/api.auth.v1.AuthService/Login", data=wire.message(request),
                      content_type="application/grpc-web+proto", x_forwarded_for=f"198.18.0.{number}")
            answer = call.answers(10)
            web[answer["headers"].get("grpc-status") or str(answer["data"][-400:])] += 1
            call.close()
    assert rest == {401: 12}
    assert grpc_codes == {"UNAUTHENTICATED": 12}
    assert sum(count for said, count in web.items() if said == "16" or "grpc-status:16" in said.replace(": ", ":")) \
        == 12, web


def test_one_address_behind_the_proxy_is_still_limited_at_both_doors(behind):
    auth, Auth = stubs.of("auth")
    rest, codes = Counter(), Counter()
    with stubs.channel(behind.nginx.grpc) as channel:
        for number in range(8):
            body = {"email": f"r{number}@example.org", "password": "some pass"}
            answer = Rest(behind.nginx.buffering).post("/v1/login", body, headers={"x-forwarded-for": "192.0.2.77"})
            rest[answer.status] += 1
            try:
                request = auth.LoginRequest(email=f"s{number}@example.org", password="some pass")
                Auth(channel).Login(request, metadata=[("x-forwarded-for", "192.0.2.78")], timeout=10)
            except grpc.RpcError as error:
                codes[error.code().name] += 1
    assert rest[429] == 3 and codes["RESOURCE_EXHAUSTED"] == 3, (rest, codes)


def test_an_address_that_an_untrusted_peer_claims_is_not_believed(tmp_path):
    auth, Auth = stubs.of("auth")
    codes = Counter()
    with Server(tmp_path, "--logins-per-minute-and-address", "5") as server, stubs.channel(server.grpc) as channel:
        for number in range(8):
            try:
                request = auth.LoginRequest(email=f"s{number}@example.org", password="some pass")
                Auth(channel).Login(request, metadata=[("x-forwarded-for", f"192.0.2.{number}")], timeout=10)
            except grpc.RpcError as error:
                codes[error.code().name] += 1
    assert codes["RESOURCE_EXHAUSTED"] == 3, codes
