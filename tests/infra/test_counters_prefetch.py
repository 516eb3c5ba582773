"""Amounts that a worker prefetches change nothing of what the counters do."""

import asyncio
import contextlib
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from infra.counter_model import FakeClock, Model, ModelReservation, index_of
from penstock.infra.counters import CounterFile, FileReader, LocalCounters
from penstock.infra.counters.counter_file import AmountsPrefetched
from penstock.infra.counters.layout import TRANSACTION_LOCK_AT
from penstock.infra.counters.local import FLUSH_EVERY_S
from penstock.infra.counters.lock import MAX_BLOCKED_S, ByteLock
from penstock.infra.counters.prefetch import BUSY_CALLS, PrefetchedReservation, Prefetches
from penstock.kernel.time import SystemClock
from penstock.rules.claims import CapReached, Claim, CounterKind, CounterState
from penstock.spi.counters import Reservation

WINDOW_NS = 60 * 10**9
RATES = (CounterKind.RATE, CounterKind.HELD_RATE)
CAPS = {"w": 400, "v": 160, "rate": 120 * 10**9, "tokens": 80 * 10**9, "open": 40}
KINDS = {
    "w": CounterKind.WINDOW,
    "v": CounterKind.WINDOW,
    "rate": CounterKind.RATE,
    "tokens": CounterKind.HELD_RATE,
    "open": CounterKind.OPEN,
}
LIKE = (("w", "rate"), ("w", "v", "open"), ("tokens", "w"), ("open", "rate", "tokens", "v"))
AMOUNTS = st.lists(st.integers(0, 6), min_size=4, max_size=4)
LARGE_AMOUNTS = st.lists(st.integers(0, 60), min_size=4, max_size=4)
STEPS = st.sampled_from(["written", "journaled", "changed"])
WORKERS = st.integers(0, 1)


class Killed(BaseException):
    pass


class Worker:
    def __init__(self, path: Path, clock: FakeClock) -> None:
        self.kill_at = ""
        self.file = CounterFile.open(path, clock, self._on_step)
        self.prefetches = Prefetches(clock)
        self.open: list[tuple[Reservation, ModelReservation]] = []

    def _on_step(self, step: str) -> None:
        if step == self.kill_at:
            raise Killed

    def reserve(self, claims: list[Claim]) -> Reservation | CapReached:
        taken = self.prefetches.take(self.file, claims)
        return taken if taken is not None else self.file.reserve(claims)

    def settle(self, reservation: Reservation, amounts: list[int]) -> None:
        if not isinstance(reservation, PrefetchedReservation):
            self.file.settle(reservation, amounts)
        elif not reservation.pool.settle(reservation, amounts):
            reservation.pool.close(0)


class PrefetchLaw(RuleBasedStateMachine):
    """Two workers prefetch; the model does not."""

    reservations = Bundle("reservations")

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "counters"
        self.model = Model(self.clock)
        self.workers = [Worker(self.path, self.clock) for _ in range(2)]
        self.reader = FileReader(self.path, self.clock)
        self.caps = dict(CAPS)

    def teardown(self) -> None:
        self.reader.close()
        for worker in self.workers:
            worker.file.close()
        self.folder.cleanup()

    def claim(self, name: str, amount: int) -> Claim:
        start = end = 0
        if KINDS[name] == CounterKind.WINDOW:
            start = self.clock.now_ns() // WINDOW_NS * WINDOW_NS
            end = start + WINDOW_NS
        amount *= 10**9 if KINDS[name] in RATES else 1
        key = name.encode().ljust(16, b"*")
        return Claim(key, KINDS[name], amount, self.caps[name], start, end)

    @rule(target=reservations, at=WORKERS, like=st.sampled_from(LIKE), amounts=LARGE_AMOUNTS)
    def reserve(self, at: int, like: tuple[str, ...], amounts: list[int]) -> object:
        claims = [self.claim(*each) for each in zip(like, amounts, strict=False)]
        found = self._reserved(at, claims)
        return multiple() if found is None else found

    @rule(
        target=reservations,
        at=WORKERS,
        like=st.sampled_from(LIKE),
        amounts=AMOUNTS,
        part=st.sampled_from((1, 2, 20)),
    )
    def reserve_many_alike(
        self, at: int, like: tuple[str, ...], amounts: list[int], part: int
    ) -> object:
        """Some of them after a change of a cap."""
        found: list[object] = []
        for cap in (self.caps[like[0]], CAPS[like[0]] // part):
            self.caps[like[0]] = cap
            claims = [self.claim(*each) for each in zip(like, amounts, strict=False)]
            found += [self._reserved(at, claims) for _ in range(BUSY_CALLS + 2)]
        return multiple(*[each for each in found if each is not None])

    def _reserved(self, at: int, claims: list[Claim]) -> object:
        worker, expected = self.workers[at], self.model.reserve(claims)
        try:
            found = worker.reserve(claims)
        except AmountsPrefetched:  # as it does after a while, when all have returned theirs
            for each in self.workers:
                each.prefetches.give_back(0)
            found = worker.file.reserve(claims)
        if not isinstance(expected, ModelReservation):
            assert index_of(found) == expected
            return None
        assert isinstance(found, Reservation)
        expected.dispatched = True
        if not isinstance(found, PrefetchedReservation):
            worker.file.dispatched(found)
            for left, claim in zip(found.left, claims, strict=True):
                assert left <= claim.cap - self.model.level(claim)
        worker.open.append((found, expected))
        return worker, found, expected

    @rule(reservation=consumes(reservations), amounts=AMOUNTS)
    def settle(
        self, reservation: tuple[Worker, Reservation, ModelReservation], amounts: list[int]
    ) -> None:
        worker, found, expected = reservation
        if worker not in self.workers or not expected.open:
            return
        used = [
            amount * (10**9 if claim.kind in RATES else 1)
            for amount, claim in zip(amounts, expected.claims, strict=False)
        ]
        worker.settle(found, used)
        self.model.settle(expected, used)

    @rule(at=WORKERS, number=st.integers(0, 10))
    def settle_some_within_their_reservations(self, at: int, number: int) -> None:
        worker = self.workers[at]
        for found, expected in [each for each in worker.open if each[1].open][:number]:
            used = [claim.amount // 2 for claim in expected.claims]
            worker.settle(found, used)
            self.model.settle(expected, used)

    @rule(at=WORKERS)
    def flush(self, at: int) -> None:
        self.workers[at].prefetches.flush(0)

    @rule(at=WORKERS)
    def give_back(self, at: int) -> None:
        self.workers[at].prefetches.give_back(0)

    @rule(at=WORKERS)
    def kill(self, at: int) -> None:
        """The other worker settles what is left: prefetched amounts as far as they were taken."""
        ended = self.workers[at]
        ended.file.close()
        self.workers[1 - at].file.recover()
        self.model.end_of_worker([expected for _, expected in ended.open])
        self.workers[at] = Worker(self.path, self.clock)

    @rule(at=WORKERS, step=STEPS)
    def kill_while_it_flushes(self, at: int, step: str) -> None:
        self.workers[at].kill_at = step
        with contextlib.suppress(Killed):
            self.workers[at].prefetches.flush(0)
        self.kill(at)

    @rule(seconds=st.integers(1, 90))
    def time_passes(self, seconds: int) -> None:
        self._all_given_back()
        self.clock.advance(seconds)

    @rule()
    def the_window_ends(self) -> None:
        """Calls of the window before are still open, and its amounts may be prefetched."""
        for worker in self.workers:
            worker.prefetches.flush(0)
        self.clock.wall_ns += WINDOW_NS

    @rule(windows=st.integers(-1, 1))
    def the_clock_jumps(self, windows: int) -> None:
        self._all_given_back()
        self.clock.wall_ns += windows * WINDOW_NS

    def _all_given_back(self) -> None:
        """After that the counters are exactly like those of the model."""
        for worker in self.workers:
            worker.prefetches.give_back(0)
        for name in CAPS:
            claim = self.claim(name, 0)
            assert self.workers[0].file.read(claim) == self.model.state(claim), name

    @invariant()
    def nothing_is_forgotten(self) -> None:
        """Amounts that are prefetched are above those of the calls, never below."""
        for name, cap in CAPS.items():
            claim = self.claim(name, 0)
            state = self.reader.read(claim)
            level = state.held if KINDS[name] == CounterKind.OPEN else state.used + state.held
            assert level >= self.model.level(claim), name
            if KINDS[name] == CounterKind.WINDOW:
                assert state.used <= cap + state.excess


SIZE = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_prefetched_amounts_are_like_the_model_without_them() -> None:
    run_state_machine_as_test(PrefetchLaw, settings=SIZE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "counters"


def spend(clock: FakeClock, amount: int, cap: int = 1000) -> Claim:
    start = clock.now_ns() // WINDOW_NS * WINDOW_NS
    return Claim(b"w" * 16, CounterKind.WINDOW, amount, cap, start, start + WINDOW_NS)


async def taken(counters: LocalCounters, claim: Claim) -> PrefetchedReservation:
    """Reserves until amounts are prefetched. All calls before have ended."""
    for _ in range(BUSY_CALLS + 2):
        found = await counters.reserve([claim])
        assert isinstance(found, Reservation)
        if isinstance(found, PrefetchedReservation):
            return found
        counters.release(found)
    raise AssertionError("nothing was prefetched")


async def state_of(reader: FileReader, claim: Claim, wanted: CounterState) -> None:
    async with asyncio.timeout(10):
        while reader.read(claim) != wanted:
            await asyncio.sleep(FLUSH_EVERY_S / 4)


@pytest.mark.parametrize("resting", [False, True])
def test_many_pools_wait_for_a_lock_once(
    path: Path, monkeypatch: pytest.MonkeyPatch, resting: bool
) -> None:
    """A stopped worker that has the lock must not stop others for longer, the more they have."""
    clock = FakeClock()
    file, prefetches = CounterFile.open(path, clock), Prefetches(clock)
    for number in range(5):
        claim = replace(spend(clock, 5), key=b"%016d" % number)
        while (found := prefetches.take(file, [claim])) is None:
            pass
        assert isinstance(found, PrefetchedReservation)
    waits: list[float] = []

    def wait(lock: ByteLock, within_s: float = MAX_BLOCKED_S) -> None:
        waits.append(within_s)
        original(lock, within_s)

    original = ByteLock.wait
    monkeypatch.setattr(ByteLock, "wait", wait)
    fd = os.open(path, os.O_RDWR)
    stopped = ByteLock(fd, TRANSACTION_LOCK_AT)
    assert stopped.take()
    act = prefetches.give_back if resting else prefetches.flush
    act(MAX_BLOCKED_S)
    assert len(waits) >= 5
    assert sum(waits) <= MAX_BLOCKED_S
    stopped.free()
    os.close(fd)
    prefetches.give_back(MAX_BLOCKED_S)
    file.close()


async def test_a_lower_cap_counts_at_once(path: Path) -> None:
    clock = FakeClock()
    counters = LocalCounters(path, clock)
    settled = await taken(counters, spend(clock, 5))
    counters.dispatched(settled)
    counters.settle(settled, [5])
    for _ in range(2):
        assert isinstance(await counters.reserve([spend(clock, 5, cap=9)]), CapReached)
    assert isinstance(await counters.reserve([spend(clock, 4, cap=9)]), Reservation)
    assert isinstance(await counters.reserve([spend(clock, 1, cap=9)]), CapReached)
    counters.close()


async def test_busy_calls_are_counted_without_a_transaction_each(path: Path) -> None:
    clock = FakeClock()
    counters, reader, claim = LocalCounters(path, clock), FileReader(path, clock), spend(clock, 5)
    first = await taken(counters, claim)
    held = reader.read(claim).held
    second = await counters.reserve([claim])
    assert isinstance(second, PrefetchedReservation)
    assert reader.read(claim).held == held > 10
    assert second.left[0] == first.left[0] - 5
    counters.settle(first, [3])
    counters.settle(first, [3])  # twice counts once
    await state_of(reader, claim, CounterState(3, 5, 0))  # what is not needed was returned
    counters.settle(second, [5])
    await state_of(reader, claim, CounterState(8, 0, 0))
    reader.close()
    counters.close()


async def test_a_call_that_uses_more_than_it_has_taken_is_settled_at_once(path: Path) -> None:
    clock = FakeClock()
    counters, reader, claim = LocalCounters(path, clock), FileReader(path, clock), spend(clock, 5)
    counters.settle(await taken(counters, claim), [9])
    state = reader.read(claim)
    assert (state.used, state.excess) == (9, 4)
    await state_of(reader, claim, CounterState(9, 0, 4))
    reader.close()
    counters.close()


async def test_nothing_is_prefetched_above_half_of_a_cap(path: Path) -> None:
    clock = FakeClock()
    counters, claim = LocalCounters(path, clock), spend(clock, 5, cap=70)
    for _ in range(3 * BUSY_CALLS):
        found = await counters.reserve([claim])
        assert isinstance(found, Reservation)
        assert not isinstance(found, PrefetchedReservation)
        counters.release(found)
    counters.close()


async def test_amounts_of_a_window_serve_no_call_of_the_next_one(path: Path) -> None:
    clock = FakeClock()
    counters, reader = LocalCounters(path, clock), FileReader(path, clock)
    before = spend(clock, 5)
    counters.settle(await taken(counters, before), [5])
    clock.wall_ns += WINDOW_NS
    found = await counters.reserve([spend(clock, 7)])
    assert isinstance(found, Reservation)
    counters.settle(found, [6])
    await state_of(reader, spend(clock, 0), CounterState(6, 0, 0))
    assert reader.read(before) == (5, 0, 0)
    reader.close()
    counters.close()


async def test_a_call_at_the_cap_waits_until_other_workers_have_returned_theirs(
    path: Path,
) -> None:
    clock = FakeClock()
    one, other = LocalCounters(path, clock), LocalCounters(path, clock)
    await taken(one, spend(clock, 5))
    rest = await other.reserve([spend(clock, 995)])
    assert isinstance(rest, Reservation)
    assert isinstance(await other.reserve([spend(clock, 1)]), CapReached)
    one.close()
    other.close()


async def test_a_call_at_the_cap_is_refused_if_a_stopped_worker_returns_nothing(
    path: Path,
) -> None:
    clock = SystemClock()
    file, claim = CounterFile.open(path, clock), spend(FakeClock(), 1000)
    part = [Claim(claim.key, claim.kind, 600, claim.cap, claim.start_ns, claim.end_ns)]
    assert isinstance(file.reserve(part, free=[600]), Reservation)
    counters = LocalCounters(path, clock)
    assert await counters.reserve([spend(FakeClock(), 500)]) == CapReached(
        0, 400, max(0, claim.end_ns - clock.now_ns())
    )
    counters.close()
    file.close()
