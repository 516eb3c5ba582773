"""The report of a run: what each metric measured, with denominators and intervals; slices."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from penstock.rules.document import Document
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.summaries import OTHERS, MetricFigures, SummaryBuilder
from penstock.rules.gates.values import mean_interval
from penstock.rules.scores.vocabulary import ScoreState
from penstock.rules.statistics.intervals import mean_of
from penstock.rules.statistics.running import RunningMean

MAX_LABELS: Final = 100  # labels of a metric that are counted; the rest together as `(others)`
MAX_FIELDS: Final = 8  # members of metadata by which a report is sliced
MAX_SLICES: Final = 20  # values of one of them; others with more values give no slices
MAX_SEEN_FIELDS: Final = 64  # members of metadata that may give slices: the first ones
LEAST_ITEMS: Final = 10  # of a slice; with fewer, an interval says nothing
LEVEL: Final = 0.95


class Estimate(Document, frozen=True):
    """A mean over items with its interval. All are `None` where nothing was scored; the interval
    alone, where the data do not show how much they vary."""

    items: int = 0
    mean: float | None = None
    low: float | None = None
    high: float | None = None


class SliceReport(Document, frozen=True):
    """A metric on the items that have a value of a member of their metadata."""

    field: str
    value: str
    estimate: Estimate


class SampledItem(NamedTuple):
    """An item that has samples. Items of a group depend on each other; `facets` are short members
    of its metadata."""

    id: str
    group: str = ""
    facets: Mapping[str, str] = {}


class MetricReport(Document, frozen=True):
    """The figures of a metric. `states`: how many samples ended in each; `scored` of `samples` have
    a value. `labels`: how often each was given, for metrics with labels. `figures`: what the mean
    does not show, for metrics with a summary."""

    name: str
    facts: MetricFacts
    samples: int
    scored: int
    states: dict[str, int]
    estimate: Estimate
    labels: dict[str, int] = {}  # noqa: RUF012 - msgspec copies it for each report
    slices: tuple[SliceReport, ...] = ()
    figures: MetricFigures | None = None


class ReportBuilder:
    """Counts the measurements of one metric. The values of items are not kept: the repeats of an
    item come one after the other, and then count as their mean."""

    def __init__(self, name: str, facts: MetricFacts) -> None:
        self._name = name
        self._facts = facts
        self._states: dict[ScoreState, int] = {}
        self._labels: dict[str, int] = {}
        self._summary = SummaryBuilder(facts.summary)
        self._mean = RunningMean()
        self._slices = _SliceBuilder()
        self._item = SampledItem("")
        self._repeats: list[float] = []

    def add(self, item: SampledItem, found: Measurement) -> None:
        """Adds a measurement of a sample of an item."""
        self._states[found.state] = self._states.get(found.state, 0) + 1
        if found.state is not ScoreState.SCORED:
            return
        self._summary.add(found)
        if self._facts.kind is MetricKind.LABEL:
            label = str(found.value)
            known = label in self._labels or len(self._labels) < MAX_LABELS
            label = label if known else OTHERS
            self._labels[label] = self._labels.get(label, 0) + 1
        elif isinstance(found.value, bool | int | float):
            if item.id != self._item.id:
                self._end_item()
                self._item = item
            self._repeats.append(float(found.value))

    def report(self) -> MetricReport:
        """Returns the report."""
        self._end_item()
        return MetricReport(
            self._name,
            self._facts,
            sum(self._states.values()),
            self._states.get(ScoreState.SCORED, 0),
            {state.value: count for state, count in self._states.items()},
            _estimate(self._facts, self._mean),
            self._labels,
            tuple(self._slices.reports(self._facts)),
            self._summary.figures(),
        )

    def _end_item(self) -> None:
        if self._repeats:
            value = mean_of(self._repeats)
            self._mean.add(value, self._item.group)
            self._slices.add(value, self._item)
            self._repeats = []


class _SliceBuilder:
    """The means of a metric by members of the items' metadata. A member with more values than
    slices may have is dropped as soon as it has them."""

    def __init__(self) -> None:
        self._means: dict[str, dict[str, RunningMean]] = {}
        self._dropped: set[str] = set()

    def add(self, value: float, item: SampledItem) -> None:
        for field, text in item.facets.items():
            if field in self._dropped:
                continue
            seen = len(self._means) + len(self._dropped)
            if field not in self._means and seen >= MAX_SEEN_FIELDS:
                continue
            means = self._means.setdefault(field, {})
            means.setdefault(text, RunningMean()).add(value, item.group)
            if len(means) > MAX_SLICES:
                del self._means[field]
                self._dropped.add(field)

    def reports(self, facts: MetricFacts) -> Iterator[SliceReport]:
        useful = [field for field, means in self._means.items() if len(means) > 1]
        for field in sorted(useful)[:MAX_FIELDS]:
            for text, mean in sorted(self._means[field].items()):
                if mean.count >= LEAST_ITEMS:
                    yield SliceReport(field, text, _estimate(facts, mean))


def estimate(facts: MetricFacts, means: Mapping[str, float], groups: Mapping[str, str]) -> Estimate:
    """Returns the mean over items, with its interval of 95 %."""
    if not means:
        return Estimate()
    mean = sum(means.values()) / len(means)
    found = mean_interval(facts, means, groups, LEVEL)
    if found is None:
        return Estimate(len(means), mean)
    return Estimate(len(means), mean, found.low, found.high)


def _estimate(facts: MetricFacts, mean: RunningMean) -> Estimate:
    found = mean.interval(LEVEL, is_rate=facts.kind is MetricKind.RATE)
    if found is None:
        return Estimate(mean.count, mean.mean)
    return Estimate(mean.count, mean.mean, found.low, found.high)
