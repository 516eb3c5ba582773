"""Classification over all samples: confusion, and precision, recall and F1 of each label."""

from collections import Counter
from collections.abc import Iterable
from math import sqrt
from typing import NamedTuple

from penstock.rules.document import Document
from penstock.rules.statistics.intervals import Interval, wilson


class LabelFigures(Document, frozen=True):
    """One label. A figure is none where its denominator is 0: the label was never predicted
    (precision), or never expected (recall)."""

    label: str
    expected: int
    predicted: int
    right: int
    precision: Interval | None = None
    recall: Interval | None = None
    f1: float | None = None


class ClassificationFigures(Document, frozen=True):
    """All labels. `macro_f1` is the mean over the labels that were expected; one of them that was
    never predicted counts as 0. `confusion`: expected, predicted, count. `mcc` is Matthews'
    correlation for any number of labels, none if only one was expected or predicted."""

    size: int
    accuracy: Interval | None
    macro_f1: float | None
    mcc: float | None
    labels: tuple[LabelFigures, ...]
    confusion: tuple[tuple[str, str, int], ...]


class Labelled(NamedTuple):
    """One sample."""

    expected: str
    predicted: str


def classification_figures(samples: Iterable[Labelled]) -> ClassificationFigures:
    """Returns the figures, rates with Wilson intervals. C. van Rijsbergen, Information Retrieval
    (1979), for F; J. Gorodkin, Comparing Two K-category Assignments (2004), for the correlation."""
    pairs = Counter((each.expected, each.predicted) for each in samples)
    size = pairs.total()
    rows: Counter[str] = Counter()
    columns: Counter[str] = Counter()
    for (expected, predicted), count in pairs.items():
        rows[expected] += count
        columns[predicted] += count
    names = sorted(rows.keys() | columns.keys())
    labels = tuple(_figures(each, rows[each], columns[each], pairs[each, each]) for each in names)
    scores = [each.f1 or 0.0 for each in labels if each.expected]
    return ClassificationFigures(
        size,
        wilson(sum(pairs[each, each] for each in names), size),
        sum(scores) / len(scores) if scores else None,
        _correlation(pairs, rows, columns),
        labels,
        tuple((*pair, count) for pair, count in sorted(pairs.items())),
    )


def _figures(label: str, expected: int, predicted: int, right: int) -> LabelFigures:
    return LabelFigures(
        label,
        expected,
        predicted,
        right,
        wilson(right, predicted),
        wilson(right, expected),
        2 * right / (expected + predicted),
    )


def _correlation(
    pairs: Counter[tuple[str, str]], rows: Counter[str], columns: Counter[str]
) -> float | None:
    size = pairs.total()
    right = sum(pairs[each, each] for each in rows)
    spread = (size**2 - sum(each**2 for each in rows.values())) * (
        size**2 - sum(each**2 for each in columns.values())
    )
    if not spread:
        return None
    return (right * size - sum(rows[each] * columns[each] for each in rows)) / sqrt(spread)
