"""The budget law: workers of one or two machines, many callers, one cap. Calls are cancelled,
translated, streamed, fail over and fail; a worker is killed, or Redis. What is settled is at most
the cap and the named excess, and at least the cap without the dearest request; what a killed worker
reserved is settled.
"""

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from drills.budget_world import DEAREST_NANO, PAIR, Callers, Provider, budget, prices
from drills.counting import FileCounting, RedisCounting
from gateway.homes import make_home, provider
from gateway.raw_upstream import raw_upstream
from gateway.worker import Worker, worker
from penstock.infra.redis.leases import LEASE_S
from penstock.rules.call import CallEnd
from penstock.rules.claims import CounterState
from penstock.rules.limits.documents import LimitEntry
from penstock.rules.limits.index import nano_usd
from penstock.rules.snapshot.providers import ProviderEntry
from tests.ports import free_port
from tests.redis_server import KEEPS_ALL, redis_server

Counting = FileCounting | RedisCounting
pytestmark = pytest.mark.drill
SLOW_S = 5.0  # what a busy machine may add to a lease


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


@dataclass(frozen=True)
class Outcome:
    """How an attack ended. `settled_s`: from the kill of a worker until all it had reserved was
    settled; 0 if that was not measured. `named_count`: calls that are named as the excess."""

    seed: int
    cap_nano: int
    state: CounterState
    settled_s: float
    named_count: int

    def __str__(self) -> str:
        used, excess = self.state.used, self.state.excess
        return (
            f"seed {self.seed}: used {used} of {self.cap_nano} nano-USD, excess {excess} by "
            f"{self.named_count} calls, {self.settled_s:.1f} s from a kill to the last settlement"
        )


def print_extremes(outcomes: Sequence[Outcome], lease_s: float) -> None:
    """Prints one line about all seeds. What is above the cap is below 0."""
    left = [each.cap_nano - (each.state.used - each.state.excess) for each in outcomes]
    excess = [each.state.excess for each in outcomes]
    print(
        f"{len(outcomes)} seeds: cap - (used - excess) from {min(left)} to {max(left)} nano-USD, "
        f"excess {min(excess)} to {max(excess)}, dearest request {DEAREST_NANO}; settled at most "
        f"{max(each.settled_s for each in outcomes):.1f} s after a kill, lease {lease_s:g} s"
    )


@pytest.fixture
def seeds(drill_seed: int, request: pytest.FixtureRequest, *, drill_full: bool) -> range:
    """As many as `--drill-seeds` says; otherwise 50 at full size, unless one was given."""
    one = not drill_full or request.config.getoption("--drill-seed") is not None
    count = request.config.getoption("--drill-seeds") or (1 if one else 50)
    return range(drill_seed, drill_seed + count)


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("above", [0.0, 0.1], ids=["honest", "above its limit"])
async def test_a_budget_is_never_overspent(
    tmp_path: Path, seeds: range, above: float, *, drill_full: bool
) -> None:
    size = (4, 200, 20) if drill_full else (2, 24, 16)
    outcomes: list[Outcome] = []
    for seed in seeds:
        attack = Attack(FileCounting(tmp_path / str(seed)), seed, above)
        outcomes.append(await attack.run(*size, kills_first=drill_full))
    print_extremes(outcomes, FileCounting.lease_s)


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("above", [0.0, 0.1], ids=["honest", "above its limit"])
async def test_two_machines_never_overspend_a_budget_on_redis(
    tmp_path: Path, seeds: range, above: float, *, drill_full: bool
) -> None:
    size = (2, 200, 20) if drill_full else (2, 24, 16)
    outcomes: list[Outcome] = []
    for seed in seeds:
        with redis_server(*KEEPS_ALL) as server:
            attack = Attack(RedisCounting(tmp_path / str(seed), server), seed, above)
            outcomes.append(await attack.run(*size, kills_first=drill_full))
    print_extremes(outcomes, RedisCounting.lease_s)


@pytest.mark.timeout(7200)
async def test_a_redis_that_is_stopped_and_killed_under_load_hangs_no_call_and_loses_no_count(
    tmp_path: Path, seeds: range, *, drill_full: bool
) -> None:
    size = (2, 200, 20) if drill_full else (1, 24, 40)
    outcomes: list[Outcome] = []
    for seed in seeds:
        with redis_server(*KEEPS_ALL) as server:
            counting = RedisCounting(tmp_path / str(seed), server)
            attack = Attack(counting, seed, 0.0, counting)
            outcomes.append(await attack.run(*size))
            assert attack.statuses.get(503, 0), attack.statuses
            assert not attack.statuses.get(0, 0), attack.statuses  # every call was answered
    print_extremes(outcomes, RedisCounting.lease_s)


def one_of_each_home(running: Sequence[Worker]) -> Iterable[Worker]:
    """Returns workers whose homes have the records of all."""
    return {each.home: each for each in running}.values()


class Attack:
    """`disturbed` is stopped and killed beside the calls; without it a worker is killed."""

    def __init__(
        self,
        counting: Counting,
        seed: int,
        above: float,
        disturbed: RedisCounting | None = None,
    ) -> None:
        self.statuses: dict[int, int] = {}
        self._counting = counting
        self._seed = seed
        self._rng = random.Random(seed)
        self._above = above
        self._disturbed = disturbed

    async def run(
        self, workers: int, callers: int, calls: int, *, kills_first: bool = False
    ) -> Outcome:
        """Uses the budget up with `workers` on each machine. `kills_first`: kills one more, and
        measures how long its reservations stay."""
        cap_nano = DEAREST_NANO * callers * calls // 16
        limit = budget(cap_nano)
        answering = Provider(random.Random(self._rng.random()), self._above)
        async with raw_upstream(answering) as upstream, AsyncExitStack() as stack:
            running = await self._started(stack, upstream.url, limit, workers)
            asking = Callers(
                [each.url for each in running], random.Random(self._rng.random()), self.statuses
            )
            settled_s = 0.0
            if kills_first:
                settled_s = await self._kill_first(asking, running[0], limit, callers)
            await self._call(asking, running[-1], callers, calls)
            await settled_state(self._counting, limit)
            await self._use_up(asking, limit, callers)
            state = await settled_state(self._counting, limit)
            named = [
                end for each in one_of_each_home(running) for end in each.ends() if end.overruns
            ]
        outcome = Outcome(self._seed, cap_nano, state, settled_s, len(named))
        outages = f"; {self._disturbed.outages} outages" if self._disturbed else ""
        print(f"{outcome}; answers {asking.statuses}{outages}")
        assert asking.rejected, asking.statuses
        assert asking.statuses.get(500, 0) == 0, asking.statuses
        self._judge(outcome, named)
        return outcome

    def _judge(self, outcome: Outcome, named: Sequence[CallEnd]) -> None:
        """`named`: the calls whose records say that they used more than they had reserved."""
        state, cap_nano = outcome.state, outcome.cap_nano
        assert state.used <= cap_nano + state.excess, outcome
        assert state.used >= cap_nano - DEAREST_NANO, outcome
        assert state.excess <= sum(nano_usd(Decimal(end.cost)) for end in named), outcome
        if self._above:
            assert state.excess, outcome
        else:  # what one attempt may use is reserved
            assert all(len(end.attempts) > 1 for end in named), named

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

    async def _kill_first(
        self, asking: Callers, victim: Worker, limit: LimitEntry, callers: int
    ) -> float:
        """Kills a worker in the middle of calls. Returns the seconds from then until nothing is
        reserved any more, by the calls of other workers neither."""
        calling = asyncio.create_task(asking.run(callers, 1))
        while not self._counting.state(limit).held:
            await asyncio.sleep(0.01)
        await killed_in_the_middle(victim, 0.05)
        killed_s = time.monotonic()
        await calling
        called_s = time.monotonic() - killed_s
        await settled_state(self._counting, limit)
        settled_s = time.monotonic() - killed_s
        assert settled_s <= max(called_s, self._counting.lease_s) + SLOW_S, (called_s, settled_s)
        return settled_s

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

    async def _use_up(self, asking: Callers, limit: LimitEntry, callers: int) -> None:
        """Sends calls until the budget rejects some while nothing else is reserved: by many callers
        while it has space for all of them."""
        for _ in range(200):
            before = asking.rejected
            left_nano = nano_usd(limit.amount) - self._counting.state(limit).used
            count = max(8, min(callers, left_nano // DEAREST_NANO))
            await asking.run(count, 4)
            with contextlib.suppress(TimeoutError):
                await settled_state(self._counting, limit)
            if count == 8 and asking.rejected - before >= 16:
                return
