"""A real HTTP server with media, and with what hostile ones answer. The path says what it does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)
PDF = b"%PDF-1.4 a document"
LARGE = 11 * 1024 * 1024


@dataclass
class MediaServer:
    """`asked` has the paths so far."""

    port: int = 0
    asked: list[str] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split()[1].decode()[1:]
            self.asked.append(path)
            await self._answer(path, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, path: str, writer: asyncio.StreamWriter) -> None:
        name, _, rest = path.partition("/")
        match name:
            case "slow":
                writer.write(_head(200, "image/png", len(PNG)) + PNG[:10])
                await writer.drain()
                await asyncio.sleep(60)
            case "endless":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n" + PNG)
                while True:
                    writer.write(bytes(65536))
                    await writer.drain()
            case "large":
                writer.write(_head(200, "image/png", LARGE))
                await writer.drain()
            case "big":
                body = PNG + bytes(8 * 1024 * 1024)
                writer.write(_head(200, "image/png", len(body)) + body)
                await writer.drain()
            case "to":
                writer.write(b"HTTP/1.1 302 Found\r\nlocation: %b\r\n\r\n" % rest.encode())
            case "loop":
                writer.write(b"HTTP/1.1 302 Found\r\nlocation: /loop\r\n\r\n")
            case _:
                status, media_type, body = _FILES.get(name, (404, "text/html", b"<h1>No</h1>"))
                writer.write(_head(status, media_type, len(body)) + body)
                await writer.drain()


_FILES: dict[str, tuple[int, str, bytes]] = {
    "png": (200, "image/png", PNG),
    "unlabelled": (200, "application/octet-stream", PNG),
    "lie": (200, "image/png", b"<html>not an image</html>"),
    "pdf": (200, "application/pdf", PDF),
    "text": (200, "text/plain; charset=utf-8", "Grüße".encode()),
    "teapot": (418, "image/png", PNG),
}


def _head(status: int, media_type: str, size: int) -> bytes:
    lines = (f"HTTP/1.1 {status} x", f"content-type: {media_type}", f"content-length: {size}")
    return "\r\n".join((*lines, "connection: close", "", "")).encode()


@asynccontextmanager
async def media_server() -> AsyncIterator[MediaServer]:
    """Listens on a free port of this machine."""
    served = MediaServer()
    running: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(served.serve(reader, writer))
        running.add(task)
        task.add_done_callback(running.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
