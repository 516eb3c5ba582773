"""Amounts that a worker reserves for several like calls at once, while their counters are far from
their caps. Its calls take theirs from memory, without a transaction on the file.

The entry of such a reservation says how much of it counts as used, so that nothing is lost if the
worker is killed. Who finds a counter at its cap waits until the others have returned what none of
their calls has taken, so that no call is refused for it: `AmountsPrefetched`.
"""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from penstock.infra.counters.counter_file import CounterFile, Ended
from penstock.infra.counters.layout import MAX_PREFETCHED
from penstock.kernel.time import Clock
from penstock.rules.claims import MAX_AMOUNT, MAX_CAP, CapReached, Claim, CounterKind
from penstock.spi.counters import CountersUnavailable, Reservation

MAX_POOLS: Final = 256  # kinds of calls for which a worker prefetches at once
MAX_SEEN: Final = 1024  # kinds of calls of which a worker knows when it had the last one
MIN_CALLS: Final = 8  # for which amounts are prefetched
MAX_CALLS: Final = 64
BUSY_CALLS: Final = 4  # like calls within `BUSY_S`, after which amounts are prefetched
BUSY_S: Final = 0.2
_REST_S: Final = 1.0  # without another attempt after a counter was too close to its cap
_PART: Final = 2  # prefetched is up to half of a cap
_RATE: Final = CounterKind.RATE
_HELD_RATE: Final = CounterKind.HELD_RATE
_OPEN: Final = CounterKind.OPEN

Key = tuple[bytes, ...]
"""The counters of a call: like calls have the same ones."""


class PrefetchedReservation(Reservation):
    """The reservation of a call that was taken from prefetched amounts."""

    __slots__ = ("pool",)
    pool: "AmountPool"


class AmountPool:
    """The prefetched amounts of like calls: one reservation in the file, of whose amounts calls
    have taken a part. What they have taken counts as used if this process ends."""

    def __init__(self, file: CounterFile) -> None:
        self._file = file
        self._held: Reservation | None = None  # the claims of lists below are in its order
        self._note_free: Callable[..., None] | None = None  # in the file
        self._free: list[int] = []  # what no call has taken
        self._used: list[int] = []  # by calls that have ended; not of rates, which count when taken
        self._left: list[int] = []  # of the counters, beside what is free
        self._exceeded: list[Ended] = []  # calls that have used more than they had reserved
        self.like: Sequence[Claim] = ()  # the claims for which it was filled
        self.taken = 0  # calls since the last transaction
        self.open = 0  # calls that have not ended

    def take(self, claims: Sequence[Claim]) -> PrefetchedReservation | None:
        """Returns the reservation of a call; `None` if its amounts are not free here."""
        free, like, note_free = self._free, self.like, self._note_free
        if note_free is None:
            return None
        for at, claim in enumerate(claims):
            if claim.start_ns != like[at].start_ns or claim.cap != like[at].cap:
                return None
            if not 0 <= claim.amount <= free[at]:
                return None
        left = self._left.copy()
        for at, claim in enumerate(claims):
            rest = free[at] = free[at] - claim.amount
            left[at] += rest
        note_free(*free)
        self.taken += 1
        self.open += 1
        taken = PrefetchedReservation(claims, left, 0)
        taken.pool = self
        return taken

    def settle(self, taken: PrefetchedReservation, amounts: Sequence[int]) -> bool:
        """Replaces the amounts of a call by the used ones. `False`: that has to be written now,
        because they are larger."""
        taken.open = False
        self.open -= 1
        free, used = self._free.copy(), self._used.copy()
        for at, claim in enumerate(taken.claims):
            kind = claim.kind
            if kind is _RATE:
                continue
            amount = amounts[at] if kind is not _OPEN else 0
            rest = claim.amount - amount
            if rest < 0 or amount < 0:
                self._exceeded.append((taken, amounts))
                return False
            free[at] += rest
            used[at] += amount
        self._free, self._used = free, used
        if self._note_free is not None:
            self._note_free(*free)
        return True

    def fill(self, claims: Sequence[Claim], within_s: float) -> bool:
        """Settles the calls that have ended, and reserves for more that are like this one; `False`
        if that is more than a part of a cap, or in another window. Raises `CountersUnavailable`."""
        if self.open and any(
            claim.start_ns != self.like[at].start_ns for at, claim in enumerate(claims)
        ):
            return False
        calls = max(MIN_CALLS, min(2 * self.taken, MAX_CALLS))
        free = [calls * claim.amount for claim in claims]
        reserved = self._reserved() or [0] * len(claims)
        wanted = [
            replace(
                claim,
                kind=_HELD_RATE if claim.kind is _RATE else claim.kind,
                amount=reserved[at] + free[at],
                cap=claim.cap // _PART,
            )
            for at, claim in enumerate(claims)
        ]
        if any(not 0 <= claim.amount <= MAX_AMOUNT for claim in wanted):
            return False
        left = self._replace(wanted, free, within_s)
        if left is None:
            return False
        self.like = claims
        self._left = [left[at] + claim.cap - wanted[at].cap for at, claim in enumerate(claims)]
        return True

    def close(self, within_s: float) -> bool:
        """Settles the calls that have ended, and returns what none has taken. Returns whether all
        have ended. Raises `CountersUnavailable`."""
        held = self._held
        if held is None:
            return True
        if not self.open:
            self._file.settle_all(self._ended(held), within_s)
            self._held = self._note_free = None
        elif any(self._free) or any(self._used_amounts()) or self._exceeded:
            wanted = [
                replace(held.claims[at], amount=amount, cap=MAX_CAP)
                for at, amount in enumerate(self._reserved())
            ]
            self._replace(wanted, [0] * len(wanted), within_s)
        return not self.open

    def _replace(
        self, wanted: Sequence[Claim], free: list[int], within_s: float
    ) -> Sequence[int] | None:
        """Replaces the reservation in the file. Returns what is left of the counters; `None` if
        that is below zero: then nothing has changed."""
        ended = self._ended(self._held) if self._held is not None else ()
        found = self._file.reserve(wanted, within_s, ended, free)
        if isinstance(found, CapReached):
            return None
        self._held, self._free, self._exceeded = found, free, []
        self._used = [0] * len(free)
        self._note_free = self._file.free_amounts(found)
        self.taken = 0
        return found.left

    def _used_amounts(self) -> list[int]:
        """The used amount of each claim; of a rate all that was taken."""
        if self._held is None:
            return []
        return [
            claim.amount - self._free[at] if self.like[at].kind is _RATE else self._used[at]
            for at, claim in enumerate(self._held.claims)
        ]

    def _reserved(self) -> list[int]:
        """The amounts that the open calls have reserved of each claim."""
        if self._held is None:
            return []
        claims, used = self._apart(self._held.claims), self._used_amounts()
        return [claim.amount - self._free[at] - used[at] for at, claim in enumerate(claims)]

    def _ended(self, held: Reservation) -> list[Ended]:
        """The reservation in the file with the used amounts; apart from it the calls that have used
        more than they had reserved."""
        together = Reservation(self._apart(held.claims), (), held.place)
        return [(together, self._used_amounts()), *self._exceeded]

    def _apart(self, claims: Sequence[Claim]) -> Sequence[Claim]:
        """Returns the claims without those of calls that have used more."""
        for reservation, _ in self._exceeded:
            claims = [
                claim
                if (call := reservation.claims[at]).kind is _RATE
                else replace(claim, amount=claim.amount - call.amount)
                for at, claim in enumerate(claims)
            ]
        return claims


class Prefetches:
    """The pools of a worker."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pools: dict[Key, AmountPool] = {}
        self._closing: list[AmountPool] = []  # no call takes of them; some calls of theirs are open
        self._seen: dict[Key, tuple[float, int]] = {}  # since when, and how many calls

    def __bool__(self) -> bool:
        return bool(self._pools or self._closing)

    def take(self, file: CounterFile, claims: Sequence[Claim]) -> PrefetchedReservation | None:
        """Returns the reservation of a call; `None` if it has to reserve for itself. Does not wait
        for the lock."""
        key = tuple([claim.key for claim in claims])
        pool = self._pools.get(key)
        if pool is not None and (found := pool.take(claims)) is not None:
            return found
        if pool is None:
            if len(key) > MAX_PREFETCHED or not self._is_busy(key):
                return None
            pool = AmountPool(file)
        try:
            if pool.fill(claims, 0):
                self._pools[key] = pool
                return pool.take(claims)
        except CountersUnavailable:
            return None
        self._rest(key)
        self._close(0)
        return None

    def flush(self, within_s: float) -> None:
        """Settles the calls that have ended, and returns what no call has taken for a while. Waits
        for the lock once, not for each pool: all calls of the worker wait with it."""
        for key, pool in list(self._pools.items()):
            try:
                if not pool.taken or not pool.fill(pool.like, within_s):
                    self._rest(key)
            except CountersUnavailable:
                within_s = 0
        self._close(within_s)

    def give_back(self, within_s: float, counter: bytes | None = None) -> None:
        """Returns what no call has taken of a counter, or of all."""
        for key in list(self._pools):
            if counter is None or counter in key:
                self._rest(key)
        self._close(within_s)

    def _close(self, within_s: float) -> None:
        """Closes pools whose calls have ended. Waits for the lock once."""
        left: list[AmountPool] = []
        for pool in self._closing:
            try:
                if pool.close(within_s):
                    continue
            except CountersUnavailable:
                within_s = 0
            left.append(pool)
        self._closing = left

    def _rest(self, key: Key) -> None:
        """Makes calls reserve for themselves for a while: few are like them, or a counter is too
        close to its cap."""
        pool = self._pools.pop(key, None)
        if pool is not None:
            self._closing.append(pool)
        self._seen[key] = self._clock.monotonic() + _REST_S, 0

    def _is_busy(self, key: Key) -> bool:
        now_s = self._clock.monotonic()
        since_s, count = self._seen.get(key, (now_s, 0))
        if now_s < since_s:  # it rests
            return False
        if now_s - since_s > BUSY_S:
            since_s, count = now_s, 0
        if len(self._seen) >= MAX_SEEN:
            self._seen.clear()
        self._seen[key] = since_s, count + 1
        return count >= BUSY_CALLS and len(self._pools) < MAX_POOLS
