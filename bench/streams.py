"""The client of the paced streams: checks that each is complete and in order; measures latency.

`python -m bench.streams HOST PORT PATH TOKEN BODY_FILE COUNT` prints one line of JSON. It is a
separate process so that it can be pinned to another core than the gateway.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Final, Self, cast

import httptools
import msgspec
import uvloop

from bench.figures import percentile
from bench.workloads import Streams

_PATIENCE_S: Final = 60.0


class _Delta(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    delta: _Delta
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] = []


class StreamLoad(msgspec.Struct, frozen=True):
    """One wave of streams. `clean`: each delta once and in order, finish reason, `[DONE]`, end of
    the body. `way`: the latency of a delta from the provider to this client. `jitter`: the
    deviation of the gap between two deltas from the pace."""

    started: int
    clean: int
    first_delta_p50_us: int
    first_delta_p99_us: int
    way_p50_us: int
    way_p99_us: int
    jitter_p99_us: int
    first_fault: str = ""

    @classmethod
    def of(cls, readers: list["StreamReader"], pace_s: float) -> Self:
        """Aggregates the readers of a wave."""
        faults = [reader.fault for reader in readers if reader.fault]
        ways = [way for reader in readers for way in reader.ways_us]
        firsts = [reader.first_us for reader in readers if reader.ways_us]
        jitters = [jitter for reader in readers for jitter in reader.jitters_us(pace_s * 1e6)]
        return cls(
            started=len(readers),
            clean=len(readers) - len(faults),
            first_delta_p50_us=percentile(firsts, 50),
            first_delta_p99_us=percentile(firsts, 99),
            way_p50_us=percentile(ways, 50),
            way_p99_us=percentile(ways, 99),
            jitter_p99_us=percentile(jitters, 99),
            first_fault=faults[0] if faults else "",
        )


class StreamReader(asyncio.Protocol):
    """Reads and checks one stream on one connection."""

    def __init__(self, request: bytes, delta_count: int, ended: asyncio.Future[None]) -> None:
        self._request, self._delta_count, self._ended = request, delta_count, ended
        self._parser = httptools.HttpResponseParser(self)
        self._rest = b""
        self._finished = self._done = False
        self._sent_ns = 0
        self._arrivals_ns: list[int] = []
        self.ways_us: list[int] = []
        self.fault = ""

    @property
    def first_us(self) -> int:
        """The time from the request to the first delta."""
        return (self._arrivals_ns[0] - self._sent_ns) // 1000

    def jitters_us(self, pace_us: float) -> list[int]:
        """The deviation of each gap from the pace."""
        pairs = zip(self._arrivals_ns, self._arrivals_ns[1:], strict=False)
        return [round(abs((later - earlier) / 1000 - pace_us)) for earlier, later in pairs]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Sends the request."""
        self._sent_ns = time.monotonic_ns()
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        """Feeds the parser. An error ends the stream with its reason."""
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, msgspec.DecodeError, ValueError) as error:
            self._end(f"unreadable: {error}")

    def on_headers_complete(self) -> None:
        """Ends the stream unless the status is 200."""
        status = self._parser.get_status_code()
        if status != 200:
            self._end(f"HTTP {status}")

    def on_body(self, data: bytes) -> None:
        """Splits the data into events."""
        *events, self._rest = (self._rest + data).split(b"\n\n")
        for event in events:
            for line in event.split(b"\n"):
                if line.startswith(b"data:"):
                    self._take(line[5:].strip())

    def on_message_complete(self) -> None:
        """Checks at the end of the body that everything has arrived."""
        missing = self._delta_count - len(self._arrivals_ns)
        if missing or not self._finished or not self._done:
            self._end(f"incomplete: {missing} deltas, finish {self._finished}, done {self._done}")
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Records a fault if the body has not ended."""
        self._end(f"cut off: {exc}")

    def _take(self, data: bytes) -> None:
        if data == b"[DONE]":
            self._done = True
            return
        for choice in msgspec.json.decode(data, type=_Chunk).choices:
            self._finished = self._finished or choice.finish_reason is not None
            if choice.delta.content:
                self._take_delta(choice.delta.content)

    def _take_delta(self, content: str) -> None:
        number, _, sent_ns = content.strip().partition(":")
        if int(number) != len(self._arrivals_ns):
            self._end(f"out of order: {number} after {len(self._arrivals_ns) - 1}")
        now = time.monotonic_ns()
        self._arrivals_ns.append(now)
        self.ways_us.append((now - int(sent_ns)) // 1000)

    def _end(self, fault: str = "") -> None:
        if not self._ended.done():
            self.fault = fault
            self._ended.set_result(None)


async def run(host: str, port: int, request: bytes, streams: Streams) -> StreamLoad:
    """Runs one wave; starts the streams evenly over the ramp."""
    loop = asyncio.get_running_loop()
    start, step_s = loop.time(), streams.ramp_s / streams.count

    async def one(number: int) -> StreamReader:
        await asyncio.sleep(start + number * step_s - loop.time())
        ended = loop.create_future()
        reader = StreamReader(request, streams.delta_count, ended)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                transport, _ = await loop.create_connection(lambda: reader, host, port)
                await ended
                transport.close()
        except (TimeoutError, OSError) as error:
            reader.fault = f"{type(error).__name__}: {error}"
        return reader

    readers = await asyncio.gather(*(one(number) for number in range(streams.count)))
    return StreamLoad.of(readers, streams.pace_s)


def request_bytes(host: str, port: int, path: str, token: str, body: bytes) -> bytes:
    """Returns the bytes of the request."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {token}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def main(argv: list[str]) -> None:
    """Runs one wave and prints it."""
    host, port, path, token, body_file, count = argv
    request = request_bytes(host, int(port), path, token, Path(body_file).read_bytes())
    load = uvloop.run(run(host, int(port), request, Streams(int(count))))
    sys.stdout.write(msgspec.json.encode(load).decode() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
