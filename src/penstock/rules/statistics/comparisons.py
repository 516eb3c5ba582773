"""Comparisons of two releases on the same items, and corrections for many of them."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

from penstock.rules.statistics.distributions import binomial_at_most

EXACT_UP_TO: Final = 16  # differences whose signs are all enumerated
FLIPS: Final = 10_000  # drawn sets of signs beyond this


def mcnemar(better: int, worse: int) -> float:
    """Returns the two-sided p-value of pass or fail on the same items: `better` items only the
    candidate passes, `worse` only the baseline. Exact: binomial on the items that differ.

    Q. McNemar, Note on the Sampling Error of the Difference between Correlated Proportions (1947).
    """
    if min(better, worse) < 0:
        raise ValueError("counts are not negative")
    return min(1.0, 2 * binomial_at_most(min(better, worse), better + worse))


def permutation_test(differences: Sequence[float], random: Random, flips: int = FLIPS) -> float:
    """Returns the two-sided p-value of paired differences by flipping their signs: exact for up to
    16 that are not 0, otherwise (1 + as extreme) / (1 + flips), which is never too small.

    R. Fisher, The Design of Experiments (1935); B. Phipson and G. Smyth, Permutation P-values
    Should Never Be Zero (2010).
    """
    values = [each for each in differences if each]
    if not values:
        return 1.0
    observed = abs(sum(values)) * (1 - 1e-12)  # sums in another order differ in the last digits
    if len(values) <= EXACT_UP_TO:
        sums = _sums_of_signs(values)
        return sum(abs(each) >= observed for each in sums) / len(sums)
    extreme = sum(abs(_flipped(values, random)) >= observed for _ in range(flips))
    return (1 + extreme) / (1 + flips)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Returns adjusted p-values of a family: below a, at most the share a of families has a wrong
    one.

    S. Holm, A Simple Sequentially Rejective Multiple Test Procedure (1979).
    """
    adjusted: dict[str, float] = {}
    least = 0.0
    for at, name in enumerate(sorted(p_values, key=lambda each: p_values[each])):
        least = max(least, min(1.0, (len(p_values) - at) * p_values[name]))
        adjusted[name] = least
    return {name: adjusted[name] for name in p_values}


def benjamini_hochberg(p_values: Mapping[str, float]) -> dict[str, float]:
    """Returns adjusted p-values of a family: of those below a, the expected share a is wrong, if
    metrics are independent or depend positively.

    Y. Benjamini and Y. Hochberg, Controlling the False Discovery Rate (1995).
    """
    adjusted: dict[str, float] = {}
    most = 1.0
    ordered = sorted(p_values, key=lambda each: p_values[each])
    for at, name in reversed(list(enumerate(ordered, 1))):
        most = min(most, len(p_values) / at * p_values[name])
        adjusted[name] = most
    return {name: adjusted[name] for name in p_values}


def _sums_of_signs(values: Sequence[float]) -> list[float]:
    """All sums of the values with either sign; 65,536 at most."""
    sums = [0.0]
    for value in values:
        sums = [each + signed for each in sums for signed in (value, -value)]
    return sums


def _flipped(values: Sequence[float], random: Random) -> float:
    bits = random.getrandbits(len(values))
    return sum(value if bits >> at & 1 else -value for at, value in enumerate(values))
