"""Figures over all measurements of a metric, beside its mean: what `MetricFacts.summary` names."""

from collections import Counter
from collections.abc import Iterable
from typing import Final, assert_never

import msgspec

from penstock.rules.document import Document
from penstock.rules.evaluation.classification import (
    ClassificationFigures,
    Labelled,
    classification_figures,
)
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.metrics import MetricSummary
from penstock.rules.evaluation.pairwise import OrderCounts, PairChoice, order_counts
from penstock.rules.scores.vocabulary import ScoreState
from penstock.rules.statistics.intervals import Interval, wilson

MAX_LABELS: Final = 100  # labels of a classification; the rest together as `(others)`
MAX_FIELDS: Final = 500  # fields of an extraction; the rest together as `(others)`
OTHERS: Final = "(others)"
_WRONG_OTHERS: Final = "(other than expected)"  # one of the rest, where another was expected


class FieldFigures(Document, frozen=True):
    """The share of samples in which a field was right, over those that expect it."""

    field: str
    right: int
    size: int
    rate: Interval | None


class MetricFigures(Document, frozen=True):
    """The figures of a metric: those of its kind of summary."""

    classification: ClassificationFigures | None = None
    fields: tuple[FieldFigures, ...] = ()
    order: OrderCounts | None = None


class _FieldDetails(msgspec.Struct):
    fields: dict[str, bool]


class _OrderDetails(msgspec.Struct):
    orders: tuple[PairChoice, PairChoice]


class SummaryBuilder:
    """Counts the measurements of a metric. Details that are not those of its summary do not count:
    evaluators are plugins."""

    def __init__(self, kind: MetricSummary) -> None:
        self._kind = kind
        self._labels: set[str] = set()
        self._pairs: Counter[Labelled] = Counter()
        self._right: Counter[str] = Counter()
        self._size: Counter[str] = Counter()
        self._orders: Counter[tuple[PairChoice, PairChoice]] = Counter()

    def add(self, found: Measurement) -> None:
        """Adds a measurement; only those that are scored count."""
        if self._kind is MetricSummary.NONE or found.state is not ScoreState.SCORED:
            return
        try:
            self._count(found)
        except msgspec.ValidationError:
            return

    def figures(self) -> MetricFigures | None:
        """Returns the figures; none if nothing was counted."""
        if self._pairs:
            return MetricFigures(classification=classification_figures(self._pairs.elements()))
        if self._size:
            return MetricFigures(fields=tuple(map(self._field, sorted(self._size))))
        if self._orders:
            return MetricFigures(order=order_counts(self._orders.elements()))
        return None

    def _count(self, found: Measurement) -> None:
        match self._kind:
            case MetricSummary.NONE:
                pass
            case MetricSummary.CLASSIFICATION:
                pair = msgspec.convert(
                    (found.details.get("expected"), found.details.get("predicted")), Labelled
                )
                self._pairs[self._bounded(pair)] += 1
            case MetricSummary.FIELDS:
                for name, right in msgspec.convert(found.details, _FieldDetails).fields.items():
                    known = name in self._size or len(self._size) < MAX_FIELDS
                    self._size[name if known else OTHERS] += 1
                    self._right[name if known else OTHERS] += right
            case MetricSummary.ORDER:
                self._orders[msgspec.convert(found.details, _OrderDetails).orders] += 1
            case _:
                assert_never(self._kind)

    def _bounded(self, pair: Labelled) -> Labelled:
        """Right stays right and wrong stays wrong, so that the accuracy is exact."""
        expected, predicted = map(self._known, pair)
        if expected == predicted == OTHERS and pair.expected != pair.predicted:
            predicted = _WRONG_OTHERS
        return Labelled(expected, predicted)

    def _known(self, label: str) -> str:
        if label not in self._labels and len(self._labels) >= MAX_LABELS:
            return OTHERS
        self._labels.add(label)
        return label

    def _field(self, name: str) -> FieldFigures:
        right, size = self._right[name], self._size[name]
        return FieldFigures(name, right, size, wilson(right, size))


def summarize(kind: MetricSummary, measurements: Iterable[Measurement]) -> MetricFigures | None:
    """Returns the figures over the measurements that are scored; none if the metric has none."""
    builder = SummaryBuilder(kind)
    for each in measurements:
        builder.add(each)
    return builder.figures()
