"""Two workers at one full provider: who gets a place that is free."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.gateway.target_slots import SlotSource, TargetSlots, slot_key
from penstock.infra.slot_file import SlotFile
from penstock.kernel.errors import Overloaded
from penstock.kernel.time import SystemClock
from penstock.rules.priorities import Priority
from penstock.rules.snapshot.providers import ProviderEntry

ENTRY = ProviderEntry("p", "k", "u", max_concurrency=1, max_queue=8, queue_timeout_ms=60_000)


class Steady:
    """No randomness: a worker that looks at regular times."""

    def random(self) -> float:
        return 0.5


@pytest.fixture
def two(tmp_path: Path) -> Iterator[list[SlotSource]]:
    files = [SlotFile(tmp_path), SlotFile(tmp_path)]
    yield [SlotSource(each, SystemClock(), Steady()) for each in files]
    for each in files:
        each.close()


def slots_of(source: SlotSource, entry: ProviderEntry = ENTRY) -> TargetSlots:
    found = source.of("prj", entry)
    assert found is not None
    return found


async def test_a_higher_priority_of_another_worker_is_served_first(two: list[SlotSource]) -> None:
    here, there = map(slots_of, two)
    running = await here.wait("k", Priority.NORMAL, 60)
    served: list[str] = []

    async def waiting(slots: TargetSlots, name: str, priority: Priority) -> None:
        slot = await slots.wait("k", priority, 60)
        served.append(name)
        await asyncio.sleep(0)
        slot.release()

    low = asyncio.ensure_future(waiting(here, "low", Priority.LOW))
    high = asyncio.ensure_future(waiting(there, "high", Priority.HIGH))
    while not (here.waiting and there.waiting):
        await asyncio.sleep(0)
    running.release()
    await asyncio.gather(low, high)
    assert served == ["high", "low"]
    assert (here.in_use(), there.in_use(), here.waiting) == (0, 0, 0)


async def test_a_newcomer_does_not_pass_those_who_wait_in_another_worker(
    two: list[SlotSource],
) -> None:
    here, there = map(slots_of, two)
    running = await here.wait("k", Priority.NORMAL, 60)
    waiting = asyncio.ensure_future(there.wait("k", Priority.NORMAL, 60))
    while not there.waiting:
        await asyncio.sleep(0)
    running.release()
    assert here.take(Priority.NORMAL) is None
    (await waiting).release()
    slot = here.take(Priority.NORMAL)
    assert slot is not None
    slot.release()
    slot.release()
    assert here.in_use() == 0


async def test_a_worker_that_never_looks_keeps_nobody_away(
    two: list[SlotSource], tmp_path: Path
) -> None:
    stopped = SlotFile(tmp_path)
    here = slots_of(two[0])
    running = await here.wait("k", Priority.NORMAL, 60)
    theirs = stopped.slots(slot_key("prj", "p"))  # a third process, which never looks
    theirs.show_waiting(Priority.HIGH, wait=True)
    waiting = asyncio.ensure_future(here.wait("k", Priority.LOW, 60))
    await asyncio.sleep(0)
    running.release()
    (await waiting).release()
    stopped.close()


async def test_a_call_that_is_cancelled_with_its_place_in_hand_frees_it(
    two: list[SlotSource],
) -> None:
    here = slots_of(two[0])
    running = await here.wait("k", Priority.NORMAL, 60)
    first = asyncio.ensure_future(here.wait("k", Priority.NORMAL, 60))
    second = asyncio.ensure_future(here.wait("k", Priority.NORMAL, 60))
    while here.waiting < 2:
        await asyncio.sleep(0)
    running.release()  # the first has the place, and has not run yet
    first.cancel()
    (await second).release()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert (here.in_use(), here.waiting) == (0, 0)


async def test_a_queue_without_places_refuses_at_once(two: list[SlotSource]) -> None:
    entry = ProviderEntry("q", "k", "u", max_concurrency=1, max_queue=0)
    slots = slots_of(two[0], entry)
    running = await slots.wait("k", Priority.NORMAL, 60)
    with pytest.raises(Overloaded, match="its queue is full"):
        await slots.wait("k", Priority.HIGH, 60)
    running.release()


async def test_limits_follow_the_snapshot_while_calls_are_in_progress(
    two: list[SlotSource],
) -> None:
    slots = slots_of(two[0])
    running = await slots.wait("k", Priority.NORMAL, 60)
    wider = ProviderEntry("p", "k", "u", max_concurrency=2)
    assert slots_of(two[0], wider) is slots
    second = slots.take(Priority.NORMAL)
    assert second is not None
    assert two[0].of("prj", ProviderEntry("p", "k", "u")) is None
    for each in (running, second):
        each.release()
    assert slots.in_use() == 0
