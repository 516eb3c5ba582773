"""The counter file does what its model does, whatever workers, clock and crashes do."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from infra.counter_model import FakeClock, Model, ModelReservation, index_of
from penstock.infra.counters import CounterFile, FileReader
from penstock.rules.claims import CapReached, Claim, CounterKind
from penstock.spi.counters import Reservation

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


class Worker:
    def __init__(self, path: Path, clock: FakeClock) -> None:
        self.kill_at = ""
        self.counters = CounterFile.open(path, clock, self._on_step)
        self.open: list[tuple[Reservation, ModelReservation]] = []
        self.unanswered: list[ModelReservation] = []  # it was killed before it knew of them

    def left(self) -> list[ModelReservation]:
        return [expected for _, expected in self.open] + self.unanswered

    def _on_step(self, step: str) -> None:
        if step == self.kill_at:
            raise Killed


class CounterLaw(RuleBasedStateMachine):
    reservations = Bundle("reservations")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "counters"
        self.clock = FakeClock()
        self.model = Model(self.clock)
        self.workers = [Worker(self.path, self.clock) for _ in range(2)]
        self.reader = FileReader(self.path, self.clock)

    def teardown(self) -> None:
        self.reader.close()
        for worker in self.workers:
            worker.counters.close()
        self.folder.cleanup()

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
        worker.open.append((found, expected))
        return (worker, found, expected)

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
        self.workers[number] = Worker(self.path, self.clock)

    @rule()
    def end_all(self) -> None:
        for worker in self.workers:
            worker.counters.close()
        for worker in self.workers:
            self.model.end_of_worker(worker.left())
        self.workers = [Worker(self.path, self.clock) for _ in range(2)]

    @rule(seconds=st.integers(1, 90))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(windows=st.integers(-3, 3))
    def the_clock_jumps(self, windows: int) -> None:
        self.clock.wall_ns += windows * WINDOW_NS

    @invariant()
    def the_file_is_like_the_model(self) -> None:
        for name in CAPS:
            claim = self.claim(name, 0)
            assert self.workers[0].counters.read(claim) == self.model.state(claim), name
            assert self.reader.read(claim) == self.model.state(claim), name

    @invariant()
    def no_window_is_above_its_cap_but_for_the_named_excess(self) -> None:
        for name in ("w", "v"):
            state = self.workers[1].counters.read(self.claim(name, 0))
            assert state.used <= CAPS[name] + state.excess


CounterLaw.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestCounterLaw = CounterLaw.TestCase
