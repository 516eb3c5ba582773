"""A provider of batches that says what a test wants, over HTTP."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Content = bytes | int | Callable[[], Iterable[bytes]]


class ScriptedProvider:
    """`pages`: what each path answers: a body, a status, or pieces without an end of their own."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}/v1"
        self.pages: dict[str, Content] = {}
        self.asked: list[tuple[str, str]] = []  # path, credential

    def batch(self, name: str = "batch_1", status: str = "completed", **more: Any) -> None:
        document = {
            "id": name,
            "object": "batch",
            "endpoint": "/v1/chat/completions",
            "status": status,
            "input_file_id": "file-in",
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
            **more,
        }
        self.pages[f"/v1/batches/{name}"] = json.dumps(document).encode()

    def file(self, name: str, *lines: bytes) -> None:
        self.pages[f"/v1/files/{name}/content"] = b"".join(line + b"\n" for line in lines)


def answered(custom_id: str, tokens: int = 10, **more: Any) -> bytes:
    message = {"role": "assistant", "content": f"Answer to {custom_id}"}
    body = {
        "id": f"chatcmpl-{custom_id}",
        "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": tokens, "completion_tokens": 2 * tokens},
        **more,
    }
    response = {"status_code": 200, "request_id": "r", "body": body}
    return json.dumps({"custom_id": custom_id, "response": response, "error": None}).encode()


def failed(custom_id: str, status: int = 400) -> bytes:
    body = {"error": {"message": "messages: too few", "type": "invalid_request_error"}}
    response = {"status_code": status, "body": body}
    return json.dumps({"custom_id": custom_id, "response": response, "error": None}).encode()


def asked(custom_id: str) -> bytes:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": f"Question {custom_id}"}]}
    line = {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body}
    return json.dumps(line).encode()


@contextmanager
def scripted_provider() -> Iterator[ScriptedProvider]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked.append((self.path, self.headers.get("authorization", "")))
            page = provider.pages.get(self.path, 404)
            self.send_response(page if isinstance(page, int) else 200)
            self.end_headers()
            try:
                if isinstance(page, bytes):
                    self.wfile.write(page)
                elif not isinstance(page, int):
                    for piece in page():
                        self.wfile.write(piece)
            except (BrokenPipeError, ConnectionResetError):
                pass

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider = ScriptedProvider(server.server_address[1])
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
