"""A provider on a plain socket: it writes the bytes that a test gives it, in the pieces and at the
pace the test says. Shares no code with Penstock's parsers or its simulator.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Script = Callable[["Exchanged", asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Exchanged:
    """One request as received, and the time at which its client disconnected."""

    head: bytes
    body: bytes
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class RawUpstream:
    """`script` answers each request; `seen` has the requests so far."""

    script: Script
    port: int = 0
    seen: list[Exchanged] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while (request := await _read_request(reader)) is not None:
                self.seen.append(request)
                answering = asyncio.ensure_future(self.script(request, writer))
                watching = asyncio.ensure_future(_watch(reader, request))
                try:
                    await answering
                finally:
                    watching.cancel()
                    await asyncio.gather(watching, return_exceptions=True)
                if writer.is_closing():
                    return
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def raw_upstream(script: Script) -> AsyncIterator[RawUpstream]:
    """Listens on a free port of this machine."""
    upstream = RawUpstream(script)
    server = await asyncio.start_server(upstream.connected, "127.0.0.1", 0)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()
        server.close_clients() if hasattr(server, "close_clients") else None


def unary(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    """A whole answer with its length."""
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; `b""` is the last one."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def answers(*pieces: bytes, pause_s: float = 0.0, close: bool = False) -> Script:
    """Writes the pieces one by one. `close` then closes the connection, but not after a whole
    answer: the next request would be written to a connection that is about to end."""
    close = close and not _is_whole(b"".join(pieces))

    async def script(_: Exchanged, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)
        if close:
            writer.close()

    return script


def _is_whole(answer: bytes) -> bool:
    """Whether the end of the answer does not depend on the end of the connection."""
    head, _, body = answer.lower().partition(b"\r\n\r\n")
    if b"\r\ntransfer-encoding: chunked" in head:
        return body.endswith(b"0\r\n\r\n")
    _, found, length = head.partition(b"\r\ncontent-length: ")
    return bool(found) and len(body) >= int(length.split(b"\r\n")[0])


async def _read_request(reader: asyncio.StreamReader) -> Exchanged | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return Exchanged(head, await reader.readexactly(length))


async def _watch(reader: asyncio.StreamReader, request: Exchanged) -> None:
    """Notices the end of the connection while the answer is being written."""
    while not reader.at_eof():
        if reader.exception() is not None:
            break
        await asyncio.sleep(0.01)
    request.hung_up.set()
