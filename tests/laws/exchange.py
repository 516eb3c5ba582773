"""Client and provider of a call as plain sockets. The client follows its script; the provider finds
its script by the trace id."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from tests.connections import hang_up
from tests.laws.callers import CallerScript
from tests.laws.providers import GOOD, ProviderScript

PATIENCE_S: Final = 30.0
"""A client that waits longer for its answer is a violation."""

_TRACE: Final = re.compile(rb"\ntraceparent: 00-([0-9a-f]{32})-")
_LENGTH: Final = re.compile(rb"\ncontent-length: (\d+)")
_STREAM_WANTED: Final = re.compile(rb'"stream"\s*:\s*true')
_BROKEN: Final = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)


@dataclass
class Answer:
    """The answer that a client received. Status 0: the connection ended without an answer.
    `whole`: the body is complete by its framing. `silent`: no answer and no end within
    PATIENCE_S."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    whole: bool = False
    silent: bool = False
    seconds: float = 0.0


async def follow(script: CallerScript, port: int, key: str, trace: str) -> Answer:
    """Runs the client script and returns the answer."""
    begun = asyncio.get_running_loop().time()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 26)
    try:
        with suppress(*_BROKEN):
            for piece in script.wire(key, trace):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(script.pause_s)
            if script.ending == "half_close":
                writer.write_eof()
        answer = await _read(reader) if script.waits else Answer()
    finally:
        _close(writer, abort=script.ending == "abort")
    answer.seconds = asyncio.get_running_loop().time() - begun
    return answer


async def _read(reader: asyncio.StreamReader) -> Answer:
    """Reads the final answer, after the interim ones."""
    data = b""
    silent = False
    try:
        async with asyncio.timeout(PATIENCE_S):
            while piece := await reader.read(1 << 20):
                data += piece
                if (answer := _parse(data)).whole and "content-length" in answer.headers:
                    return answer
    except TimeoutError:
        silent = True
    except OSError:
        pass
    answer = _parse(data, ended=not silent)
    answer.silent = silent
    return answer


def _parse(data: bytes, *, ended: bool = False) -> Answer:
    head, found, rest = data.partition(b"\r\n\r\n")
    if not found or not head.startswith(b"HTTP/1."):
        return Answer(body=data)
    lines = head.decode("latin-1").split("\r\n")
    status = int(lines[0][9:12])
    if 100 <= status < 200:
        return _parse(rest, ended=ended)
    pairs = (line.partition(":") for line in lines[1:])
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    if "transfer-encoding" in headers:
        body, whole = _dechunked(rest)
    elif "content-length" in headers:
        size = int(headers["content-length"])
        body, whole = rest[:size], len(rest) >= size
    else:
        body, whole = rest, ended
    return Answer(status, headers, body, whole)


def _dechunked(data: bytes) -> tuple[bytes, bool]:
    pieces: list[bytes] = []
    at = 0
    while (end := data.find(b"\r\n", at)) >= 0:
        size = int(data[at:end], 16)
        if not size:
            return b"".join(pieces), True
        pieces.append(data[end + 2 : end + 2 + size])
        at = end + 4 + size
    return b"".join(pieces), False


def _close(writer: asyncio.StreamWriter, *, abort: bool) -> None:
    if abort:
        with suppress(OSError):
            hang_up(writer)
    writer.close()


@dataclass
class Provider:
    """Answers each request by the script of its trace id, or else with a valid answer. `requests`
    counts the requests of each trace."""

    scripts: dict[str, ProviderScript] = field(default_factory=dict[str, ProviderScript])
    requests: Counter[str] = field(default_factory=Counter[str])
    port: int = 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._serve(reader, writer):
                pass
        except (*_BROKEN, asyncio.CancelledError):
            pass  # the end of the test cancels waiting connections
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answers one request. Returns True if the connection stays open."""
        head = await reader.readuntil(b"\r\n\r\n")
        trace, length = _TRACE.search(head), _LENGTH.search(head)
        named = trace[1].decode() if trace else ""
        self.requests[named] += 1
        script = self.scripts.get(named)
        size = int(length[1]) if length else 0
        body = await reader.readexactly(size) if script is None or not script.early else b""
        script = script or GOOD[bool(_STREAM_WANTED.search(body))]
        for piece in script.pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(script.pause_s)
        if script.early and size and script.ending == "keep":
            await reader.readexactly(size)
        return await _end(script.ending, writer)


async def _end(ending: str, writer: asyncio.StreamWriter) -> bool:
    match ending:
        case "keep":
            return True
        case "half_close":
            writer.write_eof()
            await asyncio.sleep(0.2)
        case "hang":
            await asyncio.sleep(0.5)
            _close(writer, abort=True)
        case _:
            _close(writer, abort=ending == "abort")
    return False


@asynccontextmanager
async def running_provider(provider: Provider) -> AsyncIterator[Provider]:
    """Runs the provider on a free loopback port."""
    server = await asyncio.start_server(
        provider.connected, "127.0.0.1", provider.port, limit=1 << 26
    )
    provider.port = server.sockets[0].getsockname()[1]
    try:
        yield provider
    finally:
        server.close()
