"""The counters of one machine: the file, with waits that do not stop other calls."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from penstock.infra.counters.counter_file import (
    MAX_ENDED,
    AmountsPrefetched,
    CounterFile,
    Ended,
)
from penstock.infra.counters.lock import MAX_BLOCKED_S, CountersBusy
from penstock.infra.counters.prefetch import PrefetchedReservation, Prefetches
from penstock.kernel.time import Clock
from penstock.rules.claims import CapReached, Claim, CounterKind
from penstock.spi.counters import CountersUnavailable, Reservation

MAX_WAIT_S: Final = 1.0  # of a call, while another process has the lock
RECOVER_EVERY_S: Final = 1.0  # reservations of a killed worker are settled within this time
SETTLED_WITHIN_S: Final = 0.005  # after the end of a call whose limits are far from their caps
FLUSH_EVERY_S: Final = 0.2  # amounts that are reserved for more than one call
FAR: Final = 100  # calls like it that still fit: far from the cap
_FIRST_STEP_S: Final = 0.002  # between two attempts of a call that waits; doubled each time
_LAST_STEP_S: Final = 0.05
_TICK_S: Final = 0.05
_REOPEN_S: Final = 1.0
_WORKING: Final = ""
_RATE: Final = CounterKind.RATE


class LocalCounters:
    """Implements `spi.counters.Counters`. Opens the file with the first reservation, or as soon
    as another worker has made it."""

    def __init__(
        self, path: Path, clock: Clock, on_step: Callable[[str], None] | None = None
    ) -> None:
        self._path = path
        self._clock = clock
        self._on_step = on_step
        self._file: CounterFile | None = None
        self._opening = asyncio.Lock()
        self._ended: deque[Ended] = deque()  # settled with the next transaction
        self._due = False  # there is a timer that settles them
        self._prefetches = Prefetches(clock)
        self._flushes = False  # there is a timer for them
        self._late = False  # they could not be settled when they were due
        self._reopen_at = 0.0
        self.problem = _WORKING  # why the counters cannot be changed now
        self.notice = _WORKING  # what an operator should know although they can

    async def reserve(self, claims: Sequence[Claim]) -> Reservation | CapReached:
        """Reserves all claims, or none. Raises `CountersUnavailable` after a bounded wait."""
        file = self._file
        if file is None:
            file = await self._opened()
        taken = self._prefetches.take(file, claims)
        if taken is not None:
            if not self._flushes:
                self._flush_later()
            return taken
        try:
            found = self._reserve(file, claims, self._patience_s())
        except AmountsPrefetched as error:
            counter = claims[error.reached.claim].key
            self._prefetches.give_back(self._patience_s(), counter)
            found = await self._retry(file, claims, error)
        except CountersBusy as error:
            if self.problem:  # another call has waited in vain
                raise
            found = await self._retry(file, claims, error)
        except CountersUnavailable as error:
            self.problem = error.message
            raise
        if self.problem:
            self.problem = _WORKING
        return found

    async def reserve_allowance(self, claims: Sequence[Claim]) -> Reservation | None:
        """Counts nothing: there are no other counters on this machine."""
        del claims
        return None

    def dispatched(self, reservation: Reservation) -> None:
        """Notes that the amounts count as used if this process ends now."""
        is_counted = isinstance(reservation, PrefetchedReservation)
        if self._file is not None and not is_counted:
            self._file.dispatched(reservation)

    def settle(self, reservation: Reservation, amounts: Sequence[int]) -> None:
        """Replaces the reserved amounts by the true ones, once; later if that is impossible now."""
        if self._file is None or not reservation.open:
            return
        if isinstance(reservation, PrefetchedReservation):
            if not reservation.pool.settle(reservation, amounts):
                try:
                    reservation.pool.close(self._patience_s())
                except CountersUnavailable:  # with the next flush
                    self._late = True
            return
        reservation.open = False
        self._ended.append((reservation, amounts))
        if not _is_far(reservation, amounts):
            self._settle_ended()
        elif not self._due:
            self._due = True
            asyncio.get_running_loop().call_later(SETTLED_WITHIN_S, self._settle_due)

    def release(self, reservation: Reservation) -> None:
        """Returns the reserved amounts, except those of a `RATE`."""
        self.settle(reservation, (0,) * len(reservation.claims))

    async def run(self) -> None:
        """Settles what could not be settled before, and recovers ended workers. Never returns."""
        recover_at = 0.0
        while True:
            await asyncio.sleep(_TICK_S if self._file is not None else _REOPEN_S)
            if self._file is None:
                await self._open_what_others_use()
                continue
            if self._late:
                self._settle_ended()
            if (now := self._clock.monotonic()) >= recover_at:
                recover_at = now + RECOVER_EVERY_S
                self._recover(self._file)

    def close(self) -> None:
        """Settles the rest and leaves the file."""
        self._settle_ended()
        self._prefetches.give_back(MAX_BLOCKED_S)
        if self._file is not None:
            self._file.close()
            self._file = None

    async def _retry(
        self, file: CounterFile, claims: Sequence[Claim], error: CountersBusy
    ) -> Reservation | CapReached:
        deadline = self._clock.monotonic() + MAX_WAIT_S
        reached = error.reached if isinstance(error, AmountsPrefetched) else None
        step_s = 0.0 if reached is not None else _FIRST_STEP_S
        while self._clock.monotonic() < deadline:
            await asyncio.sleep(step_s)
            step_s = min(max(_FIRST_STEP_S, 2 * step_s), _LAST_STEP_S)
            try:
                return self._reserve(file, claims, 0)
            except AmountsPrefetched as again:
                reached = again.reached
            except CountersBusy as again:
                error = again
        if reached is not None:  # the worker that has prefetched was stopped, or is late
            return reached
        self.problem = error.message
        raise error

    def _patience_s(self) -> float:
        """Seconds that the event loop waits for the lock: none while it is known to be held."""
        return 0 if self.problem or self._late else MAX_BLOCKED_S

    def _reserve(
        self, file: CounterFile, claims: Sequence[Claim], within_s: float
    ) -> Reservation | CapReached:
        """Reserves, and settles with it calls that have ended."""
        ended = () if self._late else self._next_ended()
        found = file.reserve(claims, within_s, ended)
        if isinstance(found, Reservation):
            for _ in ended:
                self._ended.popleft()
        return found

    def _next_ended(self) -> list[Ended]:
        """Returns as many calls that have ended as one transaction settles."""
        return list(islice(self._ended, MAX_ENDED))

    async def _opened(self) -> CounterFile:
        """Opens the file, beside the event loop: it may wait for another process, or write all of
        the file."""
        async with self._opening:
            if self._file is None:
                if self.problem and self._clock.monotonic() < self._reopen_at:
                    raise CountersUnavailable(self.problem, retry_after_s=1)
                try:
                    self._file = await asyncio.to_thread(
                        CounterFile.open, self._path, self._clock, self._on_step
                    )
                except CountersUnavailable as error:
                    self.problem = error.message
                    self._reopen_at = self._clock.monotonic() + _REOPEN_S
                    raise
            return self._file

    async def _open_what_others_use(self) -> None:
        """Without a call of its own, this worker must settle what killed ones have left."""
        if self._path.exists():
            with contextlib.suppress(CountersUnavailable):
                await self._opened()

    def _flush_later(self) -> None:
        self._flushes = True
        asyncio.get_running_loop().call_later(FLUSH_EVERY_S, self._flush)

    def _flush(self) -> None:
        self._flushes = False
        if self._file is not None:
            self._prefetches.flush(self._patience_s())
        if self._file is not None and self._prefetches:
            self._flush_later()

    def _settle_due(self) -> None:
        self._due = False
        self._settle_ended()

    def _settle_ended(self) -> None:
        """Settles the calls that have ended; those that cannot be settled now are late."""
        file = self._file
        try:
            while file is not None and self._ended:
                ended = self._next_ended()
                file.settle_all(ended, self._patience_s())
                for _ in ended:
                    self._ended.popleft()
            self._late = False
        except CountersUnavailable:
            self._late = True

    def _recover(self, file: CounterFile) -> None:
        try:
            file.recover()
        except CountersUnavailable:
            return
        if self.problem:
            self.problem = _WORKING
        if not file.is_at(self._path):
            self.notice = f"{self._path} was replaced while it was in use: restart the gateways."


def _is_far(reservation: Reservation, amounts: Sequence[int]) -> bool:
    """Returns whether nobody misses what is settled milliseconds later: many calls still fit, and
    the call has used no more than it had reserved."""
    left = reservation.left
    for at, claim in enumerate(reservation.claims):
        if claim.kind is _RATE:  # counted already
            continue
        reserved = claim.amount
        if left[at] < FAR * reserved or amounts[at] > reserved:
            return False
    return True
