"""A provider that fails everything for a while: it sees at most 1.1 times the calls, and gets its
traffic back within the pause of its breaker, without a burst.

`--drill-full`: a minute of failures at 200 calls/s.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.homes import make_home, provider
from gateway.http_client import call
from gateway.raw_upstream import Exchanged, raw_upstream, unary
from gateway.worker import Worker, worker
from penstock.rules.attempts.breaker_state import FIRST_PAUSE_S, LONGEST_PAUSE_S
from penstock.rules.attempts.retry_budget import BURST, SHARE
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget
from tests.ports import free_port

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900)]

WORKERS = 2
GOOD = unary(b'{"id":"c","model":"m","choices":[]}')
FAILURES = {
    "error": unary(b"{}", "500 No"),
    "overloaded": unary(b"{}", "503 No"),
    "rate-limited": unary(b"{}", "429 No", "retry-after: 3\r\n"),
    "flapping": unary(b"{}", "500 No"),  # one of four: its breaker stays closed
}
MESSAGE = {"role": "user", "content": "hello"}
BODY = json.dumps({"model": "only", "messages": [MESSAGE]}).encode()


@dataclass
class Storm:
    """A provider and its callers. Times are of the event loop."""

    failure: str
    rate: float
    failing: bool = False
    seen: list[float] = field(default_factory=list[float])
    sent: list[float] = field(default_factory=list[float])
    good: list[float] = field(default_factory=list[float])
    workers: list[Worker] = field(default_factory=list[Worker])

    async def script(self, _: Exchanged, writer: asyncio.StreamWriter) -> None:
        self.seen.append(_now())
        fails = self.failing and (self.failure != "flapping" or len(self.seen) % 4 == 0)
        writer.write(FAILURES[self.failure] if fails else GOOD)
        await writer.drain()

    async def pace(self) -> None:
        """Sends calls at the rate, to the workers in turn, until it is cancelled."""
        start = _now()
        async with asyncio.TaskGroup() as group:
            while True:
                if (early := start + len(self.sent) / self.rate - _now()) > 0:
                    await asyncio.sleep(early)
                self.sent.append(_now())
                group.create_task(self._call(len(self.sent) % WORKERS))

    async def _call(self, number: int) -> None:
        answer = await call(self.workers[number].url, BODY)
        if answer.status == 200:
            self.good.append(_now())

    async def is_back(self) -> float:
        """Returns when calls succeed again: one from each worker in turn, ten times."""
        since = _now()
        while len([at for at in self.good if at > since]) < 10 * WORKERS:
            await asyncio.sleep(0.05)
        return [at for at in self.good if at > since][-1]


def _now() -> float:
    return asyncio.get_running_loop().time()


def _between(times: list[float], start: float, end: float) -> int:
    return sum(start <= at < end for at in times)


@asynccontextmanager
async def storm(tmp_path: Path, failure: str, rate: float) -> AsyncGenerator[Storm]:
    one = Storm(failure, rate)
    route = RouteEntry("only", 1, (RouteTarget("p", "small"),))
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(raw_upstream(one.script))
        home = make_home(tmp_path / "home", [provider(upstream.url, "p")], routes=[route])
        for number in range(WORKERS):
            running = worker(home, worker=str(number), port=free_port())
            one.workers.append(await stack.enter_async_context(running))
        pacing = asyncio.ensure_future(one.pace())
        try:
            yield one
        finally:
            pacing.cancel()
            await asyncio.gather(pacing, return_exceptions=True)


@pytest.mark.parametrize("failure", FAILURES)
async def test_an_outage_is_not_multiplied_and_ends_without_a_burst(
    tmp_path: Path, failure: str, *, drill_full: bool
) -> None:
    rate, outage_s = (200.0, 60.0) if drill_full else (20.0, 6.0)
    async with storm(tmp_path, failure, rate) as at:
        await asyncio.sleep(2)
        began, at.failing = _now(), True
        await asyncio.sleep(outage_s)
        ended, at.failing = _now(), False
        allowed_s = min(2 * outage_s + FIRST_PAUSE_S, LONGEST_PAUSE_S)
        async with asyncio.timeout(allowed_s + 10):
            back = await at.is_back()
        await asyncio.sleep(2)
        over = _now()
    calls, seen = _between(at.sent, began, ended), _between(at.seen, began, ended)
    windows = [began + second for second in range(int(over - began) - 1)]
    most = max(_between(at.seen, start, start + 1) for start in windows)
    usual = max(_between(at.sent, start, start + 1) for start in windows)
    print(
        f"{failure}: {calls} calls, {seen} seen; back after {back - ended:.1f} s; {most} a second"
    )
    assert seen <= (1 + SHARE) * calls + WORKERS * BURST
    assert most <= 2 * usual + WORKERS * BURST
