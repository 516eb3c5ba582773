"""K. Krippendorff's alpha: the agreement of any number of raters beyond what is random."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp, sqrt
from typing import Final, NamedTuple

from penstock.rules.statistics.distributions import t_quantile
from penstock.rules.statistics.intervals import Interval

_NO_SPREAD: Final = 1e-9

LabelPatterns = Mapping[tuple[float, ...], int]  # how many items have these labels
_Matrix = Sequence[Sequence[float]]


class LabelScale(StrEnum):
    """The kinds of labels: how far apart two of them are."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"


class Alpha(NamedTuple):
    """The agreement. It has no interval if all items say the same of it."""

    estimate: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class _Item:
    """Items with the same labels: how many of each, by its place in the order of all labels."""

    labels: Sequence[tuple[int, int]]
    size: int
    count: int


def krippendorff_alpha(
    patterns: LabelPatterns, scale: LabelScale = LabelScale.NOMINAL, level: float = 0.95
) -> Alpha | None:
    """Returns the agreement; items with one label do not count. None if no item has two labels, or
    if all labels are equal. Labels are numbers; for the nominal scale any that tell them apart.

    K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011). The interval is of
    log(1 - alpha), by the infinitesimal jackknife over items (B. Efron, The Jackknife, the
    Bootstrap and Other Resampling Plans (1982), chapter 6) with Student's t. The work grows with
    the patterns and not with the items.
    """
    values, items = _counted(patterns)
    together = _coincidences(items, len(values))
    totals = [sum(row) for row in together]
    distances = _distances(values, totals, scale)
    expected = _distance_of([[a * b for b in totals] for a in totals], distances)
    if not expected:
        return None
    observed = _distance_of(together, distances)
    disagreement = (sum(totals) - 1) * observed / expected
    effects = _effects(together, totals, distances, scale)
    change = [
        -_distance_within(each, distances) * (sum(totals) - 1) / expected
        + sum(effects[at] * times for at, times in each.labels)
        for each in items
    ]
    interval = _interval(disagreement, _spread(change, items), items, level)
    return Alpha(1 - disagreement, interval)


def _counted(patterns: LabelPatterns) -> tuple[Sequence[float], Sequence[_Item]]:
    """Returns all labels in order, and the items with two labels or more."""
    rated = [(each, count) for each, count in patterns.items() if len(each) > 1]
    values = sorted({label for each, _ in rated for label in each})
    place = {label: at for at, label in enumerate(values)}
    return values, [
        _Item([(place[label], times) for label, times in Counter(each).items()], len(each), count)
        for each, count in rated
    ]


def _coincidences(items: Sequence[_Item], size: int) -> _Matrix:
    """Returns how often two labels are of one item, weighted so that each label counts once."""
    found = [[0.0] * size for _ in range(size)]
    for each in items:
        for one, other, pairs in _pairs(each):
            found[one][other] += each.count * pairs
    return found


def _pairs(item: _Item) -> Iterator[tuple[int, int, float]]:
    """Yields the ordered pairs of labels of an item with their weight."""
    for one, times in item.labels:
        for other, others in item.labels:
            yield one, other, times * (others - (one == other)) / (item.size - 1)


def _distances(values: Sequence[float], totals: Sequence[float], scale: LabelScale) -> _Matrix:
    match scale:
        case LabelScale.NOMINAL:
            return [[float(one != other) for other in values] for one in values]
        case LabelScale.INTERVAL:
            places = values
        case LabelScale.ORDINAL:
            places = _middle_ranks(totals)
    return [[(one - other) ** 2 for other in places] for one in places]


def _middle_ranks(totals: Sequence[float]) -> Sequence[float]:
    ranks: list[float] = []
    before = 0.0
    for count in totals:
        ranks.append(before + count / 2)
        before += count
    return ranks


def _distance_of(counts: _Matrix, distances: _Matrix) -> float:
    return sum(_product(row, away) for row, away in zip(counts, distances, strict=True))


def _distance_within(item: _Item, distances: _Matrix) -> float:
    return sum(weight * distances[one][other] for one, other, weight in _pairs(item))


def _effects(
    together: _Matrix, totals: Sequence[float], distances: _Matrix, scale: LabelScale
) -> Sequence[float]:
    """Returns the derivative of alpha by the count of each label, where the distances within items
    stay: by the expected distance, and by the ranks, which all labels have a part in."""
    size = sum(totals)
    products = [[a * b for b in totals] for a in totals]
    observed, expected = _distance_of(together, distances), _distance_of(products, distances)
    within = across = [0.0] * len(totals)
    if scale is LabelScale.ORDINAL:
        ranks = _middle_ranks(totals)
        within, across = _by_ranks(together, ranks), _by_ranks(products, ranks)
    return [
        (
            (size - 1) * observed / expected * (2 * _product(totals, away) + moved_across)
            - (size - 1) * moved_within
            - observed
        )
        / expected
        for away, moved_within, moved_across in zip(distances, within, across, strict=True)
    ]


def _by_ranks(counts: _Matrix, ranks: Sequence[float]) -> Sequence[float]:
    """Returns how the distance grows with one more of each label, which moves the ranks of the
    higher labels by one, and its own by a half."""
    moved = [
        4 * sum(count * (rank - other) for count, other in zip(row, ranks, strict=True))
        for row, rank in zip(counts, ranks, strict=True)
    ]
    return [own / 2 + sum(moved[at + 1 :]) for at, own in enumerate(moved)]


def _spread(change: Sequence[float], items: Sequence[_Item]) -> float:
    """Returns the standard error of a sum over items, each with its change."""
    size = sum(each.count for each in items)
    if size < 2:
        return 0.0
    counted = [(each, item.count) for each, item in zip(change, items, strict=True)]
    mean = sum(each * count for each, count in counted) / size
    return sqrt(sum(count * (each - mean) ** 2 for each, count in counted) * size / (size - 1))


def _interval(
    disagreement: float, spread: float, items: Sequence[_Item], level: float
) -> Interval | None:
    if disagreement <= 0 or spread <= _NO_SPREAD:
        return None
    half = t_quantile(level, sum(each.count for each in items) - 1) * spread / disagreement
    low, high = (1 - disagreement * exp(by) for by in (half, -half))
    return Interval(1 - disagreement, max(-1.0, low), high)


def _product(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
