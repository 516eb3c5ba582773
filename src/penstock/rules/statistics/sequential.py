"""Evidence that may be looked at at any time: e-processes, as natural logarithms.

An e-process begins at 1 and, while its null hypothesis holds, has a mean of at most 1 whenever it
is looked at. So the probability that it ever reaches 1/a is at most a (Ville 1939), however often
one looks. Survey: A. Ramdas, P. Grünwald, V. Vovk, G. Shafer, Game-Theoretic Statistics and Safe
Anytime-Valid Inference (2023).
"""

from collections.abc import Mapping, Sequence
from math import exp, inf, lgamma, log, log1p
from typing import Final, NamedTuple

#: Fractions of the largest possible stake. The evidence is the mean over them, so that small and
#: large differences are both seen; the choice costs a factor of 11 at most.
STAKES: Final = tuple(2.0**-power for power in range(1, 12))
#: The least ratio and margin above 0.
SMALLEST: Final = 1e-6
_HALVINGS: Final = 60


class Tally(NamedTuple):
    """Values of [0, 1]: their number, their sum, the sum of their squares."""

    size: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        """The mean, 0 without values: look at `size` first."""
        return self.total / self.size if self.size else 0.0


class Bound(NamedTuple):
    """The null hypothesis: the candidate's mean is at most `ratio` times the baseline's + `margin`.
    `reverse`: it is at least this. Ratio and margin are 0 or at least `SMALLEST`, one is not 0."""

    ratio: float = 1.0
    margin: float = 0.0
    reverse: bool = False


def log_evidence_of_counts(counts: Mapping[str, int], weights: Mapping[str, float]) -> float:
    """Returns the evidence that units are not divided by `weights` (above 0, any scale).

    The mixture of multinomials under Dirichlet(1, …, 1) against the expected one: M. Lindon and
    A. Malek, Anytime-Valid Inference for Multinomial Count Data (2022), equation 4.
    """
    names = [name for name, weight in weights.items() if weight > 0]
    if any(count for name, count in counts.items() if name not in names):
        return inf
    whole, total = sum(weights.values()), 0
    result = lgamma(len(names))
    for name in names:
        count = counts.get(name, 0)
        total += count
        result += lgamma(1 + count) - count * log(weights[name] / whole)
    return result - lgamma(len(names) + total)


def log_evidence_of_mean(tally: Tally, mean: float) -> float:
    """Returns the evidence that values of [0, 1] have another conditional mean than `mean`.

    The mixture of Bernoulli likelihoods under Beta(½, ½): H. Robbins, Statistical Methods Related
    to the Law of the Iterated Logarithm (1970). It stays valid for all values of [0, 1], because
    (q/p)^x ((1-q)/(1-p))^(1-x) is at most its chord, which has the mean 1.
    """
    rest = tally.size - tally.total
    mixture = _log_beta(0.5 + tally.total, 0.5 + rest) - _log_beta(0.5, 0.5)
    return mixture - _times_log(tally.total, mean) - _times_log(rest, 1 - mean)


def log_evidence_of_two_means(candidate: Tally, baseline: Tally, bound: Bound) -> float:
    """Returns the evidence against `bound` for two samples whose sizes say nothing about their
    arms' shares, such as scores that only some users give.

    The product of both arms' `log_evidence_of_mean`, at the pair of means within `bound` at which
    it is least. That is convex in the means, so it is the pair of averages or lies on the border.
    """
    q, p = baseline.mean, candidate.mean
    beyond = p - (bound.ratio * q + bound.margin)
    if not (beyond < 0 if bound.reverse else beyond > 0):
        return log_evidence_of_mean(candidate, p) + log_evidence_of_mean(baseline, q)
    low, high = _border(bound)
    if low > high:  # no pair of means is on the border, so all are within the bound, or none is
        return 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _falls(candidate, baseline, bound, middle) else (low, middle)
    q = (low + high) / 2
    p = min(1.0, max(0.0, bound.ratio * q + bound.margin))
    return log_evidence_of_mean(candidate, p) + log_evidence_of_mean(baseline, q)


def log_stakes(
    candidate: Tally, baseline: Tally, *, share: float, bound: Bound, reference: float = 0.0
) -> list[float]:
    """Returns the logarithm of one factor per stake of `STAKES`; sums over periods go to
    `log_mean`. Every unit of both arms must have a value, and `share` is the probability with
    which it is a candidate's, 0 < share < 1.

    Each unit is worth x = (y - ratio·r - margin) / share as a candidate's and
    -ratio·(y - r) / (1 - share) as a baseline's, with the reference r. Under the null hypothesis
    its mean is at most 0, also if both arms change over time, so that Π (1 + stake·x) is a
    supermartingale: I. Waudby-Smith and A. Ramdas, Estimating Means of Bounded Random Variables by
    Betting (2024); by probabilities of assignment: I. Waudby-Smith and others, Anytime-Valid
    Off-Policy Inference for Contextual Bandits (2022). Sums and squares suffice for bounds from
    below: the chord over [0, 1], and ln(1 + cx) ≥ cx + (ln(1 - c) + c)x² (X. Fan and others 2015).

    `reference`: the baseline's mean as it was before these values, for less noise.
    """
    sign = -1.0 if bound.reverse else 1.0
    up = sign / share
    down = -sign * bound.ratio / (1 - share)
    lines = (
        (candidate, -(bound.ratio * reference + bound.margin) * up, up),
        (baseline, -reference * down, down),
    )
    least = min(min(start, start + slope) for _, start, slope in lines)
    if least >= 0:  # no value speaks for the null hypothesis: it cannot hold, or says nothing
        return [0.0] * len(STAKES)
    return [
        sum(
            _log_product(tally, start / -least, slope / -least, stake)
            for tally, start, slope in lines
        )
        for stake in STAKES
    ]


def log_mean(values: Sequence[float]) -> float:
    """Returns the logarithm of the mean of exponentials. The mean of e-values is an e-value,
    however they depend on each other."""
    most = max(values)
    if most in (inf, -inf):
        return most
    return most + log(sum(exp(each - most) for each in values) / len(values))


def log_over_periods(values: Sequence[float]) -> float:
    """Returns the evidence of periods in order, each with evidence of its own, independent given
    the past: the mean of their products from the j-th on, which weighs 1/(j(j+1)). So a long period
    without a difference does not hide one that comes later."""
    parts = [0.0 - log(len(values) + 1)]
    after = 0.0
    for number in range(len(values), 0, -1):
        after += values[number - 1]
        parts.append(after - log(number * (number + 1)))
    return log_mean(parts) + log(len(parts))


def _log_product(tally: Tally, start: float, slope: float, stake: float) -> float:
    """Bounds Σ ln(1 + stake·x) from below, x = start + slope·y ≥ -1."""
    if not tally.size:
        return 0.0
    chord = (tally.size - tally.total) * log1p(stake * start)
    chord += tally.total * log1p(stake * (start + slope))
    sums = tally.size * start + tally.total * slope
    squares = tally.size * start**2 + 2 * start * slope * tally.total + slope**2 * tally.squares
    return max(chord, stake * sums + (log1p(-stake) + stake) * squares)


def _border(bound: Bound) -> tuple[float, float]:
    """The baseline's means q for which `ratio`·q + `margin` is a mean too."""
    if not bound.ratio:
        return (0.0, 1.0) if 0 <= bound.margin <= 1 else (1.0, 0.0)
    ends = (-bound.margin / bound.ratio, (1 - bound.margin) / bound.ratio)
    return max(0.0, ends[0]), min(1.0, ends[1])


def _falls(candidate: Tally, baseline: Tally, bound: Bound, q: float) -> bool:
    """Returns whether the evidence on the border falls at q."""
    p = bound.ratio * q + bound.margin
    return _slope(baseline, q) + bound.ratio * _slope(candidate, p) < 0


def _slope(tally: Tally, mean: float) -> float:
    rest = tally.size - tally.total
    falling = tally.total / mean if mean > 0 else (inf if tally.total else 0.0)
    rising = rest / (1 - mean) if mean < 1 else (inf if rest else 0.0)
    return rising - falling


def _log_beta(first: float, second: float) -> float:
    return lgamma(first) + lgamma(second) - lgamma(first + second)


def _times_log(factor: float, value: float) -> float:
    if factor <= 0:
        return 0.0
    return factor * log(value) if value > 0 else -inf
