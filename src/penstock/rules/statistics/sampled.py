"""Rates and means of a population of which a sample was measured, with shares that differ from
stratum to stratum, and values that are dependent within clusters.

Each measured value counts for `population / size` members of its stratum (the weighted mean of
J. Hájek, 1971). The error is linearised over whole clusters (L. Kish, Survey Sampling, 1965,
chapter 6). The interval is of the process that made the population, so that it has a width also
where all was measured.
"""

from collections.abc import Callable, Iterable, Sequence
from math import sqrt
from typing import Final, NamedTuple

from penstock.rules.statistics.distributions import t_quantile
from penstock.rules.statistics.intervals import wilson_bounds

#: Values of the rarer kind below which their error says little. Then the effective size is that of
#: clusters whose values are all the same (L. Kish), if that is smaller.
FEW: Final = 20


class Stratum(NamedTuple):
    """A part of the population. `size` values were measured, their sum is `total`. `clusters`
    counts groups of dependent values; over these are summed the square of a cluster's size
    (`sizes2`), of its total (`totals2`), and the product of both (`products`)."""

    population: int
    size: int = 0
    total: float = 0.0
    clusters: int = 0
    sizes2: float = 0.0
    totals2: float = 0.0
    products: float = 0.0


class SampledMean(NamedTuple):
    """A mean over a population. `covered`: the share of the population that is in strata with
    values; the mean says nothing of the others. `low`, `high`: `None` where the data give none."""

    mean: float
    low: float | None
    high: float | None
    covered: float


def sampled_rate(strata: Sequence[Stratum], level: float = 0.95) -> SampledMean | None:
    """Returns a rate with Wilson's interval at the effective size of the sample (E. L. Korn and
    B. I. Graubard, 1998); none without values."""
    return _estimate(strata, lambda mean, sums: _rate_interval(mean, sums, level))


def sampled_mean(strata: Sequence[Stratum], level: float = 0.95) -> SampledMean | None:
    """Returns a mean with Student's interval; none without values. It has no interval with less
    than two clusters, or if all values are equal."""
    return _estimate(strata, lambda mean, sums: _mean_interval(mean, sums, level))


class _ClusterTotals(NamedTuple):
    """Sums over clusters, each weighted. `error`: the standard error of the mean."""

    size: int
    clusters: int
    weight: float
    weight2: float
    error: float | None


_IntervalOf = Callable[[float, _ClusterTotals], tuple[float | None, float | None]]


def _estimate(strata: Sequence[Stratum], interval: _IntervalOf) -> SampledMean | None:
    measured = [each for each in strata if each.size and each.population]
    if not measured:
        return None
    covered = sum(each.population for each in measured)
    mean = sum(each.population * each.total / each.size for each in measured) / covered
    low, high = interval(mean, _sums(measured, mean))
    return SampledMean(mean, low, high, covered / sum(each.population for each in strata))


def _sums(strata: Iterable[Stratum], mean: float) -> _ClusterTotals:
    size, clusters, weight, weight2, residuals = 0, 0, 0.0, 0.0, 0.0
    for each in strata:
        share = each.population / each.size
        size += each.size
        clusters += each.clusters
        weight += each.population
        weight2 += share**2 * each.sizes2
        of_clusters = each.totals2 - 2 * mean * each.products + mean**2 * each.sizes2
        residuals += share**2 * max(0.0, of_clusters)
    error = None
    if clusters > 1:
        error = sqrt(residuals * clusters / (clusters - 1)) / weight
    return _ClusterTotals(size, clusters, weight, weight2, error)


def _rate_interval(mean: float, sums: _ClusterTotals, level: float) -> tuple[float, float]:
    mean = min(1.0, max(0.0, mean))
    dependent = sums.weight**2 / sums.weight2
    size = dependent
    if sums.error and 0 < mean < 1:
        size = min(mean * (1 - mean) / sums.error**2, float(sums.size))
        if size * min(mean, 1 - mean) < FEW:
            size = min(size, dependent)
    return wilson_bounds(mean, size, level)


def _mean_interval(
    mean: float, sums: _ClusterTotals, level: float
) -> tuple[float | None, float | None]:
    if not sums.error or sums.clusters < 2:
        return None, None
    half = t_quantile(level, sums.clusters - 1) * sums.error
    return mean - half, mean + half
