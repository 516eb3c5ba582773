"""The budget law: workers of one or two machines, many callers, one cap. Calls are cancelled,
translated, streamed, fail over and fail; a worker is killed, or Redis. What is settled is at most
the cap and the named excess, and at least the cap without the dearest request; what a killed worker
reserved is settled.
"""

import asyncio
import contextlib
import random
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from drills.budget_world import DEAREST_NANO, PAIR, Callers, Provider, budget, prices
from drills.counting import FileCounting, RedisCounting
from gateway.homes import make_home, provider
from gateway.raw_upstream import raw_upstream
from gateway.worker import Worker, worker
from penstock.infra.redis.leases import LEASE_S
from penstock.rules.claims import CounterState
from penstock.rules.limits.documents import LimitEntry
from penstock.rules.snapshot.providers import ProviderEntry
from tests.ports import free_port
from tests.redis_server import KEEPS_ALL, redis_server

Counting = FileCounting | RedisCounting
pytestmark = pytest.mark.drill


def providers(url: str) -> list[ProviderEntry]:
    names = ("up", "backup", "free")
    return [provider(url, name, models=("small",) if name == "up" else ()) for name in names]


async def killed_in_the_middle(victim: Worker, after_s: float) -> None:
    await asyncio.sleep(after_s)
    victim.process.send_signal(signal.SIGKILL)


async def settled_state(counting: Counting, limit: LimitEntry) -> CounterState:
    """Waits until nothing is reserved any more: calls have ended, ended workers are recovered."""
    async with asyncio.timeout(30 + LEASE_S):
        while (state := counting.state(limit)).held:
            await asyncio.sleep(0.05)
    return state


@pytest.fixture
def seeds(drill_seed: int, request: pytest.FixtureRequest, *, drill_full: bool) -> range:
    """At full size 50 seeds, or the one that was given."""
    one = not drill_full or request.config.getoption("--drill-seed") is not None
    return range(drill_seed, drill_seed + (1 if one else 50))


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("above", [0.0, 0.1], ids=["honest", "above its limit"])
async def test_a_budget_is_never_overspent(
    tmp_path: Path, seeds: range, above: float, *, drill_full: bool
) -> None:
    size = (4, 200, 20) if drill_full else (2, 24, 16)
    for seed in seeds:
        attack = Attack(FileCounting(tmp_path / str(seed)), seed, above)
        await attack.run(*size)


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("above", [0.0, 0.1], ids=["honest", "above its limit"])
async def test_two_machines_never_overspend_a_budget_on_redis(
    tmp_path: Path, seeds: range, above: float, *, drill_full: bool
) -> None:
    size = (2, 200, 20) if drill_full else (2, 24, 16)
    for seed in seeds:
        with redis_server(*KEEPS_ALL) as server:
            attack = Attack(RedisCounting(tmp_path / str(seed), server), seed, above)
            await attack.run(*size)


@pytest.mark.timeout(7200)
async def test_a_redis_that_is_stopped_and_killed_under_load_hangs_no_call_and_loses_no_count(
    tmp_path: Path, seeds: range, *, drill_full: bool
) -> None:
    size = (2, 200, 20) if drill_full else (1, 24, 40)
    for seed in seeds:
        with redis_server(*KEEPS_ALL) as server:
            counting = RedisCounting(tmp_path / str(seed), server)
            attack = Attack(counting, seed, 0.0, counting)
            await attack.run(*size)
            print(f"{counting.outages} outages")
            assert attack.statuses.get(503, 0), attack.statuses
            assert not attack.statuses.get(0, 0), attack.statuses  # every call was answered


class Attack:
    """`disturbed` is stopped and killed beside the calls; without it a worker is killed."""

    def __init__(
        self,
        counting: Counting,
        seed: int,
        above: float,
        disturbed: RedisCounting | None = None,
    ) -> None:
        print(f"--drill-seed {seed}")
        self.statuses: dict[int, int] = {}
        self._counting = counting
        self._rng = random.Random(seed)
        self._above = above
        self._disturbed = disturbed

    async def run(self, workers: int, callers: int, calls: int) -> None:
        """Uses the budget up with `workers` on each machine."""
        cap_nano = DEAREST_NANO * callers * calls // 16
        limit = budget(cap_nano)
        answering = Provider(random.Random(self._rng.random()), self._above)
        async with raw_upstream(answering) as upstream, AsyncExitStack() as stack:
            running = await self._started(stack, upstream.url, limit, workers)
            asking = Callers(
                [each.url for each in running], random.Random(self._rng.random()), self.statuses
            )
            await self._call(asking, running[-1], callers, calls)
            await settled_state(self._counting, limit)
            await self._use_up(asking, limit)
            state = await settled_state(self._counting, limit)
        print(f"cap {cap_nano}, {state}, {answering.kinds}, {asking.statuses}")
        assert asking.rejected, asking.statuses
        assert state.used <= cap_nano + state.excess, (state, answering.kinds)
        assert state.used >= cap_nano - DEAREST_NANO, (state, answering.kinds)
        assert asking.statuses.get(500, 0) == 0, asking.statuses
        if self._above:
            assert state.excess

    async def _started(
        self, stack: AsyncExitStack, provider_url: str, limit: LimitEntry, workers: int
    ) -> list[Worker]:
        running: list[Worker] = []
        for home in self._counting.homes:
            make_home(home, providers(provider_url), prices=prices(), routes=[PAIR], limits=[limit])
            port = free_port()
            for number in range(workers):
                config = self._counting.config | {"port": port, "worker": str(number)}
                running.append(await stack.enter_async_context(worker(home, **config)))
        return running

    async def _call(self, asking: Callers, victim: Worker, callers: int, calls: int) -> None:
        if self._disturbed is None:
            after_s = 0.1 + self._rng.random() / 2
            killing = asyncio.create_task(killed_in_the_middle(victim, after_s))
            await asking.run(callers, calls)
            await killing
            return
        disturbing = asyncio.create_task(self._disturbed.disturb(self._rng))
        while self._disturbed.outages < 4 and not disturbing.done():
            await asking.run(callers, calls // 4)
        disturbing.cancel()
        await asyncio.gather(disturbing, return_exceptions=True)

    async def _use_up(self, asking: Callers, limit: LimitEntry) -> None:
        """Sends calls until the budget rejects some while nothing else is reserved."""
        for _ in range(200):
            before = asking.rejected
            await asking.run(8, 4)
            with contextlib.suppress(TimeoutError):
                await settled_state(self._counting, limit)
            if asking.rejected - before >= 16:
                return
