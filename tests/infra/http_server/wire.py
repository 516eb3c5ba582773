"""A server with an app of the test, and a client that sends bytes and parses responses."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from penstock.infra.http_server import HttpLimits, HttpServer, HttpStats
from penstock.infra.http_server.asgi import App, Message, Receive, Scope, Send

HOST = b"Host: here\r\n"


@dataclass
class Answer:
    """A parsed response. `whole`: the body is complete according to its framing."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool = True


@dataclass
class Seen:
    """The requests that the app received, and their outcome."""

    scopes: list[Scope] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    events: list[str] = field(default_factory=list)


@dataclass
class Running:
    server: HttpServer
    seen: Seen
    stats: HttpStats
    work: asyncio.Task[None]

    async def connect(self, source: str = "") -> "Client":
        local = (source, 0) if source else None
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.server.port, local_addr=local, limit=1 << 26
        )
        return Client(reader, writer)

    async def ask(self, data: bytes) -> list[Answer]:
        """Sends bytes, half-closes, and returns all responses until the server closes."""
        async with asyncio.timeout(20):
            client = await self.connect()
            client.writer.write(data)
            client.writer.write_eof()
            try:
                return split(await client.reader.read())
            finally:
                client.close()


@dataclass
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, data: bytes, *, method: str = "GET") -> Answer:
        """Sends bytes and reads one response."""
        self.writer.write(data)
        return await self.answer(method=method)

    async def answer(self, *, method: str = "GET") -> Answer:
        async with asyncio.timeout(20):
            head = await self.reader.readuntil(b"\r\n\r\n")
            status, headers = _head(head)
            if method == "HEAD" or status in {204, 304} or status < 200:
                return Answer(status, headers, b"")
            if "content-length" in headers:
                body = await self.reader.readexactly(int(headers["content-length"]))
                return Answer(status, headers, body)
            body = b""
            while size := int(await self.reader.readline(), 16):
                body += await self.reader.readexactly(size)
                await self.reader.readexactly(2)
            await self.reader.readexactly(2)
            return Answer(status, headers, body)

    async def ended(self, timeout_s: float = 10.0) -> bytes:
        """Reads until the connection ends by FIN or RST."""
        data = b""
        async with asyncio.timeout(timeout_s):
            with contextlib.suppress(ConnectionError):
                while piece := await self.reader.read(65536):
                    data += piece
        self.close()
        return data

    def close(self) -> None:
        self.writer.close()


@asynccontextmanager
async def serving(app: App | None = None, **options: Any) -> AsyncIterator[Running]:
    """Runs a server. `options`: fields of `HttpLimits`, or `tls` and `exempt` of the server."""
    seen, stats = Seen(), HttpStats()
    ours = {name: options.pop(name) for name in ("tls", "exempt") if name in options}
    server = HttpServer(
        app or echo(seen), "127.0.0.1", 0, limits=HttpLimits(**options), stats=stats, **ours
    )
    await server.listen()
    work = asyncio.create_task(server.serve())
    try:
        yield Running(server, seen, stats, work)
    finally:
        work.cancel()
        await asyncio.wait((work,))


def echo(seen: Seen) -> App:
    """Returns an app that responds with the request body and records requests."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.scopes.append(scope)
        body = await whole_body(receive)
        if body is None:
            seen.events.append("gone")
            return
        seen.bodies.append(body)
        await answer(send, body)

    return app


async def whole_body(receive: Receive) -> bytes | None:
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message["body"]
        if not message["more_body"]:
            return body


async def answer(
    send: Send, body: bytes = b"", status: int = 200, *headers: tuple[bytes, bytes]
) -> None:
    await send(start(status, *headers))
    await send(piece(body, more=False))


def start(status: int = 200, *headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def piece(body: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


def get(path: str = "/", *headers: bytes) -> bytes:
    fields = b"".join(line + b"\r\n" for line in headers)
    return b"GET %b HTTP/1.1\r\n%b%b\r\n" % (path.encode(), HOST, fields)


def post(body: bytes, *headers: bytes, length: int | None = None) -> bytes:
    fields = b"".join(line + b"\r\n" for line in headers)
    size = len(body) if length is None else length
    return b"POST / HTTP/1.1\r\n%bContent-Length: %d\r\n%b\r\n%b" % (HOST, size, fields, body)


def chunked(*lines: bytes) -> bytes:
    """Builds a POST with a chunked body of these bytes."""
    head = b"POST / HTTP/1.1\r\n%bTransfer-Encoding: chunked\r\n\r\n" % HOST
    return head + b"".join(lines)


def split(data: bytes) -> list[Answer]:
    """Parses consecutive responses (not to HEAD)."""
    answers: list[Answer] = []
    while data:
        head, found, data = data.partition(b"\r\n\r\n")
        assert found, data
        status, headers = _head(head + b"\r\n\r\n")
        if "content-length" in headers:
            size = int(headers["content-length"])
            answers.append(Answer(status, headers, data[:size], len(data) >= size))
            data = data[size:]
        elif "transfer-encoding" in headers:
            body, whole, data = _dechunk(data)
            answers.append(Answer(status, headers, body, whole))
        elif status in {100, 204, 304}:
            answers.append(Answer(status, headers, b""))
        else:
            answers.append(Answer(status, headers, data))
            data = b""
    return answers


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    lines = head[:-4].decode("latin-1").split("\r\n")
    pairs = [(name, value) for name, _, value in (line.partition(": ") for line in lines[1:])]
    headers = dict(pairs)
    assert len(headers) == len(pairs), "a header twice"
    return int(lines[0].split()[1]), headers


def _dechunk(data: bytes) -> tuple[bytes, bool, bytes]:
    body = b""
    while data:
        size, found, data = data.partition(b"\r\n")
        if not found:
            break
        if not int(size, 16):
            return body, True, data[2:]
        body, data = body + data[: int(size, 16)], data[int(size, 16) + 2 :]
    return body, False, b""
