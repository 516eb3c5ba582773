"""Callers with a ledger of their requests and of the answers that they received.

Raw sockets, because *answered* means that a program read the bytes, whatever a library reports.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_BROKEN = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError)


@dataclass
class Ledger:
    """Trace ids by outcome. `answered` maps to the HTTP status; `begun` received headers but no
    end; `streaming` are currently between their first delta and their end."""

    answered: dict[str, int] = field(default_factory=dict[str, int])
    begun: set[str] = field(default_factory=set[str])
    streaming: set[str] = field(default_factory=set[str])
    in_flight: int = 0
    most_in_flight: int = 0
    broken: int = 0
    statuses: Counter[int] = field(default_factory=Counter[int])
    rejections: list[bytes] = field(default_factory=list[bytes])
    retry_after: list[str] = field(
        default_factory=list[str]
    )  # of rejections; "": without the header

    @property
    def ok(self) -> set[str]:
        """Returns the calls with status 200."""
        return {trace for trace, status in self.answered.items() if status == 200}


@dataclass(frozen=True)
class Style:
    """The requests of the callers. Every second caller streams."""

    tokens: int = 15
    tokens_per_second: float = 10.0
    latency_ms: tuple[int, int] = (200, 1000)
    prompt_bytes: int = 200
    pause_s: float = 0.05


class Callers:
    """Callers that send one request after the other until they are stopped."""

    def __init__(self, port: int, key: str, ledger: Ledger, style: Style, seed: int) -> None:
        self._port = port
        self._key = key
        self._ledger = ledger
        self._style = style
        self._random = random.Random(seed)
        self._stopped = False

    @asynccontextmanager
    async def calling(self, count: int) -> AsyncIterator[None]:
        """Runs `count` callers during the block; then reads requests in progress to their end."""
        self._stopped = False
        tasks = [asyncio.create_task(self._call_on(stream=bool(n % 2))) for n in range(count)]
        try:
            yield
        finally:
            self._stopped = True
            await asyncio.gather(*tasks)

    async def _call_on(self, *, stream: bool) -> None:
        await asyncio.sleep(self._random.random())
        while not self._stopped:
            self._ledger.in_flight += 1
            self._ledger.most_in_flight = max(self._ledger.most_in_flight, self._ledger.in_flight)
            try:
                async with asyncio.timeout(60):
                    await self._call(stream=stream)
            except _BROKEN:
                self._ledger.broken += 1
                await asyncio.sleep(0.1)
            finally:
                self._ledger.in_flight -= 1
            await asyncio.sleep(self._style.pause_s)

    async def _call(self, *, stream: bool) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(self._request(stream=stream))
            await _Answer(reader, self._ledger).read()
        finally:
            writer.transport.abort()

    def _request(self, *, stream: bool) -> bytes:
        style = self._style
        prompt = self._random.choice("abcd") * style.prompt_bytes
        body = {
            "model": "sim/sim-small",
            "messages": [{"role": "user", "content": prompt}],
            "stream": stream,
            "metadata": {
                "x-sim-latency-ms": str(self._random.randint(*style.latency_ms)),
                "x-sim-tokens": str(style.tokens),
                "x-sim-tokens-per-second": str(style.tokens_per_second if stream else 0),
            },
        }
        data = json.dumps(body).encode()
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{self._port}\r\n"
            f"authorization: Bearer {self._key}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(data)}\r\n\r\n"
        )
        return head.encode() + data


class _Answer:
    """Reads one answer and records in the ledger how far it came."""

    def __init__(self, reader: asyncio.StreamReader, ledger: Ledger) -> None:
        self._reader = reader
        self._ledger = ledger

    async def read(self) -> None:
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower().decode("latin-1")
        status = int(head[9:12])
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        trace = headers["x-penstock-trace-id"]
        self._ledger.begun.add(trace)
        if "event-stream" in headers.get("content-type", ""):
            ended = await self._read_events(trace)
        else:
            ended = await self._read_body(headers, status)
        if ended:
            assert trace not in self._ledger.answered
            self._ledger.answered[trace] = status
            self._ledger.statuses[status] += 1
            self._ledger.begun.discard(trace)

    async def _read_events(self, trace: str) -> bool:
        """Returns whether the terminal event arrived; the call is then answered."""
        tail = b""
        try:
            async for piece in self._chunks():
                self._ledger.streaming.add(trace)
                tail = (tail + piece)[-64:]
                if tail.endswith(b"data: [DONE]\n\n"):
                    return True
        finally:
            self._ledger.streaming.discard(trace)
        return False

    async def _read_body(self, headers: dict[str, str], status: int) -> bool:
        if "content-length" in headers:
            body = await self._reader.readexactly(int(headers["content-length"]))
        else:
            body = b"".join([piece async for piece in self._chunks()])
        if status != 200:
            self._ledger.rejections.append(body)
            self._ledger.retry_after.append(headers.get("retry-after", ""))
        return True

    async def _chunks(self) -> AsyncIterator[bytes]:
        """Yields the pieces of a chunked body; ends without an error only at the last chunk."""
        while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
            yield (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readexactly(2)
