"""A server that keeps the requests it gets, and answers each with 400."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

_ANSWER = json.dumps(
    {"message": "recorded", "error": {"message": "recorded", "code": 400}}
).encode()


class Recorded(NamedTuple):
    """One request. `path` has the query; the names of headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class Recorder:
    """`seen` has the requests so far."""

    address: str
    seen: list[Recorded] = field(default_factory=list)


@contextmanager
def recorder() -> Iterator[Recorder]:
    """Listens on a free port of this machine."""

    class Recording(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            found.seen.append(Recorded("POST", self.path, headers, body))
            self.send_response(400)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(_ANSWER)))
            self.end_headers()
            self.wfile.write(_ANSWER)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - of the base class
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Recording) as server:
        found = Recorder(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
