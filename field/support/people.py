"""People who use the REST door."""

import base64
import datetime
import http.client
import json
import secrets


class Answer:
    """What came back."""

    def __init__(self, status, headers, text):
        self.status, self.headers, self.text = status, headers, text
        try:
            self.json = json.loads(text)
        except ValueError:
            self.json = None

    @property
    def reason(self):
        details = self.json.get("details", []) if isinstance(self.json, dict) else []
        return next((detail["reason"] for detail in details if "reason" in detail), None)

    @property
    def says_when_to_retry(self):
        details = self.json.get("details", []) if isinstance(self.json, dict) else []
        return any(detail.get("@type", "").endswith("google.rpc.RetryInfo") for detail in details)

    def ok(self):
        assert self.status == 200, (self.status, self.text)
        return self.json

    def __repr__(self):
        return f"{self.status} {self.reason or ''}"


class Rest:
    """A client with or without a token, on a connection for each call."""

    def __init__(self, port, token=None, host="127.0.0.1"):
        self.port, self.token, self.host = port, token, host

    def call(self, verb, path, body=None, headers=None, timeout=30):
        headers = dict(headers or {})
        if self.token:
            headers.setdefault("authorization", f"Bearer {self.token}")
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers.setdefault("content-type", "application/json")
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.request(verb, path, body=body, headers=headers)
            answer = connection.getresponse()
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, fields, answer.read().decode(errors="replace"))
        finally:
            connection.close()

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.call("POST", path, {} if body is None else body, **options)


class Person(Rest):
    """Somebody with an account, and a profile unless they made none."""

    def __init__(self, port, profile=True):
        super().__init__(port)
        self.email, self.password = f"{secrets.token_hex(8)}@example.org", f"pass {secrets.token_hex(8)}"
        self.take(self.post("/v1/register", {"email": self.email, "password": self.password}).ok())
        self.nickname = f"u{secrets.token_hex(6)}"
        if profile:
            self.post("/v1/profile", {"nickname": self.nickname}).ok()

    def take(self, answer):
        self.id, self.token, self.refresh_token = answer["userId"], answer["accessToken"], answer["refreshToken"]

    def at(self, port):
        """The same person with the same token at another door."""
        return Rest(port, self.token)

    def login(self, port=None):
        answer = Rest(port or self.port).post("/v1/login", {"email": self.email, "password": self.password})
        self.take(answer.ok())
        return self

    def refresh(self):
        self.take(Rest(self.port).post("/v1/refresh", {"refreshToken": self.refresh_token}).ok())
        return self

    def chat_with(self, other):
        return self.post("/v1/chats", {"participantId": other.id, "allowExisting": True}).ok()["chatId"]

    def send(self, chat, text, port=None, **options):
        return Rest(port or self.port, self.token).post(f"/v1/chats/{chat}/message", {"text": text}, **options)

    def texts(self, chat):
        """Every text of a chat, oldest first."""
        texts, cursor = [], ""
        while cursor is not None:
            page = self.get(f"/v1/chats/{chat}/messages?limit=100&order=MESSAGE_ORDER_OLDEST_FIRST{cursor}").ok()
            texts += [message["text"] for message in page.get("messages", [])]
            cursor = f"&cursor={page['nextCursor']}" if page.get("nextCursor") else None
        return texts


def seconds_ahead(answer):
    """How far the time of a message is ahead of now."""
    at = datetime.datetime.fromisoformat(answer.ok()["createTime"].replace("Z", "+00:00"))
    return (at - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


def claims(token):
    """What an access token says, unverified."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
