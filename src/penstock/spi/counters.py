"""The interface of counters: sums that all gateway workers share. A call reserves amounts on
several counters at once, all or nothing, and settles later with what it used.
"""

from collections.abc import Sequence
from typing import Protocol

from penstock.kernel.errors import Overloaded
from penstock.rules.claims import CapReached, Claim, CounterState


class Reservation:
    """Amounts that are reserved. `left` is what each counter had left afterwards."""

    __slots__ = ("claims", "left", "open", "place")

    def __init__(self, claims: Sequence[Claim], left: Sequence[int], place: int) -> None:
        self.claims = claims
        self.left = left
        self.place = place
        self.open = True


class CountersUnavailable(Overloaded):
    """The counters cannot be changed now: the policy of a limit decides what happens to a call."""

    default_code = "limits_unavailable"


class Counters(Protocol):
    """The counters of all limits."""

    async def reserve(self, claims: Sequence[Claim]) -> Reservation | CapReached:
        """Reserves all claims, or none. Raises `CountersUnavailable`."""
        ...

    async def reserve_allowance(self, claims: Sequence[Claim]) -> Reservation | None:
        """Reserves within what this machine may use while the counters cannot be changed; `None`
        if that is not counted. Raises `CountersUnavailable` if it is used up."""
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


class RunningCounters(Counters, Protocol):
    """Counters with the work that they need beside calls."""

    @property
    def problem(self) -> str:
        """The reason why they cannot be changed now; empty if they can."""
        ...

    @property
    def notice(self) -> str:
        """A sentence that an operator should know although they can."""
        ...

    async def run(self) -> None:
        """Does what is late, and settles what ended workers have left. Never returns."""
        ...

    def close(self) -> None:
        """Ends the use."""
        ...


class CounterReader(Protocol):
    """Reads counters without changing them."""

    def read(self, claim: Claim) -> CounterState:
        """Returns the state of the claim's counter in its window."""
        ...
