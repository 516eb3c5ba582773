"""Claims on counters: amounts that a call asks for, with the caps that they must stay below.

Amounts of rates are nanoseconds of the rate: one unit of a limit of 60 a minute is a second.
"""

from enum import IntEnum
from typing import Final, NamedTuple

import msgspec

MAX_CLAIMS: Final = 16  # of one reservation
MAX_AMOUNT: Final = 2**53  # of one claim; larger ones are cut
MAX_CAP: Final = 2**61  # of one claim; larger ones are cut


class CounterKind(IntEnum):
    """The amounts that a counter compares with its cap."""

    WINDOW = 1  # settled and reserved amounts of one window
    RATE = 2  # GCRA; an amount counts when it is reserved, whatever becomes of the call
    HELD_RATE = 3  # GCRA; an amount counts when it is settled, and is held until then
    OPEN = 4  # reserved amounts only


_RATES: Final = (CounterKind.RATE, CounterKind.HELD_RATE)


class Claim(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An amount on one counter. `start_ns` and `end_ns` are the window, for a `WINDOW`.

    `others`: the counter that is used instead when there is no space for another one. It is set
    for counters of values that callers choose. The claims of a call have one `project`.
    """

    key: bytes  # 16 bytes
    kind: CounterKind
    amount: int
    cap: int
    start_ns: int = 0
    end_ns: int = 0
    others: bytes = b""
    project: str = ""


class CapReached(NamedTuple):
    """The claim that did not fit; nothing was reserved. `wait_ns` is the time until it may fit,
    `None` if it never does or if that depends on other calls."""

    claim: int
    left: int
    wait_ns: int | None


class CounterState(NamedTuple):
    """The amounts that a counter has now. `excess`: the part of `used` that no reservation
    covered."""

    used: int = 0
    held: int = 0
    excess: int = 0


def space_of(claim: Claim, state: CounterState) -> int:
    """Returns what may still be reserved on a claim's counter; below 0 above its cap."""
    return claim.cap - state.used - state.held


def cap_reached(index: int, claim: Claim, space: int, now_ns: int) -> CapReached:
    """Returns the answer for a claim that does not fit into the space of its counter."""
    wait_ns: int | None = None
    if claim.amount <= claim.cap and claim.kind == CounterKind.WINDOW:
        wait_ns = max(0, claim.end_ns - now_ns)
    elif claim.amount <= claim.cap and claim.kind in _RATES:
        wait_ns = max(0, claim.amount - space)
    return CapReached(index, max(0, space), wait_ns)
