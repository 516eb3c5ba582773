"""The difference of two rates on the same items."""

from math import copysign, inf, sqrt
from typing import Final

from penstock.rules.statistics.distributions import normal_quantile
from penstock.rules.statistics.intervals import Interval

_HALVINGS: Final = 60  # more than the digits of a float


def paired_rates_interval(
    better: int, worse: int, items: int, level: float = 0.95
) -> Interval | None:
    """Returns the interval of the difference of two rates on the same items: `better` items only
    the candidate passes, `worse` only the baseline. None without items. It has a width even if no
    item differs.

    T. Tango, Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design (1998). Raises `ValueError` if more items differ than there are.
    """
    if min(better, worse) < 0 or better + worse > items:
        raise ValueError("the items that differ are 0 to all items")
    if not items:
        return None
    z = normal_quantile(level)
    estimate = (better - worse) / items
    counts = (better, worse, items)
    return Interval(estimate, _bound(counts, z, -1.0, estimate), _bound(counts, -z, estimate, 1.0))


def _bound(counts: tuple[int, int, int], wanted: float, low: float, high: float) -> float:
    """The difference whose score is `wanted`; scores fall with the difference."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _score(*counts, middle) > wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _score(better: int, worse: int, items: int, difference: float) -> float:
    """The distance of the data from a difference, in standard errors that it would have."""
    a = 2 * items
    b = (2 * items - better + worse) * difference - better - worse
    c = -worse * difference * (1 - difference)
    only_worse = (sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)
    variance = items * (2 * only_worse + difference * (1 - difference))
    distance = better - worse - items * difference
    if variance <= 0:
        return copysign(inf, distance) if distance else 0.0
    return distance / sqrt(variance)
