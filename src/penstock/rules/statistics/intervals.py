"""Confidence intervals of rates and means. Where data cannot give one, the answer is `None`, never
an interval without width."""

from collections.abc import Callable, Hashable, Sequence
from math import sqrt
from random import Random
from typing import Final, NamedTuple

from penstock.rules.statistics.distributions import check_level, normal_quantile, t_quantile

DRAWS: Final = 2_000  # of a bootstrap


class Interval(NamedTuple):
    """An estimate with the interval that contains the truth at the level of confidence."""

    estimate: float
    low: float
    high: float


def wilson(successes: int, size: int, level: float = 0.95) -> Interval | None:
    """Returns the interval of a rate; none without observations.

    E. Wilson, Probable Inference, the Law of Succession, and Statistical Inference (1927).
    Raises `ValueError` for successes outside of 0 to `size`.
    """
    if not 0 <= successes <= size:
        raise ValueError("successes lie between 0 and the size")
    if not size:
        return None
    low, high = wilson_bounds(successes / size, size, level)
    return Interval(successes / size, low, high)


def wilson_bounds(rate: float, size: float, level: float = 0.95) -> tuple[float, float]:
    """Returns the bounds of Wilson's interval. `size` need be no whole number: a sample of
    dependent or weighted observations is worth fewer than it has."""
    z2 = normal_quantile(level) ** 2
    centre = (rate + z2 / (2 * size)) / (1 + z2 / size)
    half = sqrt(z2 * (rate * (1 - rate) + z2 / (4 * size)) / size) / (1 + z2 / size)
    low = centre - half if rate > 0 else 0.0
    high = centre + half if rate < 1 else 1.0
    return max(0.0, low), min(1.0, high)


def t_interval(values: Sequence[float], level: float = 0.95) -> Interval | None:
    """Returns the interval of a mean by Student's t (1908); none for less than two values, or if
    all are equal, because then the data do not show how much they vary."""
    error = standard_error(values)
    if error is None:
        return None
    half = t_quantile(level, len(values) - 1) * error
    mean = mean_of(values)
    return Interval(mean, mean - half, mean + half)


def clustered_interval(
    values: Sequence[float], clusters: Sequence[Hashable], level: float = 0.95
) -> Interval | None:
    """Returns the interval of a mean whose values are dependent within clusters, such as repeats of
    one item or questions on one text; none for less than two clusters, or without variation."""
    error = clustered_error(values, clusters)
    if not error:
        return None
    half = t_quantile(level, len(set(clusters)) - 1) * error
    mean = mean_of(values)
    return Interval(mean, mean - half, mean + half)


def bootstrap_interval(
    values: Sequence[float],
    random: Random,
    *,
    statistic: Callable[[Sequence[float]], float] | None = None,
    level: float = 0.95,
    draws: int = DRAWS,
) -> Interval | None:
    """Returns the interval of a statistic (the mean) by percentiles of resampled data; none for
    less than two values, or if all are equal.

    B. Efron, Bootstrap Methods: Another Look at the Jackknife (1979). It is too narrow for small
    samples: prefer `t_interval` for means below 30 values.
    """
    check_level(level)
    if len(values) < 2 or min(values) == max(values):
        return None
    of = statistic or mean_of
    found = sorted(of(random.choices(values, k=len(values))) for _ in range(draws))
    return Interval(of(values), *percentiles(found, level))


def percentiles(ordered: Sequence[float], level: float) -> tuple[float, float]:
    """Returns the two of ordered values between which the share `level` lies."""
    outside = round((1 - level) / 2 * (len(ordered) - 1))
    return ordered[outside], ordered[len(ordered) - 1 - outside]


def mean_of(values: Sequence[float]) -> float:
    """Returns the mean. Raises `ValueError` without values."""
    if not values:
        raise ValueError("there are no values")
    return sum(values) / len(values)


def standard_error(values: Sequence[float]) -> float | None:
    """Returns the standard error of the mean, of the sample's deviation with n - 1; none for less
    than two values, or if all are equal."""
    if len(values) < 2:
        return None
    mean = mean_of(values)
    variance = sum([(each - mean) ** 2 for each in values]) / (len(values) - 1)
    return sqrt(variance / len(values)) or None


def clustered_error(values: Sequence[float], clusters: Sequence[Hashable]) -> float | None:
    """Returns the clustered standard error of the mean; none for less than two clusters.

    E. Miller, Adding Error Bars to Evals (2024), appendix A, with the factor C / (C - 1) for the
    number of clusters (Cameron and Miller 2015). Raises `ValueError` if lengths differ.
    """
    if len(values) != len(clusters):
        raise ValueError("each value needs a cluster")
    sums: dict[Hashable, float] = {}
    if not values:
        return None
    mean = mean_of(values)
    for value, cluster in zip(values, clusters, strict=True):
        sums[cluster] = sums.get(cluster, 0.0) + value - mean
    if len(sums) < 2:
        return None
    factor = len(sums) / (len(sums) - 1)
    return sqrt(factor * sum(each**2 for each in sums.values())) / len(values)
