"""Values of limits."""

from collections.abc import Mapping
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


class CounterView(Protocol):
    """The counters of the gateways on this machine."""

    def read(self, claim: Claim) -> CounterState:
        """Returns the state of the claim's counter."""
        ...
