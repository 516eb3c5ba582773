"""The use of limits over time, from the records of calls."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from penstock.features.limits.forecast import Forecast, TimeSpan, forecast
from penstock.features.limits.model import LimitHistory, LimitUse, PastUse, StoredLimit
from penstock.features.limits.recorded import RecordedUse
from penstock.rules.claims import CounterKind
from penstock.rules.limits.index import Limit
from penstock.rules.limits.windows import WindowUnit

_S: Final = 10**9
_MIN: Final = 60 * _S
_HOUR: Final = 60 * _MIN
_MS: Final = 10**6
MAX_COUNTERS: Final = 100  # of one limit that are listed


class _Buckets(NamedTuple):
    """The width of buckets, and the time whose rate is the recent one."""

    width_ns: int
    recent_ns: int


_OF_WINDOW: Final[Mapping[WindowUnit, _Buckets]] = {
    WindowUnit.SECOND: _Buckets(_S, _S),
    WindowUnit.MINUTE: _Buckets(_S, 10 * _S),
    WindowUnit.HOUR: _Buckets(_MIN, 10 * _MIN),
    WindowUnit.DAY: _Buckets(15 * _MIN, 3 * _HOUR),
    WindowUnit.WEEK: _Buckets(2 * _HOUR, 24 * _HOUR),
    WindowUnit.MONTH: _Buckets(6 * _HOUR, 24 * _HOUR),
}
# A rate has no window: the buckets of its unit, and how many of them are shown.
_OF_RATE: Final[Mapping[WindowUnit, tuple[int, int]]] = {
    WindowUnit.SECOND: (_S, 120),
    WindowUnit.MINUTE: (_MIN, 60),
    WindowUnit.HOUR: (_HOUR, 48),
}
_LATELY_NS: Final = 24 * _HOUR  # in which the values of rates and concurrency are looked for


class UseHistory:
    """Reads how much of limits was used when. Methods raise `PenstockError` while the records of
    calls cannot be read."""

    def __init__(self, past_use: PastUse) -> None:
        self._recorded = RecordedUse(past_use)

    def read(
        self, stored: StoredLimit, values: Sequence[str], use: LimitUse, now_ns: int
    ) -> LimitHistory:
        """Returns the use since the window began, or lately for a rate; nothing for concurrency."""
        limit = Limit(stored.project_id, stored.entry)
        unit = stored.entry.window
        if unit is None:
            return LimitHistory(now_ns // _MS, 0, ())
        if limit.is_rate:
            width_ns, count = _OF_RATE[unit]
            start_ns = (now_ns // width_ns + 1 - count) * width_ns
            used = self._recorded.by_time(stored, values, start_ns, count, width_ns)
            return LimitHistory(start_ns // _MS, width_ns // _MS, _amounts(limit, used))
        start_ns, end_ns = limit.window(now_ns)
        width_ns = _OF_WINDOW[unit].width_ns
        count = (now_ns - start_ns) // width_ns + 1
        used = self._recorded.by_time(stored, values, start_ns, count, width_ns)
        window = TimeSpan(start_ns // _MS, end_ns // _MS)
        amounts = _amounts(limit, used)
        recent_ms, recent = _recent(stored, use.used, window, amounts, now_ns // _MS)
        return LimitHistory(window.start_ms, width_ns // _MS, amounts, recent_ms, recent)

    def values(self, stored: StoredLimit, now_ns: int) -> list[Sequence[str]]:
        """Returns the values with the most recorded use in the window, or lately."""
        limit = Limit(stored.project_id, stored.entry)
        start_ns = now_ns - _LATELY_NS
        if limit.kind == CounterKind.WINDOW:
            start_ns = limit.window(now_ns)[0]
        found = self._recorded.by_values(stored, start_ns, now_ns + 1)
        return sorted(found, key=lambda values: found[values], reverse=True)[:MAX_COUNTERS]


def _amounts(limit: Limit, used: Sequence[int]) -> list[Decimal]:
    """Recorded amounts of rates are whole units already."""
    if limit.is_rate:
        return [Decimal(amount) for amount in used]
    return [limit.in_units(amount) for amount in used]


def _recent(
    stored: StoredLimit, used: Decimal, window: TimeSpan, amounts: Sequence[Decimal], now_ms: int
) -> tuple[int, Forecast | None]:
    """Returns the forecast at the rate of the last buckets, and how long these are: whole ones and
    the present one."""
    width_ns, recent_ns = _OF_WINDOW[stored.entry.window or WindowUnit.MONTH]
    last = amounts[-1 - recent_ns // width_ns :]
    in_ms = now_ms - window.start_ms - (len(amounts) - len(last)) * width_ns // _MS
    recent = (sum(last, Decimal(0)), in_ms)
    return in_ms, forecast(used, stored.entry.amount, window, now_ms, recent)
