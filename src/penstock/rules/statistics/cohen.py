"""J. Cohen's kappa: the agreement of two raters, such as a judge and annotators, beyond what is
random."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from math import sqrt
from typing import Final

from penstock.rules.statistics.distributions import normal_quantile
from penstock.rules.statistics.intervals import Interval, wilson

_NO_WIDTH: Final = 1e-7


def cohen_kappa(
    first: Sequence[Hashable], second: Sequence[Hashable], level: float = 0.95
) -> Interval | None:
    """Returns the agreement of two raters on the same items, as `counted_kappa`. Raises
    `ValueError` if lengths differ."""
    if len(first) != len(second):
        raise ValueError("both raters label the same items")
    return counted_kappa(Counter(zip(first, second, strict=True)), level)


def counted_kappa(
    pairs: Mapping[tuple[Hashable, Hashable], int], level: float = 0.95
) -> Interval | None:
    """Returns the agreement of two raters with its large-sample interval; `pairs` counts the items
    by the label of each. None without items, or if both give one and the same label only, so that
    random labels would agree as well.

    J. Cohen, A Coefficient of Agreement for Nominal Scales (1960); error: J. Fleiss, J. Cohen,
    B. Everitt, Large Sample Standard Errors of Kappa and Weighted Kappa (1969), equation 13. Where
    that error is 0, as in full agreement, the interval is Wilson's of the observed agreement.
    """
    rows, columns = Counter[Hashable](), Counter[Hashable]()
    for (row, column), count in pairs.items():
        rows[row] += count
        columns[column] += count
    size = rows.total()
    agreed = sum(count for (row, column), count in pairs.items() if row == column)
    observed = agreed / size if size else 1.0
    expected = sum(rows[label] * columns[label] for label in rows) / size**2 if size else 1.0
    if expected == 1:
        return None
    kappa = (observed - expected) / (1 - expected)
    variance = sum(
        pairs.get((label, label), 0)
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
