"""Agreement of raters, such as a judge and annotators, beyond what is expected at random."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from enum import StrEnum
from math import sqrt
from random import Random
from typing import Final

from penstock.rules.statistics.distributions import normal_quantile
from penstock.rules.statistics.intervals import Interval, percentiles, wilson

RESAMPLES: Final = 1_000  # of the items, for an interval
_NO_WIDTH: Final = 1e-7
_LEAST_DEFINED: Final = 0.95  # share of resamples in which the figure is defined


class LabelScale(StrEnum):
    """The kinds of labels: how far apart two of them are."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"


def cohen_kappa(
    first: Sequence[Hashable], second: Sequence[Hashable], level: float = 0.95
) -> Interval | None:
    """Returns the agreement of two raters with its large-sample interval; none without items, or if
    both give one and the same label only, so that random labels would agree as well.

    J. Cohen, A Coefficient of Agreement for Nominal Scales (1960); error: J. Fleiss, J. Cohen,
    B. Everitt, Large Sample Standard Errors of Kappa and Weighted Kappa (1969), equation 13. Where
    that error is 0, as in full agreement, the interval is Wilson's of the observed agreement.
    Raises `ValueError` if lengths differ.
    """
    if len(first) != len(second):
        raise ValueError("both raters label the same items")
    size = len(first)
    pairs, rows, columns = Counter(zip(first, second, strict=True)), Counter(first), Counter(second)
    agreed = sum(pairs[label, label] for label in rows)
    observed = agreed / size if size else 1.0
    expected = sum(rows[label] * columns[label] for label in rows) / size**2 if size else 1.0
    if expected == 1:
        return None
    kappa = (observed - expected) / (1 - expected)
    variance = sum(
        pairs[label, label]
        / size
        * (1 - expected - (rows[label] + columns[label]) / size * (1 - observed)) ** 2
        for label in rows
    )
    variance += (1 - observed) ** 2 * sum(
        count / size * ((columns[row] + rows[column]) / size) ** 2
        for (row, column), count in pairs.items()
        if row != column
    )
    variance -= (observed * expected - 2 * expected + observed) ** 2
    half = normal_quantile(level) * sqrt(max(0.0, variance) / size) / (1 - expected) ** 2
    if half < _NO_WIDTH and (rate := wilson(agreed, size, level)):
        low, high = ((each - expected) / (1 - expected) for each in (rate.low, rate.high))
        return Interval(kappa, max(-1.0, low), min(1.0, high))
    return Interval(kappa, max(-1.0, kappa - half), min(1.0, kappa + half))


def krippendorff_alpha(
    items: Sequence[Sequence[float]], scale: LabelScale = LabelScale.NOMINAL
) -> float | None:
    """Returns the agreement of any number of raters; `items` has the labels of each item, missing
    ones left out. None if no item has two labels, or if all labels are equal.

    K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011). Labels are numbers; for the
    nominal scale any numbers that tell them apart.
    """
    return _alpha(Counter(tuple(sorted(each)) for each in items), scale)


def krippendorff_interval(
    items: Sequence[Sequence[float]],
    random: Random,
    scale: LabelScale = LabelScale.NOMINAL,
    level: float = 0.95,
) -> Interval | None:
    """Returns the same with an interval by resampling items; none if it is not defined, is not in
    more than a few resamples, or does not vary between them."""
    patterns = Counter(tuple(sorted(each)) for each in items)
    alpha = _alpha(patterns, scale)
    if alpha is None:
        return None
    drawn = (_alpha(_resampled(patterns, random), scale) for _ in range(RESAMPLES))
    found = sorted(each for each in drawn if each is not None)
    if len(found) < _LEAST_DEFINED * RESAMPLES or found[0] == found[-1]:
        return None
    return Interval(alpha, *percentiles(found, level))


def _alpha(patterns: Mapping[tuple[float, ...], int], scale: LabelScale) -> float | None:
    """The agreement over items that are counted by their labels: many have the same ones."""
    counted = [(Counter(each), count) for each, count in patterns.items() if len(each) > 1]
    totals: Counter[float] = Counter()
    for labels, count in counted:
        for label, times in labels.items():
            totals[label] += times * count
    whole = totals.total()
    distance = _distance(scale, totals)
    expected = _disagreement(totals, distance)
    if not expected:
        return None
    observed = sum(
        count * _disagreement(labels, distance) / (labels.total() - 1) for labels, count in counted
    )
    return 1 - (whole - 1) * observed / expected


def _resampled(
    patterns: Mapping[tuple[float, ...], int], random: Random
) -> Mapping[tuple[float, ...], int]:
    """Items drawn with replacement, as many as there are, counted by their labels."""
    size = sum(patterns.values())
    return Counter(random.choices(list(patterns), list(patterns.values()), k=size))


def _disagreement(counts: Counter[float], distance: Callable[[float, float], float]) -> float:
    """The distance over all ordered pairs."""
    labels = sorted(counts)
    return 2 * sum(
        counts[low] * counts[high] * distance(low, high)
        for at, low in enumerate(labels)
        for high in labels[at + 1 :]
    )


def _distance(scale: LabelScale, totals: Counter[float]) -> Callable[[float, float], float]:
    match scale:
        case LabelScale.NOMINAL:
            return lambda low, high: float(low != high)
        case LabelScale.INTERVAL:
            return lambda low, high: (high - low) ** 2
        case LabelScale.ORDINAL:
            ranks = _middle_ranks(sorted(totals), totals)
            return lambda low, high: (ranks[high] - ranks[low]) ** 2


def _middle_ranks(labels: Iterable[float], totals: Counter[float]) -> dict[float, float]:
    ranks: dict[float, float] = {}
    before = 0
    for label in labels:
        ranks[label] = before + totals[label] / 2
        before += totals[label]
    return ranks
