"""Distributions that the standard library lacks."""

from math import exp, inf, lgamma, log, log1p, pi
from statistics import NormalDist
from typing import Final

NORMAL: Final = NormalDist()
_TINY: Final = 1e-300
_STEPS: Final = 500  # of the continued fraction, of Newton's method; they end long before


def check_level(level: float) -> float:
    """Returns the level of confidence. Raises `ValueError` unless it lies between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError("a level of confidence lies between 0 and 1")
    return level


def normal_quantile(level: float) -> float:
    """Returns z so that a standard normal value lies within ±z with probability `level`."""
    return NORMAL.inv_cdf((1 + check_level(level)) / 2)


def t_quantile(level: float, freedom: float) -> float:
    """Returns t so that a value of Student's distribution lies within ±t with probability `level`.
    `freedom`: its degrees, above 0.

    By Newton's method from the normal quantile, which is less: `t_outside` falls and is convex, so
    that no step goes too far.
    """
    outside = 1 - check_level(level)
    t = normal_quantile(level)
    for _ in range(_STEPS):
        step = (t_outside(t, freedom) - outside) / (2 * _t_density(t, freedom))
        t += step
        if step <= 1e-15 * t:
            break
    return t


def _t_density(t: float, freedom: float) -> float:
    half = (freedom + 1) / 2
    front = lgamma(half) - lgamma(freedom / 2) - log(freedom * pi) / 2
    return exp(front - half * log1p(t * t / freedom))


def t_outside(t: float, freedom: float) -> float:
    """Returns the probability that a value of Student's distribution lies outside of ±t."""
    if t == inf:
        return 0.0
    return incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Returns the regularised incomplete beta function I_x(a, b).

    By the continued fraction of the NIST handbook (DLMF 8.17.22), evaluated by Lentz's method.
    """
    if x <= 0 or x >= 1:
        return min(1.0, max(0.0, x))
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)
    return exp(front) / (a * _fraction(a, b, x))


def _fraction(a: float, b: float, x: float) -> float:
    """1 + d1/(1 + d2/(1 + …))."""
    value = c = 1.0
    d = 0.0
    for step in range(1, _STEPS):
        half = step // 2
        if step % 2:
            term = -(a + half) * (a + b + half) * x / ((a + step - 1) * (a + step))
        else:
            term = half * (b - half) * x / ((a + step - 1) * (a + step))
        d = 1 / _away_from_zero(1 + term * d)
        c = _away_from_zero(1 + term / c)
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def binomial_at_most(successes: int, size: int) -> float:
    """Returns the probability of at most `successes` heads of `size` fair coins, exactly."""
    ways = term = 1
    for at in range(1, successes + 1):
        term = term * (size - at + 1) // at
        ways += term
    return ways / 2**size if successes >= 0 else 0.0


def rate_at_most(successes: int, size: int, rate: float) -> float:
    """Returns the probability of at most `successes` of `size` independent trials that succeed with
    probability `rate`, by the incomplete beta function (DLMF 8.17.5)."""
    if successes >= size:
        return 1.0
    return incomplete_beta(size - successes, successes + 1, 1 - rate)
