"""Counters in plain Python: what the counter file must do, without files, bytes and processes."""

from dataclasses import dataclass, field

from penstock.rules.claims import CapReached, Claim, CounterKind, CounterState

RATES = (CounterKind.RATE, CounterKind.HELD_RATE)


class FakeClock:
    def __init__(self, now_ns: int = 10**18) -> None:
        self.wall_ns = now_ns
        self.mono_ns = 5 * 10**9

    def now_ns(self) -> int:
        return self.wall_ns

    def monotonic(self) -> float:
        return self.mono_ns / 1e9

    def advance(self, seconds: int) -> None:
        self.wall_ns += seconds * 10**9
        self.mono_ns += seconds * 10**9


@dataclass
class ModelReservation:
    claims: list[Claim]
    dispatched: bool = False
    open: bool = True


@dataclass
class ModelCounter:
    windows: dict[int, list[int]] = field(default_factory=dict)  # used, held, excess
    due_ns: int = 0
    held: int = 0
    excess: int = 0

    def window(self, start: int, *, opening: bool) -> list[int] | None:
        """At most two windows are known; a time before them uses the older one."""
        known = self.windows
        if start in known:
            return known[start]
        newer = not known or start > max(known) or (len(known) == 2 and start > min(known))
        if not newer:
            return known[min(known)]
        if not opening:
            return None
        known[start] = [0, 0, 0]
        if len(known) > 2:
            forgotten = known.pop(min(known))
            known[min(known)][1] += forgotten[1]
        return known[start]


class Model:
    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.counters: dict[bytes, ModelCounter] = {}

    def level(self, claim: Claim, *, opening: bool = False) -> int:
        counter = self.counters.get(claim.key) or ModelCounter()
        if claim.kind == CounterKind.OPEN:
            return counter.held
        if claim.kind in RATES:
            return max(counter.due_ns - self.clock.mono_ns, 0) + counter.held
        window = counter.window(claim.start_ns, opening=opening)
        return window[0] + window[1] if window else 0

    def reserve(self, claims: list[Claim]) -> ModelReservation | int:
        """Returns the index of the first claim that does not fit, or the reservation."""
        for index, claim in enumerate(claims):
            if self.level(claim) + claim.amount > claim.cap:
                return index
        for claim in claims:
            counter = self.counters.setdefault(claim.key, ModelCounter())
            if claim.kind == CounterKind.WINDOW:
                counter.window(claim.start_ns, opening=True)[1] += claim.amount
            elif claim.kind == CounterKind.RATE:
                counter.due_ns = max(counter.due_ns, self.clock.mono_ns) + claim.amount
            else:
                counter.held += claim.amount
        return ModelReservation(claims)

    def settle(self, reservation: ModelReservation, amounts: list[int]) -> None:
        if not reservation.open:
            return
        reservation.open = False
        for claim, used in zip(reservation.claims, amounts, strict=True):
            counter = self.counters[claim.key]
            if claim.kind == CounterKind.WINDOW:
                exact = claim.start_ns in counter.windows
                start = claim.start_ns if exact else min(counter.windows)
                window = counter.windows[start]
                window[0] += used
                window[1] -= claim.amount
                window[2] += max(0, used - claim.amount) if exact else used
            elif claim.kind == CounterKind.HELD_RATE:
                counter.held -= claim.amount
                counter.due_ns = max(counter.due_ns, self.clock.mono_ns) + used
                counter.excess += max(0, used - claim.amount)
            elif claim.kind == CounterKind.OPEN:
                counter.held -= claim.amount

    def end_of_worker(self, reservations: list[ModelReservation]) -> None:
        for reservation in reservations:
            amounts = [c.amount if reservation.dispatched else 0 for c in reservation.claims]
            self.settle(reservation, amounts)

    def state(self, claim: Claim) -> CounterState:
        counter = self.counters.get(claim.key) or ModelCounter()
        if claim.kind == CounterKind.OPEN:
            return CounterState(counter.held, counter.held)
        if claim.kind in RATES:
            left = max(counter.due_ns - self.clock.mono_ns, 0)
            return CounterState(left, counter.held, counter.excess)
        return CounterState(*(counter.window(claim.start_ns, opening=False) or ()))


def index_of(found: object) -> object:
    return found.claim if isinstance(found, CapReached) else None
