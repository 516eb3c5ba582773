"""Figures over all measurements of a metric, beside its mean: what `MetricFacts.summary` names."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, assert_never

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


class FieldFigures(Document, frozen=True):
    """The share of samples in which a field was right, over those that expect it."""

    field: str
    right: int
    size: int
    rate: Interval | None


Summary = ClassificationFigures | tuple[FieldFigures, ...] | OrderCounts | None


def summarize(kind: MetricSummary, measurements: Iterable[Measurement]) -> Summary:
    """Returns the figures over the measurements that are scored; none if the metric has none."""
    details = [each.details for each in measurements if each.state is ScoreState.SCORED]
    match kind:
        case MetricSummary.NONE:
            return None
        case MetricSummary.CLASSIFICATION:
            pairs = (Labelled(each["expected"], each["predicted"]) for each in details)
            return classification_figures(pairs)
        case MetricSummary.FIELDS:
            return _fields(each["fields"] for each in details)
        case MetricSummary.ORDER:
            return order_counts(
                (PairChoice(forward), PairChoice(backward))
                for forward, backward in (each["orders"] for each in details if each["orders"])
            )
        case _:
            assert_never(kind)


def _fields(samples: Iterable[dict[str, Any]]) -> tuple[FieldFigures, ...]:
    right: Counter[str] = Counter()
    size: Counter[str] = Counter()
    for fields in samples:
        size.update(fields.keys())
        right.update(name for name, found in fields.items() if found)
    return tuple(
        FieldFigures(name, right[name], size[name], wilson(right[name], size[name]))
        for name in sorted(size)
    )
