"""The words for a comparison: better, worse, or no difference shown; higher or lower where neither
is better."""

from enum import StrEnum
from typing import NamedTuple

from penstock.rules.statistics.intervals import Interval


class Comparison(StrEnum):
    """The outcomes of a comparison."""

    BETTER = "better"
    WORSE = "worse"
    HIGHER = "higher"
    LOWER = "lower"
    NO_DIFFERENCE_SHOWN = "no difference shown"
    NOT_MEASURED = "not measured"


class ComparisonText(NamedTuple):
    """An outcome with its sentence."""

    outcome: Comparison
    text: str


def comparison_text(
    difference: Interval | None, visible: float | None, *, higher_is_better: bool | None = True
) -> ComparisonText:
    """Returns the words for the difference of a candidate to its baseline, in the metric's unit.
    `visible`: the least difference that the run sees with the power that was planned
    (`power.least_difference`); none if it is unknown."""
    if difference is None:
        return ComparisonText(
            Comparison.NOT_MEASURED, "not measured: too few items, or no variation"
        )
    low, high = difference.low, difference.high
    figures = f"{difference.estimate:+.3g}, {low:+.3g} to {high:+.3g}"
    if low <= 0 <= high:
        seen = "" if visible is None else f" (this run could see ≥ {visible:.3g})"
        shown = Comparison.NO_DIFFERENCE_SHOWN
        return ComparisonText(shown, f"{shown}{seen}: {figures}")
    shown = _direction(higher_is_better, rises=low > 0)
    return ComparisonText(shown, f"{shown}: {figures}")


def _direction(higher_is_better: bool | None, *, rises: bool) -> Comparison:  # noqa: FBT001 - facts of a metric
    if higher_is_better is None:
        return Comparison.HIGHER if rises else Comparison.LOWER
    return Comparison.BETTER if rises is higher_is_better else Comparison.WORSE
