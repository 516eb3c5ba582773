"""Values of limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol

from penstock.features.limits.forecast import Forecast
from penstock.infra.stored_documents import StoredDocument
from penstock.rules.claims import Claim, CounterState
from penstock.rules.limits.documents import LimitEntry, Otherwise, Over

ID_KIND: Final = "lim"  # the begin of the ids of limits
_KNOWN_AFTER_NS: Final = 5 * 10**9  # until gateways know a new limit and count its calls


StoredLimit = StoredDocument[LimitEntry]


@dataclass(frozen=True, slots=True)
class LimitChange:
    """The new values of a limit; `None` keeps the present one."""

    name: str | None = None
    amount: Decimal | None = None
    only: Mapping[str, tuple[str, ...]] | None = None
    unpriced: Otherwise | None = None
    unavailable: Otherwise | None = None
    over: Over | None = None


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
    forecast: Forecast | None = None


@dataclass(frozen=True, slots=True)
class LimitHistory:
    """The amounts that recorded calls have used in successive time buckets, the last one up to now.
    `recent` is the forecast at the rate of the last `recent_ms`."""

    start_ms: int
    bucket_ms: int
    used: Sequence[Decimal]
    recent_ms: int = 0
    recent: Forecast | None = None


@dataclass(frozen=True, slots=True)
class CounterUse:
    """The use of the counter of some values."""

    values: Sequence[str]
    use: LimitUse


class UsedPart(Protocol):
    """The use of the recorded calls with the same `values` in one time bucket."""

    @property
    def values(self) -> Sequence[str]: ...
    @property
    def bucket(self) -> int: ...
    @property
    def requests(self) -> int: ...
    @property
    def tokens(self) -> int: ...
    @property
    def cost(self) -> Decimal | None: ...


class PastUse(Protocol):
    """The records of calls."""

    def __call__(
        self,
        project_id: str,
        start_ns: int,
        end_ns: int,
        dimensions: Sequence[str],
        *,
        only: Mapping[str, Sequence[str]],
        width_ns: int,
    ) -> Sequence[UsedPart]:
        """Returns what the calls of a time range with one of the values `only` have used, by the
        values of dimensions, in buckets of `width_ns` (0: all in one). Raises `PenstockError`
        while the records cannot be read."""
        ...


class CounterView(Protocol):
    """The counters of the gateways on this machine."""

    def read(self, claim: Claim) -> CounterState:
        """Returns the state of the claim's counter."""
        ...


def counted_from_ns(limit: StoredLimit) -> int:
    """Returns the time from which gateways count: the first 48 bits of the id are that of its
    creation. 0 for budgets of rollouts, which have no such id."""
    kind, _, digits = limit.entry.id.partition("_")
    if kind != ID_KIND:
        return 0
    try:
        return int(digits[:12], 16) * 1_000_000 + _KNOWN_AFTER_NS
    except ValueError:
        return 0
