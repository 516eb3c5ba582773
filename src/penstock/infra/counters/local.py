"""The counters of one machine: the file, with waits that do not stop other calls."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from penstock.infra.counters.counter_file import CounterFile
from penstock.infra.counters.lock import CountersBusy
from penstock.kernel.time import Clock
from penstock.rules.claims import CapReached, Claim
from penstock.spi.counters import CountersUnavailable, Reservation

MAX_WAIT_S: Final = 1.0  # of a call, while another process has the lock
_STEP_S: Final = 0.002
_TICK_S: Final = 0.05
RECOVER_EVERY_S: Final = 1.0  # reservations of a killed worker are settled within this time
_REOPEN_S: Final = 1.0

_WORKING: Final = ""


class LocalCounters:
    """Implements `spi.counters.Counters`. Opens the file with the first reservation."""

    def __init__(self, open_file: Callable[[], CounterFile], clock: Clock) -> None:
        self._open_file = open_file
        self._clock = clock
        self._file: CounterFile | None = None
        self._late: deque[tuple[Reservation, Sequence[int]]] = deque()  # settled later
        self._reopen_at = 0.0
        self.problem = _WORKING  # why the counters cannot be changed now

    async def reserve(self, claims: Sequence[Claim]) -> Reservation | CapReached:
        """Reserves all claims, or none. Raises `CountersUnavailable` after a bounded wait."""
        file = self._opened()
        try:
            found = file.reserve(claims)
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

    def dispatched(self, reservation: Reservation) -> None:
        """Notes that the amounts count as used if this process ends now."""
        if self._file is not None:
            self._file.dispatched(reservation)

    def settle(self, reservation: Reservation, amounts: Sequence[int]) -> None:
        """Replaces the reserved amounts by the true ones, once; later if that is impossible now."""
        try:
            if self._file is not None:
                self._file.settle(reservation, amounts)
        except CountersUnavailable:
            self._late.append((reservation, amounts))

    def release(self, reservation: Reservation) -> None:
        """Returns the reserved amounts, except those of a `RATE`."""
        self.settle(reservation, (0,) * len(reservation.claims))

    async def run(self) -> None:
        """Settles what could not be settled before, and recovers ended workers. Never returns."""
        recover_at = 0.0
        while True:
            await asyncio.sleep(_TICK_S)
            if self._file is None:
                continue
            self._settle_late()
            if (now := self._clock.monotonic()) >= recover_at:
                recover_at = now + RECOVER_EVERY_S
                self._recover(self._file)

    def close(self) -> None:
        """Settles the rest and leaves the file."""
        self._settle_late()
        if self._file is not None:
            self._file.close()
            self._file = None

    async def _retry(
        self, file: CounterFile, claims: Sequence[Claim], error: CountersBusy
    ) -> Reservation | CapReached:
        deadline = self._clock.monotonic() + MAX_WAIT_S
        while self._clock.monotonic() < deadline:
            await asyncio.sleep(_STEP_S)
            try:
                return file.reserve(claims)
            except CountersBusy as again:
                error = again
        self.problem = error.message
        raise error

    def _opened(self) -> CounterFile:
        if self._file is None:
            if self.problem and self._clock.monotonic() < self._reopen_at:
                raise CountersUnavailable(self.problem, retry_after_s=1)
            try:
                self._file = self._open_file()
            except CountersUnavailable as error:
                self.problem = error.message
                self._reopen_at = self._clock.monotonic() + _REOPEN_S
                raise
        return self._file

    def _settle_late(self) -> None:
        try:
            while self._late and self._file is not None:
                self._file.settle(*self._late[0])
                self._late.popleft()
        except CountersUnavailable:
            return

    def _recover(self, file: CounterFile) -> None:
        try:
            file.recover()
        except CountersUnavailable:
            return
        if self.problem:
            self.problem = _WORKING
