"""Workers of one home: what one learns of a target, the others know."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.homes import make_home, provider
from gateway.http_client import Answer, call
from gateway.raw_upstream import RawUpstream, Script, answers, raw_upstream, unary
from gateway.worker import Worker, worker
from penstock.rules.attempts.breaker import FAILURES_IN_A_ROW
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget
from tests.ports import free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")

WHOLE = unary(b'{"id":"c","model":"m","choices":[]}')
BROKEN = unary(b"{}", "500 No")
LIMITED = unary(b"{}", "429 Slow\r\nRetry-After: 60")
ROUTE = RouteEntry("only", 1, (RouteTarget("p", "small"),), max_attempts=1)


@dataclass
class Pair:
    """Two workers of one home, each at a port of its own, with a route to one provider."""

    upstream: RawUpstream
    workers: Sequence[Worker]

    async def ask(self, number: int) -> Answer:
        message = {"role": "user", "content": "hello"}
        body = json.dumps({"model": "only", "messages": [message]}).encode()
        return await call(self.workers[number].url, body)

    async def open_breaker(self) -> None:
        for _ in range(FAILURES_IN_A_ROW):
            assert (await self.ask(0)).status == 502

    async def answered(self, number: int) -> Answer:
        """Asks again while the worker has no target that admits calls."""
        async with asyncio.timeout(60):
            while (answer := await self.ask(number)).status == 503:
                await asyncio.sleep(0.02)
        return answer


@asynccontextmanager
async def pair(tmp_path: Path, script: Script) -> AsyncGenerator[Pair]:
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(raw_upstream(script))
        home = make_home(tmp_path / "home", [provider(upstream.url, "p")], routes=[ROUTE])
        workers = [
            await stack.enter_async_context(worker(home, worker=str(number), port=free_port()))
            for number in range(2)
        ]
        yield Pair(upstream, workers)


async def test_an_outage_that_one_worker_met_is_known_to_the_other(tmp_path: Path) -> None:
    async with pair(tmp_path, answers(BROKEN)) as both:
        await both.open_breaker()
        refused = await both.ask(1)
        assert (refused.status, json.loads(refused.body)["error"]["code"]) == (
            503,
            "route_unavailable",
        )
        assert len(both.upstream.seen) == FAILURES_IN_A_ROW


async def test_a_pause_that_a_provider_asked_one_worker_for_holds_for_the_other(
    tmp_path: Path,
) -> None:
    async with pair(tmp_path, answers(LIMITED)) as both:
        assert (await both.ask(0)).status == 503
        refused = await both.ask(1)
        assert (refused.status, json.loads(refused.body)["error"]["code"]) == (
            429,
            "route_unavailable",
        )
        assert len(both.upstream.seen) == 1


async def test_one_call_of_all_workers_tries_a_target_that_was_out(tmp_path: Path) -> None:
    gate = asyncio.Event()
    failures = FAILURES_IN_A_ROW

    async def script(_: object, writer: asyncio.StreamWriter) -> None:
        nonlocal failures
        failures -= 1
        if failures < 0:
            await gate.wait()
        writer.write(BROKEN if failures >= 0 else WHOLE)
        await writer.drain()
        writer.close()

    async with pair(tmp_path, script) as both:
        await both.open_breaker()
        first = asyncio.create_task(both.answered(1))
        async with asyncio.timeout(60):
            while len(both.upstream.seen) == FAILURES_IN_A_ROW:
                await asyncio.sleep(0.01)
        others = await asyncio.gather(*(both.ask(at % 2) for at in range(20)))
        assert {one.status for one in others} == {503}
        assert len(both.upstream.seen) == FAILURES_IN_A_ROW + 1
        gate.set()
        assert (await first).status == 200
        for number in (0, 1, 0, 1):
            assert (await both.answered(number)).status == 200
        assert len(both.upstream.seen) == FAILURES_IN_A_ROW + 5
