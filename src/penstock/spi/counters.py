"""The interface of counters: sums that all gateway workers share. A call reserves amounts on
several counters at once, all or nothing, and settles later with what it used.

Amounts of rates are nanoseconds of the rate: one unit of a limit of 60 a minute is a second.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple, Protocol

from penstock.kernel.errors import Overloaded

MAX_CLAIMS: Final = 16  # of one reservation
MAX_AMOUNT: Final = 2**53  # of one claim; larger ones are cut
MAX_CAP: Final = 2**61  # of one claim; larger ones are cut


class CounterKind(IntEnum):
    """The amounts that a counter compares with its cap."""

    WINDOW = 1  # settled and reserved amounts of one window
    RATE = 2  # GCRA; an amount counts when it is reserved, whatever becomes of the call
    HELD_RATE = 3  # GCRA; an amount counts when it is settled, and is held until then
    OPEN = 4  # reserved amounts only


class Claim(NamedTuple):
    """An amount on one counter. `start_ns` and `end_ns` are the window, for a `WINDOW`.

    `others`: the counter that is used instead when there is no space for another one. It is set
    for counters of values that callers choose.
    """

    key: bytes  # 16 bytes
    kind: CounterKind
    amount: int
    cap: int
    start_ns: int = 0
    end_ns: int = 0
    others: bytes = b""


class CapReached(NamedTuple):
    """The claim that did not fit; nothing was reserved. `wait_ns` is the time until it may fit,
    `None` if it never does or if that depends on other calls."""

    claim: int
    left: int
    wait_ns: int | None


class Reservation:
    """Amounts that are reserved. `left` is what each counter had left afterwards."""

    __slots__ = ("claims", "left", "open", "place")

    def __init__(self, claims: Sequence[Claim], left: Sequence[int], place: int) -> None:
        self.claims = claims
        self.left = left
        self.place = place
        self.open = True


class CounterState(NamedTuple):
    """The amounts that a counter has now. `excess`: the part of `used` that no reservation
    covered."""

    used: int = 0
    held: int = 0
    excess: int = 0


class CountersUnavailable(Overloaded):
    """The counters cannot be changed now: the policy of a limit decides what happens to a call."""

    default_code = "limits_unavailable"


class Counters(Protocol):
    """The counters of all limits."""

    async def reserve(self, claims: Sequence[Claim]) -> Reservation | CapReached:
        """Reserves all claims, or none. Raises `CountersUnavailable`."""
        ...

    def dispatched(self, reservation: Reservation) -> None:
        """Notes that the provider is asked: if this process ends now, the reserved amounts count
        as used."""
        ...

    def settle(self, reservation: Reservation, amounts: Sequence[int]) -> None:
        """Replaces the reserved amounts by the true ones, once. Does not fail: what cannot be
        written now is written later."""
        ...

    def release(self, reservation: Reservation) -> None:
        """Returns the reserved amounts, except those of a `RATE`."""
        ...


class CounterReader(Protocol):
    """Reads counters without changing them."""

    def read(self, claim: Claim) -> CounterState:
        """Returns the state of the claim's counter in its window."""
        ...
