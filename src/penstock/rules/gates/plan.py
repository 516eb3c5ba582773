"""What a gate demands: thresholds for metrics, and the rates at which it may be wrong."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from penstock.kernel.errors import InvalidRequest
from penstock.rules.document import Document

MAX_THRESHOLDS: Final = 32  # of a gate
LATENCY: Final = "latency_ms"  # per item: from the request to the end of the answer
COST: Final = "cost_usd"  # per item: the price of the answer, as the gateway recorded it
MOST_FALSE_ALARMS: Final = 0.25  # a higher rate of false alarms is rejected


class ThresholdKind(StrEnum):
    """The kinds of thresholds."""

    NO_REGRESSION = "no_regression"  # not shown to be worse than the baseline
    NON_INFERIOR = "non_inferior"  # shown to be worse by less than a margin
    ABSOLUTE = "absolute"  # at least, or at most, a value


class Threshold(Document, frozen=True):
    """A demand on one metric.

    `at_least`, `at_most` (absolute): the bound of the mean, or of the quantile `quantile` (0.95 is
    the 95th percentile). `margin`, `ratio` (non-inferior): the candidate may be worse than `ratio`
    times the baseline by less than `margin`, in the metric's unit.
    """

    metric: str
    kind: ThresholdKind = ThresholdKind.NO_REGRESSION
    at_least: float | None = None
    at_most: float | None = None
    quantile: float | None = None
    margin: float = 0.0
    ratio: float = 1.0


class GatePlan(Document, frozen=True):
    """The demands. `false_alarms`: the share of gates of equal releases that may report a
    regression, over all thresholds. `coverage`: the share of items that must be measured in both
    runs. `power`: the probability that stands behind "this run could see"."""

    thresholds: tuple[Threshold, ...] = ()
    false_alarms: float = 0.05
    coverage: float = 0.9
    power: float = 0.8
    minimum_items: int = 10


def check_plan(plan: GatePlan) -> None:
    """Raises `InvalidRequest` for a plan that has no sense."""
    if not 0 < len(plan.thresholds) <= MAX_THRESHOLDS:
        raise _invalid(f"A gate has 1 to {MAX_THRESHOLDS} thresholds.", "thresholds")
    for name, value, most in (
        ("false_alarms", plan.false_alarms, MOST_FALSE_ALARMS),
        ("coverage", plan.coverage, 1.0),
        ("power", plan.power, 0.999),
    ):
        if not 0 < value <= most:
            raise _invalid(f"`{name}` is above 0 and at most {most:g}.", name)
    if plan.minimum_items < 2:
        raise _invalid("`minimum_items` is at least 2.", "minimum_items")
    for at, threshold in enumerate(plan.thresholds):
        if problem := _problem_of(threshold):
            raise _invalid(f"The threshold of `{threshold.metric}` {problem}.", f"thresholds.{at}")


def default_plan(metrics: Sequence[str]) -> GatePlan:
    """Returns the plan of a gate for which nothing is said: no metric is shown to be worse."""
    return GatePlan(thresholds=tuple(Threshold(metric) for metric in metrics[:MAX_THRESHOLDS]))


def _problem_of(threshold: Threshold) -> str:
    if not threshold.metric:
        return "names no metric"
    if threshold.kind is ThresholdKind.ABSOLUTE:
        return _problem_of_bound(threshold)
    if not (threshold.at_least is threshold.at_most is threshold.quantile is None):
        return "has a bound, so its `kind` is `absolute`"
    has_margin = threshold.margin != 0 or threshold.ratio != 1
    if threshold.kind is ThresholdKind.NO_REGRESSION:
        return "has a margin, so its `kind` is `non_inferior`" if has_margin else ""
    if threshold.margin < 0 or threshold.ratio < 0:
        return "has a negative margin or ratio"
    return "" if has_margin else "needs a `margin`, or a `ratio` other than 1"


def _problem_of_bound(threshold: Threshold) -> str:
    if (threshold.at_least is None) is (threshold.at_most is None):
        return "needs either `at_least` or `at_most`"
    if threshold.quantile is not None and not 0 < threshold.quantile < 1:
        return "has a `quantile` that is not between 0 and 1"
    return ""


def _invalid(message: str, param: str) -> InvalidRequest:
    return InvalidRequest(message, hint="See docs/gate.md.", param=param, code="gate_plan_invalid")
