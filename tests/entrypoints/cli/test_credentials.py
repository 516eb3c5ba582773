"""A provider with two credentials, from the command line to the trace of a call."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from installation import Installation, wait_until

pytestmark = pytest.mark.drill

GOOD, BAD = "sk-good-0123456789-abcd", "sk-bad-0123456789-wxyz"


class Vendor(BaseHTTPRequestHandler):
    """Serves one model to the good key only."""

    def do_GET(self) -> None:
        self._send(200, {"data": [{"id": "m-1"}]})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        if self.headers["authorization"] != f"Bearer {GOOD}":
            self._send(401, {"error": {"message": "no"}})
            return
        message = {"role": "assistant", "content": "hello"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self._send(200, {"id": "c", "object": "chat.completion", "choices": [choice]})

    def _send(self, status: int, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def vendor() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_call_goes_on_with_the_credential_that_is_accepted(tmp_path: Path, vendor: str) -> None:
    for name, key in (("good", GOOD), ("bad", BAD)):
        (tmp_path / name).write_text(key)
    it = Installation(tmp_path / "home")
    it.start()
    try:
        address = ("--base-url", vendor, "--private-allowed", "--api-key-file")
        it.run("provider", "add", "two", *address, str(tmp_path / "bad"))
        key = str(tmp_path / "good")
        it.run("provider", "credential", "add", "two", "second", "--api-key-file", key)
        wait_until(lambda: answered(it))
        wait_until(lambda: good_calls(it))
        spans = it.json("traces", "show", good_calls(it)[0]["trace_id"])["spans"]
        attempts = [one for one in spans if one["kind"] == "attempt"]
        (call,) = (one for one in spans if one["kind"] == "call")
        names = call["attributes"]["penstock.credentials"]
        assert len(attempts) == len(names)
        assert names[-1] == "second"
        assert not any(secret in json.dumps(spans) + it.output for secret in (GOOD, BAD))
    finally:
        it.kill()


def answered(it: Installation) -> bool:
    try:
        return bool(it.chat(model="two/m-1")["choices"])
    except OSError:
        return False


def good_calls(it: Installation) -> list[Any]:
    found = it.json("traces", "list", "--provider", "two")
    return [one for one in found if one["status"] == "ok"]
