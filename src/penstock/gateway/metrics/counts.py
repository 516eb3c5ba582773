"""Counters and histograms of one worker, cheap enough for the hot path.

`prometheus.py` renders them.
"""

from typing import Final

from penstock.gateway.metrics.gen_ai import GenAiMetrics
from penstock.gateway.metrics.histogram import OTHER, Histogram, as_label
from penstock.gateway.metrics.stages import StageTimes
from penstock.rules.call import CallEnd

MAX_SERIES: Final = 500  # pairs of provider and model; further ones share the pair `other`
MAX_OUTCOMES: Final = (
    64  # combinations of operation, status and error per pair; further ones share the error `other`
)
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


class Series:
    """The counters of one provider and model."""

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
    """The counters of one worker since its start."""

    def __init__(self) -> None:
        self.series: dict[tuple[str, str], Series] = {}  # by labels
        self._known: dict[tuple[str, str], Series] = {}  # by the names in the records
        self.overhead = Histogram(OVERHEAD_SECONDS)
        self.gen_ai = GenAiMetrics()
        self.stages = StageTimes()

    def observe(self, record: CallEnd, model: str) -> None:
        """Counts one finished call. `model` is its label, empty if no provider was called."""
        series = self._known.get((record.provider, model)) or self._add(record.provider, model)
        begin = record.begin
        _count(series, begin.operation, record.http_status, record.error_type)
        seconds = (record.end_ns - begin.start_ns) / 1e9
        series.duration.observe(seconds)
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
        self.gen_ai.observe(record, model, seconds)

    def count_unrecorded(self, operation: str, status: int, error: str) -> None:
        """Counts one call without a valid key that has no record."""
        series = self._known.get(("", "")) or self._add("", "")
        _count(series, operation, status, error)

    def _add(self, provider: str, model: str) -> Series:
        """Names with the same label share a series: a page must not repeat a series."""
        labels = as_label(provider), as_label(model)
        if labels not in self.series and len(self.series) >= MAX_SERIES:
            labels = provider and OTHER, OTHER
        series = self.series.setdefault(labels, Series())
        if len(self._known) < MAX_SERIES:
            self._known[provider, model] = series
        return series


def _count(series: Series, operation: str, status: int, error: str) -> None:
    how, requests = (operation, status, error), series.requests
    count = requests.get(how)
    if count is None and len(requests) >= MAX_OUTCOMES:
        how = (operation, status - status % 100, OTHER)
        count = requests.get(how)
    requests[how] = (count or 0) + 1
