"""The counters of file and Redis do what their model does, whatever workers, clock, crashes do."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest
import redis
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

from infra.counter_model import FakeClock, Model, ModelReservation, index_of
from infra.redis_counters import RedisCounterFile
from penstock.infra.counters import CounterFile, FileReader
from penstock.rules.claims import CapReached, Claim, CounterKind
from penstock.spi.counters import Reservation
from tests.redis_server import redis_server

WINDOW_NS = 60 * 10**9
CAPS = {"w": 100, "v": 40, "rate": 30 * 10**9, "tokens": 20 * 10**9, "open": 3}
KINDS = {
    "w": CounterKind.WINDOW,
    "v": CounterKind.WINDOW,
    "rate": CounterKind.RATE,
    "tokens": CounterKind.HELD_RATE,
    "open": CounterKind.OPEN,
}
AMOUNTS = st.integers(0, 60)
WANTED = st.dictionaries(st.sampled_from(sorted(CAPS)), AMOUNTS, min_size=1, max_size=4)
STEPS = st.sampled_from(["written", "journaled", "changed"])


class Killed(BaseException):
    pass


class FileBackend:
    """The counters in a file of its own."""

    dispatched_when_made = False

    def __init__(self, clock: FakeClock) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "counters"
        self.clock = clock
        self.reader = FileReader(self.path, clock)

    def open(self, on_step: Callable[[str], None]) -> CounterFile:
        return CounterFile.open(self.path, self.clock, on_step)

    def close(self) -> None:
        self.reader.close()
        self.folder.cleanup()


class RedisBackend:
    """The counters of an empty database. What was reserved there counts as dispatched."""

    client: ClassVar[redis.Redis]
    dispatched_when_made = True

    def __init__(self, clock: FakeClock) -> None:
        self.client.flushdb()
        self.clock = clock
        self.living: set[str] = set()
        self.reader = self.open(lambda _: None)

    def open(self, on_step: Callable[[str], None]) -> RedisCounterFile:
        return RedisCounterFile(self.client, self.clock, self.living, on_step)

    def close(self) -> None:
        self.reader.close()


class Worker:
    def __init__(self, backend: FileBackend | RedisBackend) -> None:
        self.kill_at = ""
        self.counters = backend.open(self._on_step)
        self.open: list[tuple[Reservation, ModelReservation]] = []
        self.unanswered: list[ModelReservation] = []  # it was killed before it knew of them

    def left(self) -> list[ModelReservation]:
        return [expected for _, expected in self.open] + self.unanswered

    def _on_step(self, step: str) -> None:
        if step == self.kill_at:
            raise Killed


class CounterLaw(RuleBasedStateMachine):
    reservations = Bundle("reservations")
    new_backend: type[FileBackend] | type[RedisBackend] = FileBackend

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.backend = self.new_backend(self.clock)
        self.model = Model(self.clock)
        self.workers = [Worker(self.backend) for _ in range(2)]
        self.reader = self.backend.reader

    def teardown(self) -> None:
        for worker in self.workers:
            worker.counters.close()
        self.backend.close()

    def claim(self, name: str, amount: int) -> Claim:
        kind = KINDS[name]
        if kind in (CounterKind.RATE, CounterKind.HELD_RATE):
            amount *= 10**9
        start = end = 0
        if kind == CounterKind.WINDOW:
            start = self.clock.now_ns() // WINDOW_NS * WINDOW_NS
            end = start + WINDOW_NS
        key = name.encode().ljust(16, b"*")
        others = b"o" * 16 if name == "v" else b""
        return Claim(key, kind, amount, CAPS[name], start, end, others)

    @rule(target=reservations, number=st.integers(0, 1), wanted=WANTED)
    def reserve(self, number: int, wanted: dict[str, int]) -> object:
        claims = [self.claim(*each) for each in wanted.items()]
        worker = self.workers[number]
        found, expected = worker.counters.reserve(claims), self.model.reserve(claims)
        if not isinstance(expected, ModelReservation):
            assert index_of(found) == expected
            return multiple()
        assert isinstance(found, Reservation)
        assert list(found.left) == [claim.cap - self.model.level(claim) for claim in claims]
        expected.dispatched = self.backend.dispatched_when_made
        worker.open.append((found, expected))
        return (worker, found, expected)

    @rule(reservation=consumes(reservations), wanted=WANTED)
    def reserve_with_one_that_has_ended(
        self,
        reservation: tuple[Worker, Reservation, ModelReservation],
        wanted: dict[str, int],
    ) -> None:
        worker, ended, expected_end = reservation
        counters = worker.counters
        known = worker in self.workers and expected_end.open
        if not known or not isinstance(counters, CounterFile):
            return
        claims = [self.claim(*each) for each in wanted.items()]
        used = [claim.amount // 2 for claim in expected_end.claims]
        found = counters.reserve(claims, ended=[(ended, used)])
        self.model.settle(expected_end, used)
        expected = self.model.reserve(claims)
        if isinstance(expected, ModelReservation):
            assert isinstance(found, Reservation)
            ended.open = False
            worker.open.append((found, expected))
        else:
            assert index_of(found) == expected
            assert counters.settle(ended, used)

    @rule(number=st.integers(0, 1), wanted=WANTED, step=STEPS)
    def killed_while_it_reserves(self, number: int, wanted: dict[str, int], step: str) -> None:
        claims = [self.claim(*each) for each in wanted.items()]
        worker = self.workers[number]
        worker.kill_at = step
        try:
            assert isinstance(worker.counters.reserve(claims), CapReached)
        except Killed:
            if step != "written":
                expected = self.model.reserve(claims)
                assert isinstance(expected, ModelReservation)
                expected.dispatched = self.backend.dispatched_when_made
                worker.unanswered.append(expected)
        self.end_worker(number)

    @rule(reservation=reservations)
    def dispatch(self, reservation: tuple[Worker, Reservation, ModelReservation]) -> None:
        worker, found, expected = reservation
        if worker in self.workers:
            worker.counters.dispatched(found)
            expected.dispatched = True

    @rule(reservation=reservations, amounts=st.lists(AMOUNTS, min_size=4, max_size=4))
    def settle(
        self, reservation: tuple[Worker, Reservation, ModelReservation], amounts: list[int]
    ) -> None:
        """May be called again for the same reservation."""
        worker, found, expected = reservation
        if worker not in self.workers:
            return
        used = amounts[: len(expected.claims)]
        assert worker.counters.settle(found, used) == expected.open
        self.model.settle(expected, used)

    @rule(reservation=consumes(reservations), step=STEPS)
    def killed_while_it_settles(
        self, reservation: tuple[Worker, Reservation, ModelReservation], step: str
    ) -> None:
        worker, found, expected = reservation
        if worker not in self.workers or not expected.open:
            return
        worker.kill_at = step
        used = [claim.amount // 2 for claim in expected.claims]
        try:
            worker.counters.settle(found, used)
        except Killed:
            if step != "written":
                self.model.settle(expected, used)
        else:
            self.model.settle(expected, used)  # nothing but its entry changed
        self.end_worker(self.workers.index(worker))

    @rule(number=st.integers(0, 1))
    def end_worker(self, number: int) -> None:
        """The kernel releases the locks of a process that ends; another worker settles the rest."""
        ended = self.workers[number]
        ended.counters.close()
        self.workers[1 - number].counters.recover()
        self.model.end_of_worker(ended.left())
        self.workers[number] = Worker(self.backend)

    @rule()
    def end_all(self) -> None:
        for worker in self.workers:
            worker.counters.close()
        for worker in self.workers:
            self.model.end_of_worker(worker.left())
        self.workers = [Worker(self.backend) for _ in range(2)]

    @rule(seconds=st.integers(1, 90))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(windows=st.integers(-3, 3))
    def the_clock_jumps(self, windows: int) -> None:
        self.clock.wall_ns += windows * WINDOW_NS

    @invariant()
    def the_counters_are_like_the_model(self) -> None:
        for name in CAPS:
            claim = self.claim(name, 0)
            assert self.workers[0].counters.read(claim) == self.model.state(claim), name
            assert self.reader.read(claim) == self.model.state(claim), name

    @invariant()
    def no_window_is_above_its_cap_but_for_the_named_excess(self) -> None:
        for name in ("w", "v"):
            state = self.workers[1].counters.read(self.claim(name, 0))
            assert state.used <= CAPS[name] + state.excess


class RedisCounterLaw(CounterLaw):
    new_backend = RedisBackend


SIZE = settings(max_examples=40, stateful_step_count=40, deadline=None)


@pytest.fixture(scope="module")
def server() -> Iterator[None]:
    with redis_server() as running, running.client() as client:
        RedisBackend.client = client
        yield


def test_the_counter_file_is_like_its_model() -> None:
    run_state_machine_as_test(CounterLaw, settings=SIZE)


def test_the_counters_on_redis_are_like_the_model_of_the_file(server: None) -> None:
    run_state_machine_as_test(RedisCounterLaw, settings=SIZE)
