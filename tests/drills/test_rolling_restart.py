"""A rolling restart under load: no call fails, and no stream is cut.

`--drill-full`: 200 calls/s over kept connections and new ones, and 64 open streams.
"""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from drills.installation import Home, Supervised
from tests.ports import free_port

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]

WORKERS = 2


@dataclass(frozen=True)
class Load:
    """`rate`: calls per second, each second one over a new connection."""

    rate: float
    streams: int
    restarts: int


SMALL, FULL = Load(rate=30, streams=16, restarts=1), Load(rate=200, streams=64, restarts=3)


@dataclass
class Outcome:
    """What callers saw: `good` calls and streams, and what was wrong with the others."""

    good: Counter[str] = field(default_factory=Counter[str])
    wrong: list[str] = field(default_factory=list[str])
    lag_s: float = 0.0  # of the pace


class Caller:
    """Sends calls over kept connections and new ones, as usual clients do: it looks whether the
    server has closed a connection before it uses it again."""

    def __init__(self, port: int, key: str, outcome: Outcome) -> None:
        self._port = port
        self._key = key
        self._outcome = outcome
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def call(self, *, reuse: bool) -> None:
        """One whole call."""
        try:
            async with asyncio.timeout(60):
                reader, writer = await self._connection(reuse=reuse)
                writer.write(self._request(tokens=5, pace=0))
                head = await _head(reader)
                size = int(head["content-length"])
                document = json.loads(await reader.readexactly(size))
                assert document["choices"][0]["message"]["content"]
                self._give_back(reader, writer, keep=reuse and head.get("connection") != "close")
            self._outcome.good["call"] += 1
        except Exception as error:  # noqa: BLE001 - whatever a caller sees counts
            self._outcome.wrong.append(f"call: {error!r}")

    async def stream(self) -> None:
        """One stream of about four seconds, to its terminal event."""
        try:
            async with asyncio.timeout(120):
                reader, writer = await self._connection(reuse=True)
                writer.write(self._request(tokens=40, pace=10))
                head = await _head(reader)
                events = b""
                while size := int(await reader.readline(), 16):
                    events += (await reader.readexactly(size + 2))[:-2]
                await reader.readline()
                assert events.endswith(b"data: [DONE]\n\n"), events[-200:]
                assert b'"error"' not in events, events[-200:]
                self._give_back(reader, writer, keep=head.get("connection") != "close")
            self._outcome.good["stream"] += 1
        except Exception as error:  # noqa: BLE001 - whatever a caller sees counts
            self._outcome.wrong.append(f"stream: {error!r}")

    def close(self) -> None:
        for _, writer in self._idle:
            writer.transport.abort()

    async def _connection(
        self, *, reuse: bool
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while reuse and self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.transport.abort()
        return await asyncio.open_connection("127.0.0.1", self._port)

    def _give_back(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, keep: bool
    ) -> None:
        if keep:
            self._idle.append((reader, writer))
        else:
            writer.transport.abort()

    def _request(self, *, tokens: int, pace: int) -> bytes:
        body = {
            "model": "sim/sim-small",
            "messages": [{"role": "user", "content": "hello"}],
            "stream": pace > 0,
            "metadata": {
                "x-sim-latency-ms": "20",
                "x-sim-tokens": str(tokens),
                "x-sim-tokens-per-second": str(pace),
            },
        }
        data = json.dumps(body).encode()
        return (
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{self._port}\r\n"
            f"authorization: Bearer {self._key}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(data)}\r\n\r\n"
        ).encode() + data


async def _head(reader: asyncio.StreamReader) -> dict[str, str]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
    assert lines[0].split(" ")[1] == "200", lines[0]
    return dict(line.split(": ", 1) for line in lines[1:] if line)


@asynccontextmanager
async def under_load(caller: Caller, load: Load, outcome: Outcome) -> AsyncGenerator[None]:
    """Keeps the load up during the block, and then lets what has begun end."""
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(_pace(group, caller, load.rate, outcome, over.is_set))
        for _ in range(load.streams):
            group.create_task(_stream_on(caller, over.is_set))
        try:
            yield
        finally:
            over.set()


async def _stream_on(caller: Caller, is_over: Callable[[], bool]) -> None:
    while not is_over():
        await caller.stream()


async def _pace(
    group: asyncio.TaskGroup,
    caller: Caller,
    rate: float,
    outcome: Outcome,
    is_over: Callable[[], bool],
) -> None:
    loop = asyncio.get_running_loop()
    start, sent = loop.time(), 0
    while not is_over():
        behind = loop.time() - start - sent / rate
        outcome.lag_s = max(outcome.lag_s, behind)
        if behind < 0:
            await asyncio.sleep(-behind)
        sent += 1
        group.create_task(caller.call(reuse=sent % 2 == 0))


async def test_a_rolling_restart_fails_no_call_and_cuts_no_stream(
    tmp_path: Path, *, drill_full: bool
) -> None:
    load = FULL if drill_full else SMALL
    home = Home(tmp_path / "home", free_port(), free_port())
    ports = ["--gateway-port", str(home.gateway_port), "--server-port", str(home.server_port)]
    workers = ["--demo", "--workers", str(WORKERS)]
    up = Supervised(tmp_path, ["up", "--home", str(home.path), *workers, *ports])
    up.start()
    try:
        await home.ready()
        outcome, seen = Outcome(), set(up.pids("gateway"))
        caller = Caller(home.gateway_port, home.api_key, outcome)
        async with under_load(caller, load, outcome):
            await asyncio.sleep(2)
            for _ in range(load.restarts):
                old = set(up.pids("gateway"))
                done = await asyncio.to_thread(_restart, home.path)
                assert done.returncode == 0, done.stderr
                await _ended(up, old)
                seen |= set(up.pids("gateway"))
            await asyncio.sleep(1)
        caller.close()
        print(f"{dict(outcome.good)} good, {len(outcome.wrong)} wrong, pace {outcome.lag_s:.2f} s")
        assert outcome.wrong == []
        assert min(outcome.good["call"], outcome.good["stream"]) > load.streams
        assert len(seen) == WORKERS * (load.restarts + 1)
        assert home.gauges("spool_interrupted_calls") == 0
        assert "restarting it" not in up.log()
    finally:
        up.stop()


def _restart(home: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from penstock.entrypoints.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "restart", "--home", str(home)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


async def _ended(up: Supervised, old: set[int]) -> None:
    async with asyncio.timeout(120):
        while old & set(up.pids("gateway")):
            await asyncio.sleep(0.1)
