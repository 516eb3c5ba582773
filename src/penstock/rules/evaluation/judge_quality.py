"""A judge as an instrument: how well it agrees with human labels, and rates corrected by that."""

from collections.abc import Sequence
from math import sqrt
from typing import Final, NamedTuple

from penstock.rules.statistics.cohen import cohen_kappa
from penstock.rules.statistics.distributions import normal_quantile
from penstock.rules.statistics.intervals import Interval, wilson

LEAST_SKILL: Final = 0.1  # sensitivity + specificity - 1; below, a rate cannot be corrected


class JudgeQuality(NamedTuple):
    """A judge of yes and no against human labels of the same samples. Figures are none where no
    label allows them."""

    size: int
    agreement: Interval | None
    kappa: Interval | None
    sensitivity: Interval | None  # share of the human yes that it finds
    specificity: Interval | None  # share of the human no that it finds
    positives: int  # human yes
    negatives: int  # human no


def judge_quality(
    judge: Sequence[bool], human: Sequence[bool], level: float = 0.95
) -> JudgeQuality:
    """Returns the quality, with Wilson intervals; kappa by `cohen_kappa`. Raises `ValueError` if
    lengths differ."""
    pairs = list(zip(judge, human, strict=True))
    positives = sum(human)
    found = sum(one for one, other in pairs if other)
    rejected = sum(not one for one, other in pairs if not other)
    return JudgeQuality(
        len(pairs),
        wilson(sum(one == other for one, other in pairs), len(pairs), level),
        cohen_kappa(judge, human, level),
        wilson(found, positives, level),
        wilson(rejected, len(pairs) - positives, level),
        positives,
        len(pairs) - positives,
    )


def corrected_rate(
    yes: int, size: int, quality: JudgeQuality, level: float = 0.95
) -> Interval | None:
    """Returns the rate that is behind a judge's rate `yes / size`, given its errors.

    Estimate: (p + Sp - 1) / (Se + Sp - 1), cut to 0 and 1: W. Rogan, B. Gladen, Estimating
    Prevalence from the Results of a Screening Test (1978). Interval, which contains the doubt about
    Se and Sp: Z. Lang, J. Reiczigel, Confidence Limits for Prevalence of Disease Adjusted for
    Estimated Sensitivity and Specificity (2014). None without samples, without labels of both
    kinds, or if the judge is hardly better than a random one.
    """
    sensitivity, specificity = quality.sensitivity, quality.specificity
    if sensitivity is None or specificity is None or not size:
        return None
    skill = sensitivity.estimate + specificity.estimate - 1
    if skill < LEAST_SKILL:
        return None
    z = normal_quantile(level)
    rate = (yes + z**2 / 2) / (size + z**2)
    se, se_size = _added(sensitivity.estimate, quality.positives)
    sp, sp_size = _added(specificity.estimate, quality.negatives)
    true = _unit((rate + sp - 1) / (se + sp - 1))
    se_doubt, sp_doubt = se * (1 - se) / se_size, sp * (1 - sp) / sp_size
    shift = 2 * z**2 * (true * se_doubt - (1 - true) * sp_doubt)
    rate_doubt = rate * (1 - rate) / (size + z**2)
    error = sqrt(rate_doubt + true**2 * se_doubt + (1 - true) ** 2 * sp_doubt) / (se + sp - 1)
    estimate = _unit((yes / size + specificity.estimate - 1) / skill)
    low, high = _unit(true + shift - z * error), _unit(true + shift + z * error)
    return Interval(estimate, min(low, estimate), max(high, estimate))


def _added(rate: float, size: int) -> tuple[float, int]:
    """One success and one failure more."""
    return (rate * size + 1) / (size + 2), size + 2


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))
