"""A provider, the secrets managers, an application and a receiver of webhooks on one port of this
machine. The provider sends the credential of a request back in the way that the request names after
`please leak:`; the application and the receiver send back what they got.
"""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of more": lambda text: base64.b64encode(f"a{text}".encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "percent": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()) + quote(text),
    "escapes": lambda text: "".join(f"\\u{ord(each):04x}" for each in text),
}
LEAKS = (
    *(f"error {name}" for name in ENCODINGS),
    *("header", "not json", "status 500", "comment", "stream error", "cut"),
)


@dataclass
class LeakingProvider:
    """`answer`: the text of good answers. `kept`: the values of secrets by manager (`vault`, `aws`,
    `gcp`, `azure`). `entra_token`: what Azure's manager wants."""

    answer: str
    kept: dict[str, str]
    entra_token: str
    url: str = ""
    credentials: set[str] = field(default_factory=set[str])  # seen in requests


@contextmanager
def leaking_provider(it: LeakingProvider) -> Iterator[LeakingProvider]:
    """Listens on a free port."""

    class Handler(_Handler):
        provider = it

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    it.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield it
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    provider: LeakingProvider
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/v1/secret/data/"):
            data = {"data": {"key": self.provider.kept["vault"]}, "metadata": {"version": 1}}
            return self._json({"data": data})
        if self.path.startswith("/v1/projects/acme/secrets/openai"):
            secret = json.dumps({"key": self.provider.kept["gcp"]}).encode()
            return self._json({"payload": {"data": base64.b64encode(secret).decode()}})
        if self.path.startswith("/secrets/openai"):
            assert self.headers["authorization"] == f"Bearer {self.provider.entra_token}"
            return self._json({"value": json.dumps({"key": self.provider.kept["azure"]})})
        return self._json({"object": "list", "data": [{"id": "small", "object": "model"}]})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if "x-amz-target" in self.headers:
            secret = json.dumps({"key": self.provider.kept["aws"]})
            return self._json({"Name": "prod/openai", "SecretString": secret})
        if self.path.endswith("/oauth2/v2.0/token"):
            return self._json({"access_token": self.provider.entra_token, "expires_in": 3599})
        if self.path.startswith(("/application", "/hook")):
            got = dict(self.headers.items())
            failed = self.path.startswith("/hook") or body.startswith(b'{"input":"fail')
            return self._json({"output": f"I got {got}", "headers": got}, 500 if failed else 200)
        credential = self.headers.get("authorization", "").removeprefix("Bearer ")
        self.provider.credentials.add(credential)
        if self.path == "/v1/files":
            return self._json({"error": {"message": f"Wrong key: {credential}"}}, 401)
        request = json.loads(body)
        said = str(request["messages"][-1]["content"])
        leak = said.partition("please leak: ")[2]
        if leak:
            return self._leak(leak, credential)
        return self._stream() if request.get("stream") else self._json(self._whole())

    def _leak(self, how: str, credential: str) -> None:
        if how.startswith("error "):
            sent = ENCODINGS[how.removeprefix("error ")](credential)
            return self._json({"error": {"message": f"Wrong key: {sent}", "code": sent}}, 401)
        if how == "status 500":
            return self._send(f"<html>{credential}</html>".encode(), 500, "text/html")
        if how == "not json":
            return self._send(f"{{{credential}".encode(), 200)
        if how == "header":
            return self._json(self._whole(), headers={"x-request-id": credential})
        return self._stream(how, credential)

    def _whole(self) -> dict[str, object]:
        message = {"role": "assistant", "content": self.provider.answer}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10}
        head = {"id": "c1", "object": "chat.completion", "created": 1, "model": "small"}
        return {**head, "choices": [choice], "usage": usage}

    def _stream(self, how: str = "", credential: str = "") -> None:
        head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "small"}
        pieces = [
            self.provider.answer[at : at + 3] for at in range(0, len(self.provider.answer), 3)
        ]
        events = [
            {**head, "choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces
        ]
        events.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        lines = [f"data: {json.dumps(event)}\n\n" for event in events]
        if how == "comment":
            lines.insert(1, f": {credential}\n\n")
        elif how == "stream error":
            lines.insert(1, f"data: {json.dumps({'error': {'message': credential}})}\n\n")
        elif how == "cut":
            lines[2:] = [f"data: {{{credential}"]
        else:
            lines.append("data: [DONE]\n\n")
        self._send("".join(lines).encode(), 200, "text/event-stream")

    def _json(
        self, document: object, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        self._send(json.dumps(document).encode(), status, "application/json", headers)

    def _send(
        self,
        body: bytes,
        status: int,
        media_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in {"content-type": media_type, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
