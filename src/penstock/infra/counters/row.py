"""One counter: its state in the file, and the arithmetic of caps.

A row has two windows, a newer and an older one, so that a clock that goes over the end of a window
and back finds the amounts of both. Rates use the first of them: its start is the theoretical
arrival time of GCRA.
"""

from typing import Final, Self

from penstock.infra.counters.layout import PIECE, ROW, ROW_HEAD, ROW_TAIL
from penstock.kernel.checksum import crc32
from penstock.rules.claims import MAX_AMOUNT, MAX_CAP, Claim, CounterKind, CounterState

NO_WINDOW: Final = -1
# Names of this module: to read a member of an enumeration takes as long as a function call.
_WINDOW: Final = CounterKind.WINDOW
_RATE: Final = CounterKind.RATE
_HELD_RATE: Final = CounterKind.HELD_RATE
_OPEN: Final = CounterKind.OPEN
_RATES: Final = (_RATE, _HELD_RATE)


class Window:
    """The amounts of one window. `excess`: the settled amounts that no reservation covered."""

    __slots__ = ("excess", "held", "start", "used")

    def __init__(self, start: int, used: int = 0, held: int = 0, excess: int = 0) -> None:
        self.start = start
        self.used = used
        self.held = held
        self.excess = excess

    def settle(self, reserved: int, used: int, excess: int) -> None:
        """Replaces a reserved amount by a used one. Sums stop growing far above all caps."""
        held = self.held - reserved
        self.held = max(0, held)
        self.used += used
        self.excess += excess
        if self.used > MAX_CAP or self.excess > MAX_CAP:
            self.used, self.excess = min(self.used, MAX_CAP), min(self.excess, MAX_CAP)


class Row:
    """A counter. `until`: end of its newer window. `data`: what the file has at `where`, as far as
    this process knows. `piece`: the head of its changes in the journal."""

    __slots__ = ("_tail", "data", "key", "kind", "new", "old", "piece", "place", "until", "where")

    def __init__(self, key: bytes, kind: int, new: Window, old: Window, until: int) -> None:
        self.key = key
        self.kind = kind
        self.new = new
        self.old = old
        self.until = until
        self.data = b""
        self._tail = b""  # all after the newer window as it is encoded; empty: changed since
        self.put(0)

    @classmethod
    def first(cls, claim: Claim) -> Self:
        """Returns the new counter of a claim."""
        return cls(claim.key, claim.kind, Window(claim.start_ns), Window(NO_WINDOW), claim.end_ns)

    @classmethod
    def decode(cls, data: bytes) -> Self | None:
        """Returns the counter; `None` if its checksum is wrong."""
        key, s, u, h, e, old_s, old_u, old_h, old_e, until, kind, crc = ROW.unpack(data)
        if crc32(data[:-4]) != crc:
            return None
        return cls(key, kind, Window(s, u, h, e), Window(old_s, old_u, old_h, old_e), until)

    def encode(self) -> bytes:
        """The inverse of `decode`."""
        new = self.new
        head = ROW_HEAD.pack(self.key, new.start, new.used, new.held, new.excess)
        data = head + (self._tail or self._encode_tail())
        return data + crc32(data).to_bytes(4, "little")

    def put(self, place: int) -> None:
        """Notes the offset of the row in the file."""
        self.place = place
        self.where = slice(place, place + ROW.size)
        self.piece = PIECE.pack(place, ROW.size)

    def window(self, start: int) -> Window:
        """Returns the window that starts there, or the one that has its amounts: the older one."""
        if start >= self.new.start or self.old.start == NO_WINDOW:
            return self.new
        self._tail = b""
        return self.old

    def open_window(self, start: int, end: int) -> Window:
        """Returns the window of a claim; makes it if it is newer than the older one. So a clock
        that goes back opens no window again."""
        new, old = self.new, self.old
        if start == new.start:
            return new
        if start > new.start:  # the next window; reservations of the oldest one stay held
            self.new, self.old = Window(start), new
            new.held += old.held
            self.until = end
            self._tail = b""
            return self.new
        if old.start != NO_WINDOW and old.start < start:
            self.old = Window(start, held=old.held)
        return self.window(start)

    def hold(self, claim: Claim, mono_ns: int) -> int:
        """Reserves the amount of a claim. Returns what is left; negative: nothing is reserved."""
        amount, kind, window = claim.amount, claim.kind, self.new
        if kind is _WINDOW:
            if claim.start_ns != window.start:
                window = self.open_window(claim.start_ns, claim.end_ns)
            left = claim.cap - window.used - window.held - amount
        elif kind is _OPEN:
            left = claim.cap - window.held - amount
        else:
            due = max(mono_ns, window.start)
            left = claim.cap - (due - mono_ns) - window.held - amount
            if kind is _RATE and left >= 0:
                window.start = due + amount
                return left
        if left >= 0:
            window.held += amount
        return left

    def settle(self, start: int, reserved: int, used: int, mono_ns: int) -> None:
        """Replaces a reserved amount by the used one. A window that is over and forgotten counts
        with the next one, as an excess: nothing is lost."""
        if not 0 <= used <= MAX_AMOUNT:
            used = min(max(used, 0), MAX_AMOUNT)
        excess = used - reserved if used > reserved else 0
        kind, window = self.kind, self.new
        if kind == _WINDOW:
            if start != window.start:
                window = self.window(start)
                if start != window.start:
                    excess = used
            window.settle(reserved, used, excess)
        elif kind != _OPEN:
            window.start = (max(mono_ns, window.start)) + used
            window.settle(reserved, 0, excess)
        else:
            window.settle(reserved, 0, 0)

    def wait_ns(self, claim: Claim, now_ns: int, mono_ns: int) -> int | None:
        """Returns the time until a claim that does not fit may fit; see `CapReached`."""
        if claim.amount > claim.cap:
            return None
        if claim.kind is _WINDOW:
            return max(0, claim.end_ns - now_ns)
        if claim.kind is _OPEN:
            return None
        after = max(self.new.start, mono_ns) - mono_ns + self.new.held + claim.amount
        return max(0, after - claim.cap)

    def unused(self, now_ns: int, mono_ns: int) -> bool:
        """Returns whether another counter may take the place of this one: it says nothing that a
        new one would not, or its windows are over since more than the length of one."""
        if self.new.held or self.old.held:
            return False
        if self.kind in _RATES:
            return self.new.start <= mono_ns
        return self.kind == _OPEN or now_ns >= 2 * self.until - self.new.start

    def state(self, claim: Claim, mono_ns: int) -> CounterState:
        """Returns what is used and held. The use of a rate is the part that has not drained."""
        if claim.kind in _RATES:
            new = self.new
            return CounterState(max(0, new.start - mono_ns), new.held, new.excess)
        if claim.kind is _OPEN:
            return CounterState(self.new.held, self.new.held)
        window = self.window(claim.start_ns)
        later = self.old.start != NO_WINDOW and claim.start_ns > self.old.start
        if window.start != claim.start_ns and (later or claim.start_ns > self.new.start):
            return CounterState()  # its first call will open it
        return CounterState(window.used, window.held, window.excess)

    def _encode_tail(self) -> bytes:
        old = self.old
        self._tail = ROW_TAIL.pack(old.start, old.used, old.held, old.excess, self.until, self.kind)
        return self._tail
