"""The HTTP interface of ClickHouse over an engine in this process: enough to test the adapter for
servers against the same contract, on machines without a ClickHouse server."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

# Parameters of the URL that the server interprets itself.
TRANSPORT = {
    "query",
    "database",
    "query_id",
    "client_protocol_version",
    "wait_end_of_query",
    "send_progress_in_http_headers",
    "enable_http_compression",
    "session_id",
    "default_format",
}


class FrontServer(ThreadingHTTPServer):
    """A server with the directory of its engine."""

    daemon_threads = True

    def __init__(self, directory: Path) -> None:
        super().__init__(("127.0.0.1", 0), Front)
        self.directory = directory

    def run(self, url: dict[str, str], sql: bytes) -> bytes:
        """Runs one statement in a separate session, as over HTTP."""
        engine: Any = import_module("chdb._chdb")
        values = {name: v for name, v in url.items() if name.startswith("param_")}
        with closing(engine.connect(str(self.directory))) as handle:
            handle.query(f"USE {url.get('database') or 'default'}", "Null", params={})
            for name in url.keys() - values.keys() - TRANSPORT:
                value = url[name].replace("\\", "\\\\").replace("'", "\\'")
                handle.query(f"SET {name} = '{value}'", "Null", params={})
            params = {name.removeprefix("param_"): value for name, value in values.items()}
            return handle.query(sql, "TabSeparated", params=params).bytes() or b""


class Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FrontServer

    def do_GET(self) -> None:
        self.answer(b"Ok.\n", 200)

    def do_POST(self) -> None:
        url = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        body = self.body()
        try:
            answer = self.server.run(url, url.get("query", "").encode() + b"\n" + body)
        except RuntimeError as error:
            self.answer(str(error).encode(), 500)
        else:
            self.answer(answer, 200)

    def body(self) -> bytes:
        if self.headers.get("transfer-encoding") == "chunked":
            return b"".join(self.chunks())
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def answer(self, body: bytes, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("x-clickhouse-format", "TabSeparated")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Logs nothing."""


@contextmanager
def clickhouse_front(directory: Path) -> Iterator[str]:
    """Runs a server during the block; yields its URL."""
    engine: Any = import_module("chdb._chdb")
    server = FrontServer(directory / "engine")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with closing(engine.connect(str(server.directory))):  # keeps the engine between requests
        try:
            yield f"http://default@127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
