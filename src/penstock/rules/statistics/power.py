"""The differences that a run can see, and the items that it needs for one.

Normal approximations, as used for planning: J. Cohen, Statistical Power Analysis (1988);
E. Miller, Adding Error Bars to Evals (2024), section 5.
"""

from math import ceil, sqrt

from penstock.rules.statistics.distributions import NORMAL, check_level, normal_quantile


def least_difference(
    deviation: float, items: int, *, level: float = 0.95, power: float = 0.8
) -> float:
    """Returns the least mean difference on the same items that a run sees with probability `power`.
    `deviation`: of the differences per item, after the mean over repeats.

    Raises `ValueError` without items, or for a level or power outside of 0 to 1.
    """
    if items < 1:
        raise ValueError("a run has at least one item")
    return _sum_of_quantiles(level, power) * deviation / sqrt(items)


def items_needed(
    difference: float, deviation: float, *, level: float = 0.95, power: float = 0.8
) -> int:
    """Returns the items with which a run sees `difference` with probability `power`. Raises
    `ValueError` for a difference of 0 or less."""
    if difference <= 0:
        raise ValueError("a difference to be seen is above 0")
    return max(1, ceil((_sum_of_quantiles(level, power) * deviation / difference) ** 2))


def power_of(difference: float, deviation: float, items: int, *, level: float = 0.95) -> float:
    """Returns the probability that a run shows a difference of this size, in either direction."""
    if items < 1:
        raise ValueError("a run has at least one item")
    if not deviation:
        return 1.0 if difference else 1 - level
    z = normal_quantile(level)
    shift = abs(difference) * sqrt(items) / deviation
    return NORMAL.cdf(shift - z) + NORMAL.cdf(-shift - z)


def deviation_of_paired_rates(only_first: float, only_second: float) -> float:
    """Returns the deviation of differences of pass or fail per item, from the shares of items that
    only one of the two passes."""
    return sqrt(max(0.0, only_first + only_second - (only_first - only_second) ** 2))


def deviation_with_repeats(between: float, within: float, repeats: int) -> float:
    """Returns the deviation per item of a mean over repeats: `between` items, and `within` one item
    from repeat to repeat."""
    if repeats < 1:
        raise ValueError("there is at least one repeat")
    return sqrt(between**2 + within**2 / repeats)


def _sum_of_quantiles(level: float, power: float) -> float:
    return normal_quantile(level) + NORMAL.inv_cdf(check_level(power))
