"""The transactions on the counter file: reserve, settle, and the recovery of ended workers."""

import mmap
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Self

from msgspec.structs import replace

from penstock.infra.counters.entries import (
    Entries,
    OpenEntry,
    blocks_of,
    encode_entry,
    encode_prefetched,
    has_prefetched,
    open_entries,
    owners_in,
)
from penstock.infra.counters.file import OpenFile, open_counters
from penstock.infra.counters.journal import Change, change, commit
from penstock.infra.counters.layout import (
    DISPATCHED,
    FREE,
    FREE_AMOUNTS,
    FREE_AMOUNTS_AT,
    JOURNAL_FLAG_AT,
    MAX_WORKERS,
    REPAIR_FLAG_AT,
    ROW,
    TRANSACTION_LOCK_AT,
    WORKER_LOCKS_AT,
)
from penstock.infra.counters.lock import MAX_BLOCKED_S, ByteLock, CountersBusy
from penstock.infra.counters.repair import after_boot, finish_interrupted, free_blocks, repair
from penstock.infra.counters.row import Row
from penstock.infra.counters.table import Table
from penstock.kernel.time import Clock
from penstock.rules.claims import (
    MAX_AMOUNT,
    MAX_CAP,
    MAX_CLAIMS,
    CapReached,
    Claim,
    CounterKind,
    CounterState,
)
from penstock.spi.counters import CountersUnavailable, Reservation

MAX_WRITTEN: Final = 1024  # counters that a worker remembers as it wrote them; then none is added
MAX_ENDED: Final = 3  # reservations that one transaction settles, as many as its journal has space
_OPEN_WITHIN_S: Final = 2.0
_FREED: Final = bytes([FREE])
_RATE: Final = CounterKind.RATE
_PATIENT_S: Final = 0.5  # of the recovery, which runs beside calls but rarely

Ended = tuple[Reservation, Sequence[int]]
"""A reservation whose call has ended, and the amounts that it has used."""

Rows = dict[bytes, Row]
"""The counters of a transaction by their key."""


class CountersRepaired(CountersBusy):
    """A damaged counter was found and removed; nothing else has changed. Try again."""


class AmountsPrefetched(CountersBusy):
    """A claim does not fit as long as workers have reserved more than their calls. They return it
    soon: try again. `reached` is the answer if they do not."""

    def __init__(self, reached: CapReached) -> None:
        super().__init__("Other workers have reserved what is left of a limit.", retry_after_s=1)
        self.reached = reached


class CountersFull(CountersUnavailable):
    """The file has no space for another counter, or for another open reservation."""


class CounterFile:
    """The counters as one worker uses them. Not for several threads."""

    def __init__(
        self,
        file: OpenFile,
        worker: int,
        alive: ByteLock,
        clock: Clock,
        on_step: Callable[[str], None] | None = None,
    ) -> None:
        self._file = file
        self._data: mmap.mmap = file.data
        self._worker = worker
        self._alive = alive  # held as long as this worker lives
        self._clock = clock
        self._on_step = on_step
        self._lock = ByteLock(file.fd, TRANSACTION_LOCK_AT)
        self._table = Table(file.data, file.salt)
        self._entries = Entries(file.data, worker)
        # as this worker wrote them last: what nobody has changed since is not decoded again
        self._written: Rows = {}

    @classmethod
    def open(cls, path: Path, clock: Clock, on_step: Callable[[str], None] | None = None) -> Self:
        """Opens the counters as a new worker, and settles what ended workers have left. Raises
        `CountersUnavailable`."""
        file = open_counters(path, clock.now_ns())
        try:
            lock = ByteLock(file.fd, TRANSACTION_LOCK_AT)
            with lock.held(_OPEN_WITHIN_S):
                finish_interrupted(file, clock.now_ns())
                after_boot(file, clock.now_ns())
                worker, alive = _join(file)
                counters = cls(file, worker, alive, clock, on_step)
        except BaseException:
            file.close()
            raise
        counters.recover()
        return counters

    def is_at(self, path: Path) -> bool:
        """Returns whether this is still the file with that name."""
        return self._file.is_at(path)

    @property
    def file(self) -> OpenFile:
        """The open file."""
        return self._file

    def close(self) -> None:
        """Leaves the file. Open reservations are settled by the next worker that looks."""
        self._file.close()

    def reserve(
        self,
        claims: Sequence[Claim],
        within_s: float = MAX_BLOCKED_S,
        ended: Sequence[Ended] = (),
        free: Sequence[int] | None = None,
    ) -> Reservation | CapReached:
        """Reserves all claims or none. With it settles up to `MAX_ENDED` reservations that have
        ended; if the claims do not fit, these are not settled, but they count as if they were.

        `free`: the amounts are prefetched, and that much of them no call has taken. Raises
        `CountersBusy`, `CountersFull`."""
        self._begin(within_s)
        try:
            return self._reserve(claims, ended, free)
        finally:
            self._lock.free()

    def free_amounts(self, prefetched: Reservation) -> Callable[..., None]:
        """Returns the function that notes what is free of each prefetched amount. The rest counts
        as used if this process ends then."""
        write = FREE_AMOUNTS[len(prefetched.claims)].pack_into
        return partial(write, self._data, prefetched.place + FREE_AMOUNTS_AT)

    def dispatched(self, reservation: Reservation) -> None:
        """Notes that the reserved amounts count as used if this process ends now."""
        if reservation.open:
            self._data[reservation.place] = DISPATCHED

    def settle(
        self,
        reservation: Reservation,
        amounts: Sequence[int],
        within_s: float = MAX_BLOCKED_S,
    ) -> bool:
        """Replaces the reserved amounts by the used ones. Returns `False` if that was done before.
        Raises `CountersBusy`; then nothing has changed."""
        if not reservation.open:
            return False
        self.settle_all(((reservation, amounts),), within_s)
        reservation.open = False
        return True

    def settle_all(self, ended: Sequence[Ended], within_s: float = MAX_BLOCKED_S) -> None:
        """Settles up to `MAX_ENDED` reservations in one transaction. Raises `CountersBusy`; then
        nothing has changed."""
        entries = _entries_of(ended)
        self._begin(within_s)
        try:
            rows: Rows = {}
            self._settle(ended, rows, self._mono_ns())
            self._commit(rows, [change(place, _FREED) for place in entries])
        finally:
            self._lock.free()
        for place in entries:
            self._entries.give_back(place)

    def recover(self) -> int:
        """Settles the reservations of workers that have ended: at their amounts if dispatched,
        else at nothing. Returns their number. Raises `CountersBusy`."""
        count = 0
        for worker in owners_in(self._data) - {self._worker}:
            alive = ByteLock(self._file.fd, WORKER_LOCKS_AT + worker)
            if not alive.take():
                continue
            try:
                count += self._recover(worker)
            finally:
                alive.free()
        return count

    def raise_used(self, claim: Claim, used: int) -> bool:
        """Raises the used amount of a claim's window to `used`; never lowers it. Returns whether
        it was lower. Raises `CountersBusy`, `CountersFull`."""
        self._begin(_PATIENT_S)
        try:
            _, row = self._counter(_bounded(claim), {}, self._mono_ns())
            window = row.open_window(claim.start_ns, claim.end_ns)
            if window.start != claim.start_ns or window.used >= used:
                return False
            window.used = min(used, MAX_CAP)
            commit(self._data, [change(row.place, row.encode())], self._on_step)
            return True
        finally:
            self._lock.free()

    def read(self, claim: Claim) -> CounterState:
        """Returns the state of the claim's counter in its window."""
        place = self._table.find(claim.key, chosen=bool(claim.others))
        row = Row.decode(self._data[place : place + ROW.size]) if place else None
        return CounterState() if row is None else row.state(claim, self._mono_ns())

    def _settle(self, ended: Sequence[Ended], rows: Rows, mono_ns: int) -> None:
        """Replaces reserved amounts by used ones in the rows of a transaction."""
        for reservation, amounts in ended:
            for at, claim in enumerate(reservation.claims):
                amount = amounts[at]
                if claim.kind is not _RATE and (claim.amount or amount):
                    row = rows.get(claim.key) or self._counter(claim, rows, mono_ns)[1]
                    row.settle(claim.start_ns, claim.amount, amount, mono_ns)

    def _reserve(
        self, claims: Sequence[Claim], ended: Sequence[Ended], free: Sequence[int] | None
    ) -> Reservation | CapReached:
        if len(claims) > MAX_CLAIMS:
            raise CountersFull(f"More than {MAX_CLAIMS} limits apply to the call.")
        mono_ns = self._mono_ns()
        rows: Rows = {}
        if ended:
            self._settle(ended, rows, mono_ns)
        used: list[Claim] = []
        left: list[int] = []
        held: list[int] = []
        for asked in claims:
            fits = 0 <= asked.amount <= MAX_AMOUNT and 0 <= asked.cap <= MAX_CAP
            claim = asked if fits else _bounded(asked)
            row = rows.get(claim.key)
            if row is None:
                claim, row = self._counter(claim, rows, mono_ns)
            rest = row.hold(claim, mono_ns)
            if rest < 0:
                wait_ns = row.wait_ns(claim, self._clock.now_ns(), mono_ns)
                reached = CapReached(len(left), max(0, rest + claim.amount), wait_ns)
                if free is None and has_prefetched(self._data, row.place):
                    raise AmountsPrefetched(reached)
                return reached
            used.append(claim)
            left.append(rest)
            if free is not None or (claim.kind is not _RATE and claim.amount):
                held += (row.place, claim.kind, claim.amount, claim.start_ns)
        entries = _entries_of(ended) or [self._entries.take()]
        entry = entries.pop()
        if not entry:
            raise CountersFull("Too many calls with limits are open on this machine.")
        changes = [change(place, _FREED) for place in entries]
        data = encode_entry(held) if free is None else encode_prefetched(held, free)
        changes.append(change(entry, data))
        self._commit(rows, changes)
        for place in entries:
            self._entries.give_back(place)
        return Reservation(used, left, entry)

    def _counter(self, claim: Claim, rows: Rows, mono_ns: int) -> tuple[Claim, Row]:
        """Returns the claim on its counter, or on the one of all others if there is no space. Adds
        the counter to the rows of the transaction."""
        key = claim.key
        row = self._written.pop(key, None)  # again there once written
        if row is not None and self._data[row.where] == row.data:
            rows[key] = row
            return claim, row
        chosen = bool(claim.others)
        place = self._table.find(key, chosen=chosen)
        if place:
            return claim, self._load(place, rows)
        taken = {row.place for row in rows.values()}
        place = self._table.space(key, self._clock.now_ns(), mono_ns, taken, chosen=chosen)
        if place:
            row = rows[key] = Row.first(claim)
            row.put(place)
            return claim, row
        if not chosen:
            raise CountersFull("There is no space for another limit's counter.")
        shared = replace(claim, key=claim.others, others=b"")
        row = rows.get(shared.key)
        return (shared, row) if row else self._counter(shared, rows, mono_ns)

    def _load(self, place: int, rows: Rows) -> Row:
        data = self._data[place : place + ROW.size]
        if (found := rows.get(data[:16])) is not None:
            return found
        row = Row.decode(data)
        if row is None:
            repair(self._file, self._clock.now_ns())
            raise CountersRepaired("A damaged counter was removed.", retry_after_s=1)
        row.put(place)
        rows[row.key] = row
        return row

    def _recover(self, worker: int) -> int:
        count = 0
        self._begin(_PATIENT_S)  # applies the last transaction of the worker
        self._lock.free()
        for block in blocks_of(self._data, worker):
            for entry in open_entries(self._data, block):
                self._begin(_PATIENT_S)
                try:
                    self._settle_entry(entry)
                finally:
                    self._lock.free()
                count += 1
        self._begin(_PATIENT_S)
        try:
            free_blocks(self._file, worker)
        finally:
            self._lock.free()
        return count

    def _settle_entry(self, entry: OpenEntry) -> None:
        if entry.claims is None:  # what it held is unknown: counted again from all others
            self._data[entry.at] = FREE
            repair(self._file, self._clock.now_ns())
            return
        rows: Rows = {}
        mono_ns = self._mono_ns()
        for claim in entry.claims:
            row = self._load(claim.place, rows)
            row.settle(claim.start_ns, claim.amount, claim.counted, mono_ns)
        self._commit(rows, [change(entry.at, _FREED)])

    def _commit(self, rows: Rows, entries: Sequence[Change]) -> None:
        changes: list[Change] = []
        for row in rows.values():
            data = row.data = row.encode()
            changes.append((row.piece, row.where, data))
        changes += entries
        if len(self._written) < MAX_WRITTEN:
            self._written.update(rows)
        commit(self._data, changes, self._on_step)

    def _begin(self, within_s: float = MAX_BLOCKED_S) -> None:
        """Takes the transaction lock, and completes what a killed process has left. Raises
        `CountersBusy`."""
        if not self._lock.take():
            self._lock.wait(within_s)
        if self._data[JOURNAL_FLAG_AT] or self._data[REPAIR_FLAG_AT]:
            finish_interrupted(self._file, self._clock.now_ns())
        if self._on_step is not None:
            self._on_step("locked")

    def _mono_ns(self) -> int:
        return int(self._clock.monotonic() * 1e9)


def _join(file: OpenFile) -> tuple[int, ByteLock]:
    """Returns a worker number that is free and has no reservations of an ended worker."""
    taken = owners_in(file.data)
    for worker in set(range(MAX_WORKERS)) - taken:
        alive = ByteLock(file.fd, WORKER_LOCKS_AT + worker)
        if alive.take():
            return worker, alive
    raise CountersFull("Too many processes use the counters.")


def _entries_of(ended: Sequence[Ended]) -> list[int]:
    """Returns the entries of reservations that have one."""
    return [each.place for each, _ in ended if each.place]


def _bounded(claim: Claim) -> Claim:
    amount = min(max(claim.amount, 0), MAX_AMOUNT)
    return replace(claim, amount=amount, cap=min(max(claim.cap, 0), MAX_CAP))
