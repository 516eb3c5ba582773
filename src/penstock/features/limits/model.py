"""Values of limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from penstock.rules.claims import Claim, CounterState
from penstock.rules.limits import LimitEntry, Otherwise


@dataclass(frozen=True, slots=True)
class StoredLimit:
    """A limit of a project."""

    project_id: str
    entry: LimitEntry
    updated_ms: int


@dataclass(frozen=True, slots=True)
class LimitChange:
    """The new values of a limit; `None` keeps the present one."""

    name: str | None = None
    amount: Decimal | None = None
    only: Mapping[str, tuple[str, ...]] | None = None
    unpriced: Otherwise | None = None
    unavailable: Otherwise | None = None


@dataclass(frozen=True, slots=True)
class LimitUse:
    """The state of a counter of a limit, in the unit of the limit. `reserved` are open calls;
    `exceeded` is the part of `used` that no reservation covered. The window is 0 for a rate and
    for concurrency."""

    used: Decimal
    reserved: Decimal
    left: Decimal
    exceeded: Decimal
    window_start_ms: int = 0
    window_end_ms: int = 0


class UsedPart(Protocol):
    """The use of the recorded calls with the same `values`."""

    @property
    def values(self) -> Sequence[str]: ...
    @property
    def requests(self) -> int: ...
    @property
    def tokens(self) -> int: ...
    @property
    def cost(self) -> Decimal | None: ...


class PastUse(Protocol):
    """The records of calls."""

    def __call__(
        self, project_id: str, start_ns: int, end_ns: int, dimensions: Sequence[str]
    ) -> Sequence[UsedPart]:
        """Returns what the calls of a time range have used, by the values of dimensions. Raises
        `PenstockError` while the records cannot be read."""
        ...


class CounterView(Protocol):
    """The counters of the gateways on this machine."""

    def read(self, claim: Claim) -> CounterState:
        """Returns the state of the claim's counter."""
        ...
