"""Whatever client and provider send: each call gets an answer with an allowed status and exactly
one record that the REST API can read, and does not block other calls.

`--law-examples N` sets the number of calls, `--law-seed S` repeats a run.
"""

import asyncio
import time
from pathlib import Path
from typing import Final

import pytest

from tests.laws.exchange import Provider, running_provider
from tests.laws.samples import batches
from tests.laws.trial import Trial
from tests.laws.world import World, running_world, wait_known

GROWTH_BYTES: Final = 200 * 1024 * 1024  # of a process, from the first batch to the last
SETTLED_WITHIN_S: Final = 30.0


@pytest.mark.drill
@pytest.mark.timeout(7200)
def test_generated_calls_and_answers(tmp_path: Path, law_examples: int, law_seed: int) -> None:
    asyncio.run(_hold(tmp_path / "home", law_examples, law_seed))


async def _hold(home: Path, examples: int, number: int) -> None:
    async with running_provider(Provider()) as odd, running_provider(Provider()) as good:
        with running_world(home, odd.port, good.port) as world:
            await wait_known(world)
            memory: list[dict[str, int]] = []
            for at, calls in enumerate(batches(examples, number)):
                begun = time.monotonic()
                trial = Trial(world, odd, calls)
                await trial.run()
                memory.append(world.memory())
                _print_batch(number + at, trial, time.monotonic() - begun, memory[-1])
                if trial.violations:
                    pytest.fail(f"--law-seed {number + at}: {trial.report()}", pytrace=False)
            await _settled(world)
            _check_memory(memory)


async def _settled(world: World) -> None:
    """Waits until gateway and server are ready and the spool is empty."""
    async with asyncio.timeout(SETTLED_WITHIN_S):
        while not await _is_settled(world):
            await asyncio.sleep(0.5)


async def _is_settled(world: World) -> bool:
    ports = (world.installation.gateway_port, world.installation.server_port)
    ready = [(await world.get(port, "/readyz"))[0] == 200 for port in ports]
    gauges = await world.metrics(ports[0])
    waits = sum(v for k, v in gauges.items() if k.startswith("penstock_spool_lag_seconds"))
    lost = sum(
        value
        for series, value in gauges.items()
        if series.startswith(("penstock_spool_rejected_batches", "penstock_spool_lost_calls"))
    )
    assert not lost, "batches were rejected or calls lost"
    return all(ready) and waits < 5.0


def _check_memory(memory: list[dict[str, int]]) -> None:
    for process, first in memory[0].items():
        assert memory[-1][process] < first + GROWTH_BYTES, (process, memory)


def _print_batch(number: int, trial: Trial, seconds: float, memory: dict[str, int]) -> None:
    """Prints a line for a batch."""
    rate = len(trial.calls) / seconds
    held = " ".join(f"{name} {size >> 20} MiB" for name, size in memory.items())
    print(f"seed {number}: {len(trial.calls)} calls, {rate:.0f} a second; {held}", flush=True)
