"""The budget law: several workers, many callers, one cap. Calls are cancelled, translated,
streamed, fail over and fail; a worker is killed. What is settled is at most the cap and the named
excess, and at least the cap without the dearest request; what a killed worker reserved is settled.
"""

import asyncio
import contextlib
import random
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from drills.budget_world import DEAREST_NANO, PAIR, Callers, Provider, budget, prices
from gateway.homes import PROJECT, make_home, provider
from gateway.raw_upstream import raw_upstream
from gateway.worker import Worker, worker
from penstock.infra.counters import FileReader, path_in
from penstock.infra.counters.local import RECOVER_EVERY_S
from penstock.infra.home import Home
from penstock.kernel.time import SystemClock
from penstock.rules.claims import CounterState
from penstock.rules.limit_index import Amounts, Limit
from penstock.rules.limits import LimitEntry
from penstock.rules.snapshot import ProviderEntry
from tests.ports import free_port

pytestmark = pytest.mark.drill


def providers(url: str) -> list[ProviderEntry]:
    names = ("up", "backup", "free")
    return [provider(url, name, models=("small",) if name == "up" else ()) for name in names]


def state_of(home: Path, limit: LimitEntry) -> CounterState:
    reader = FileReader(path_in(Home(home).counters), SystemClock())
    claim = Limit(PROJECT, limit).claim((), Amounts(0), SystemClock().now_ns())
    try:
        return reader.read(claim)
    finally:
        reader.close()


async def started(stack: AsyncExitStack, home: Path, port: int, number: int) -> Worker:
    return await stack.enter_async_context(worker(home, port=port, worker=str(number)))


async def killed_in_the_middle(victim: Worker, after_s: float) -> None:
    await asyncio.sleep(after_s)
    victim.process.send_signal(signal.SIGKILL)


async def settled_state(home: Path, limit: LimitEntry) -> CounterState:
    """Waits until nothing is reserved any more: calls have ended, ended workers are recovered."""
    async with asyncio.timeout(30 + RECOVER_EVERY_S):
        while (state := state_of(home, limit)).held:
            await asyncio.sleep(0.05)
    return state


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("above", [0.0, 0.1], ids=["honest", "above its limit"])
async def test_a_budget_is_never_overspent(
    tmp_path: Path,
    drill_seed: int,
    above: float,
    request: pytest.FixtureRequest,
    *,
    drill_full: bool,
) -> None:
    """At full size with 50 seeds, or with the one that was given."""
    size = (4, 200, 20) if drill_full else (2, 24, 16)
    one = not drill_full or request.config.getoption("--drill-seed") is not None
    for seed in range(drill_seed, drill_seed + (1 if one else 50)):
        print(f"--drill-seed {seed}")
        await _attack(tmp_path / str(seed), random.Random(seed), above, size)


async def _attack(home: Path, rng: random.Random, above: float, size: tuple[int, int, int]) -> None:
    workers, callers, calls = size
    cap_nano = DEAREST_NANO * callers * calls // 16
    limit = budget(cap_nano)
    answering = Provider(random.Random(rng.random()), above)
    async with raw_upstream(answering) as upstream, AsyncExitStack() as stack:
        make_home(home, providers(upstream.url), prices=prices(), routes=[PAIR], limits=[limit])
        port = free_port()
        running = [await started(stack, home, port, number) for number in range(workers)]
        asking = Callers(running[0].url, random.Random(rng.random()))
        killing = asyncio.create_task(killed_in_the_middle(running[-1], 0.1 + rng.random() / 2))
        await asking.run(callers, calls)
        await killing
        await settled_state(home, limit)
        await _use_up(asking, limit, home)
        state = await settled_state(home, limit)
    excess = state.excess
    print(f"cap {cap_nano}, {state}, {answering.kinds}, {asking.statuses}")
    assert asking.rejected, asking.statuses
    assert state.used <= cap_nano + excess, (state, answering.kinds)
    assert state.used >= cap_nano - DEAREST_NANO, (state, answering.kinds)
    assert asking.statuses.get(500, 0) == 0, asking.statuses
    if above:
        assert excess


async def _use_up(asking: Callers, limit: LimitEntry, home: Path) -> None:
    """Sends calls until the budget rejects some while nothing else is reserved."""
    for _ in range(200):
        before = asking.rejected
        await asking.run(8, 4)
        with contextlib.suppress(TimeoutError):
            await settled_state(home, limit)
        if asking.rejected - before >= 16:
            return
