"""What the gateway counts about its calls, cheap enough for the hot path.

Owns the numbers of one worker. How they look in Prometheus' format is `exposition.py`'s.
"""

from bisect import bisect_left
from typing import Final

from penstock.rules.call import CallEnd

MAX_SERIES: Final = 500  # model names come from callers: beyond this they share one series
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
OVERHEAD_SECONDS: Final = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    1.0,
)


class Histogram:
    """Counts per bucket; the last one is `+Inf`."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Series:
    """All that is counted for one provider and model."""

    __slots__ = (
        "cache_read_tokens",
        "cost_usd",
        "duration",
        "first_token",
        "input_tokens",
        "output_tokens",
        "requests",
        "unpriced",
    )

    def __init__(self) -> None:
        self.requests: dict[tuple[str, int, str], int] = {}  # operation, HTTP status, error code
        self.input_tokens = 0
        self.cache_read_tokens = 0
        self.output_tokens = 0
        self.cost_usd = 0.0  # for dashboards; money itself is Decimal, in the records
        self.unpriced = 0
        self.duration = Histogram(SECONDS)
        self.first_token = Histogram(SECONDS)


class Metrics:
    """Everything one worker has counted since it started."""

    def __init__(self) -> None:
        self.series: dict[tuple[str, str], Series] = {}
        self.overhead = Histogram(OVERHEAD_SECONDS)

    def observe(self, record: CallEnd) -> None:
        """Count one call that is over."""
        model = record.attempts[-1].model if record.attempts else ""
        series = self._series(record.provider, model)
        begin = record.begin
        how = (begin.operation, record.http_status, record.error_type)
        series.requests[how] = series.requests.get(how, 0) + 1
        series.duration.observe((record.end_ns - begin.start_ns) / 1e9)
        self.overhead.observe(record.overhead_ns / 1e9)
        if record.first_token_ns:
            series.first_token.observe((record.first_token_ns - begin.start_ns) / 1e9)
        usage = record.usage
        series.input_tokens += usage.input_tokens
        series.cache_read_tokens += usage.cache_read_tokens
        series.output_tokens += usage.output_tokens
        if record.cost:
            series.cost_usd += float(record.cost)
        elif not record.error_type:
            series.unpriced += 1

    def _series(self, provider: str, model: str) -> Series:
        found = self.series.get((provider, model))
        if found is None:
            if len(self.series) >= MAX_SERIES:
                provider, model = provider and "other", "other"
            found = self.series.setdefault((provider, model), Series())
        return found
