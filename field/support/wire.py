"""HTTP/1.1 and HTTP/2 by hand, for peers without manners."""

import json
import selectors
import socket
import struct
import time

import h2.config
import h2.connection
import h2.events

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, PING, HEADERS = 4, 6, 1


def request(verb, path, token=None, body=b"", **headers):
    """An HTTP/1.1 request as bytes."""
    lines = [f"{verb} {path} HTTP/1.1", "Host: field"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if isinstance(body, dict):
        body = json.dumps(body).encode()
        headers.setdefault("content_type", "application/json")
    if body:
        headers.setdefault("content_length", str(len(body)))
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def connect(port, receive_buffer=None, timeout=10, host="127.0.0.1"):
    """A connection, whose receive buffer is small where it is named: the kernel then takes little off the peer."""
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(timeout)
    connection.connect((host, port))
    return connection


def read_until(connection, end, within=10):
    """Reads until the bytes are there, the peer closes, or time is up; answers what was read."""
    got, deadline = b"", time.monotonic() + within
    while end not in got and time.monotonic() < deadline:
        connection.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            more = connection.recv(65536)
        except (TimeoutError, ConnectionResetError):
            break
        if not more:
            break
        got += more
    return got


def is_closed(connection):
    """Whether the peer has closed it, or cut it; whatever it sent before is read and forgotten."""
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            pass
        return True
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        connection.setblocking(True)


class Http2:
    """One HTTP/2 connection that does what it is told, and nothing by itself."""

    def __init__(self, port, window=None, receive_buffer=None):
        config = h2.config.H2Configuration(client_side=True, header_encoding="utf-8", validate_outbound_headers=False)
        self.state = h2.connection.H2Connection(config=config)
        self.socket = connect(port, receive_buffer)
        if window is not None:
            self.state.local_settings.initial_window_size = window
        self.state.initiate_connection()
        self.flush()

    def flush(self):
        try:
            self.socket.sendall(self.state.data_to_send())
        except BrokenPipeError:
            # Our writing side is closed, on purpose; the answer may still come.
            pass

    def call(self, path, *, token=None, data=None, end=True, content_type="application/grpc", **headers):
        """Begins a call, and answers its stream's number."""
        stream = self.state.get_next_available_stream_id()
        fields = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "field"),
                  ("content-type", content_type), ("te", "trailers")]
        if token:
            fields.append(("authorization", f"Bearer {token}"))
        fields += [(name.replace("_", "-"), value) for name, value in headers.items()]
        self.state.send_headers(stream, fields, end_stream=end and data is None)
        if data is not None:
            self.state.send_data(stream, data, end_stream=end)
        self.flush()
        return stream

    def answers(self, within=10, acknowledge=True):
        """Reads until a stream or the connection ends; answers headers, data, trailers and how it ended."""
        out = {"headers": {}, "data": b"", "ended": None}
        deadline = time.monotonic() + within
        while out["ended"] is None and time.monotonic() < deadline:
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                break
            except ConnectionResetError:
                out["ended"] = "connection"
                break
            if not data:
                out["ended"] = "connection"
                break
            for event in self.state.receive_data(data):
                match event:
                    case h2.events.ResponseReceived() | h2.events.TrailersReceived():
                        out["headers"] |= dict(event.headers)
                    case h2.events.DataReceived():
                        out["data"] += event.data
                        if acknowledge:
                            self.state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    case h2.events.StreamEnded():
                        out["ended"] = "stream"
                    case h2.events.StreamReset():
                        out["ended"] = f"reset {event.error_code}"
                    case h2.events.ConnectionTerminated():
                        out["ended"] = out["ended"] or "connection"
            self.flush()
        return out

    def close(self):
        self.socket.close()


def message(payload, flag=0):
    """A message of gRPC: its flag, its length, itself."""
    return struct.pack(">BI", flag, len(payload)) + payload


def frame(kind, flags, stream, payload=b""):
    """A frame of HTTP/2."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


class IdlePeers:
    """Many HTTP/2 connections that ask for nothing and answer every PING."""

    def __init__(self, port, count):
        self.selector, self.open = selectors.DefaultSelector(), 0
        self.sockets = []
        for _ in range(count):
            connection = connect(port)
            try:
                connection.sendall(PREFACE + frame(SETTINGS, 0, 0))
            except OSError:
                connection.close()
                continue
            connection.setblocking(False)
            self.selector.register(connection, selectors.EVENT_READ, bytearray())
            self.sockets.append(connection)
            self.open += 1

    def answer(self, seconds):
        """Answers what comes for so long."""
        end = time.monotonic() + seconds
        while self.open and (left := end - time.monotonic()) > 0:
            for key, _ in self.selector.select(min(left, 0.2)):
                self._read(key)

    def _read(self, key):
        connection, pending = key.fileobj, key.data
        try:
            got = connection.recv(65536)
            if not got:
                raise ConnectionResetError
            pending += got
            while len(pending) >= 9 and len(pending) >= 9 + (length := int.from_bytes(pending[:3], "big")):
                kind, flags, payload = pending[3], pending[4], bytes(pending[9:9 + length])
                del pending[:9 + length]
                if kind in (PING, SETTINGS) and not flags & 1:
                    connection.sendall(frame(kind, 1, 0, payload if kind == PING else b""))
        except BlockingIOError:
            pass
        except OSError:
            self.selector.unregister(connection)
            connection.close()
            self.open -= 1

    def close(self):
        for connection in self.sockets:
            connection.close()
        self.selector.close()
