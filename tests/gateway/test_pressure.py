"""Overload and clients that do not read: other calls, health and memory are not affected."""

import asyncio
import time
from pathlib import Path

import pytest

from gateway.homes import make_home, provider
from gateway.http_client import call, connect, request
from gateway.raw_upstream import Exchanged, answers, raw_upstream, unary
from gateway.worker import Worker, worker
from penstock.rules.call import CallStatus

pytestmark = pytest.mark.drill

MIB = 1024 * 1024
LARGE = b'{"data":"%b"}' % (b"x" * 20 * MIB)
SMALL = unary(b'{"usage":{"prompt_tokens":1,"completion_tokens":1}}')


class Provider:
    """Answers `large` with 20 MB and other models with little; counts the bytes it could write."""

    def __init__(self) -> None:
        self.written = 0

    async def __call__(self, asked: Exchanged, writer: asyncio.StreamWriter) -> None:
        if b'"model":"large"' not in asked.body:
            writer.write(SMALL)
            return
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(LARGE))
        for at in range(0, len(LARGE), 65536):
            writer.write(LARGE[at : at + 65536])
            await writer.drain()
            self.written += 65536

    async def stuck(self) -> None:
        """Waits until nothing more can be written."""
        before = -1
        while before != self.written:
            before = self.written
            await asyncio.sleep(1)


async def _p99_ms(running: Worker, count: int) -> float:
    taken: list[float] = []
    for _ in range(count):
        started = time.perf_counter()
        assert (await call(running.url)).status == 200
        taken.append((time.perf_counter() - started) * 1000)
    return sorted(taken)[int(count * 0.99)]


async def test_200_clients_that_do_not_read_cost_little_memory_and_disturb_no_other_call(
    tmp_path: Path,
) -> None:
    large = Provider()
    async with raw_upstream(large) as upstream:
        home = make_home(tmp_path / "home", [provider(upstream.url)])
        async with worker(home) as running:
            calm = await _p99_ms(running, 200)
            before = running.memory_bytes()
            stuck = [await connect(running.url) for _ in range(200)]
            for reader, writer in stuck:
                reader._transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue] - reads nothing
                writer.write(request(b'{"model":"large"}'))
            await large.stuck()
            grown = running.memory_bytes() - before
            crowded = await _p99_ms(running, 200)
            for _, writer in stuck:
                writer.transport.abort()
            print(f"grown {grown / MIB:.1f} MiB, p99 {calm:.1f} -> {crowded:.1f} ms")
            assert grown <= 100 * MIB
            assert crowded < 1000, "nobody waits for the stuck ones"
            ends = await running.wait_for_ends(600)
            assert sum(end.status is CallStatus.CANCELLED for end in ends) == 200


async def test_at_overload_calls_get_retry_after_and_health_answers(
    tmp_path: Path,
) -> None:
    async with raw_upstream(answers(b"", unary(b"{}"), pause_s=1.5)) as upstream:
        home = make_home(tmp_path / "home", [provider(upstream.url)])
        async with worker(
            home, limits={"max_in_flight": 20, "project_share": 1.0, "key_share": 1.0}
        ) as running:
            calls = [asyncio.ensure_future(call(running.url)) for _ in range(60)]
            await asyncio.sleep(0.7)
            for path in ("/healthz", "/readyz", "/metrics"):
                started = time.monotonic()
                health = await call(running.url, b"", method="GET", path=path, key=None)
                assert (health.status, time.monotonic() - started < 5) == (200, True)
            found = await asyncio.gather(*calls)
            shed = [answer for answer in found if answer.status == 503]
            assert len(shed) == 40
            assert {answer.headers["retry-after"] for answer in shed} == {"1"}
            assert {answer.error["code"] for answer in shed} == {"overloaded"}
            assert len(await running.wait_for_ends(60)) == 60
