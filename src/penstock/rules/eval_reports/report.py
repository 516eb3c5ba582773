"""The report of a run: what each metric measured, with denominators and intervals; slices."""

from collections.abc import Mapping, Sequence
from typing import Final

from penstock.rules.document import Document
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.summaries import OTHERS, MetricFigures, SummaryBuilder
from penstock.rules.gates.values import MetricValues, mean_interval
from penstock.rules.scores.vocabulary import ScoreState

MAX_LABELS: Final = 100  # labels of a metric that are counted; the rest together as `(others)`
MAX_FIELDS: Final = 8  # members of metadata by which a report is sliced
MAX_SLICES: Final = 20  # values of one of them; others with more values give no slices
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
    """Collects the measurements of one metric."""

    def __init__(self, name: str, facts: MetricFacts) -> None:
        self._name = name
        self._facts = facts
        self._states: dict[ScoreState, int] = {}
        self._values: dict[str, tuple[float, ...]] = {}  # half as large as lists
        self._labels: dict[str, int] = {}
        self._summary = SummaryBuilder(facts.summary)

    def add(self, item_id: str, found: Measurement) -> None:
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
            value = float(found.value)
            self._values[item_id] = (*self._values.get(item_id, ()), value)

    def values(self) -> MetricValues:
        """Returns the values by item."""
        return MetricValues(self._values, self._states)

    def report(
        self, groups: Mapping[str, str], facets: Mapping[str, Mapping[str, str]]
    ) -> MetricReport:
        """Returns the report. `groups` and `facets` are of the items, by id."""
        means = self.values().per_item()
        return MetricReport(
            self._name,
            self._facts,
            sum(self._states.values()),
            self._states.get(ScoreState.SCORED, 0),
            {state.value: count for state, count in self._states.items()},
            estimate(self._facts, means, groups),
            self._labels,
            tuple(_slices(self._facts, means, groups, facets)),
            self._summary.figures(),
        )


def estimate(facts: MetricFacts, means: Mapping[str, float], groups: Mapping[str, str]) -> Estimate:
    """Returns the mean over items, with its interval of 95 %."""
    if not means:
        return Estimate()
    mean = sum(means.values()) / len(means)
    found = mean_interval(facts, means, groups, LEVEL)
    if found is None:
        return Estimate(len(means), mean)
    return Estimate(len(means), mean, found.low, found.high)


def _slices(
    facts: MetricFacts,
    means: Mapping[str, float],
    groups: Mapping[str, str],
    facets: Mapping[str, Mapping[str, str]],
) -> Sequence[SliceReport]:
    by_field: dict[str, dict[str, dict[str, float]]] = {}
    for item_id, mean in means.items():
        for field, value in facets.get(item_id, {}).items():
            by_field.setdefault(field, {}).setdefault(value, {})[item_id] = mean
    found: list[SliceReport] = []
    useful = [name for name, values in by_field.items() if 1 < len(values) <= MAX_SLICES]
    for field in sorted(useful)[:MAX_FIELDS]:
        for value, part in sorted(by_field[field].items()):
            if len(part) >= LEAST_ITEMS:
                found.append(SliceReport(field, value, estimate(facts, part, groups)))
    return found
