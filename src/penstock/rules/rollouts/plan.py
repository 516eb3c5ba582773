"""The plan of a rollout: its steps, what it guards, and how often it may be wrong."""

from enum import StrEnum
from typing import Final

from penstock.rules.document import Document
from penstock.rules.statistics.sequential import SMALLEST

MAX_STEPS: Final = 20
MAX_GUARDS: Final = 10
MAX_NAME_CHARS: Final = 100
LONGEST_HOLD_S: Final = 90 * 86_400
LARGEST_RATIO: Final = 100
LARGEST_LIMIT: Final = 10**9  # milliseconds, or USD
LARGEST_MINIMUM: Final = 10**9  # units
SHARES: Final = (0.0001, 0.5)  # of wrong decisions: least and most that a plan may state


class GuardAction(StrEnum):
    """The consequence when a candidate is shown to be beyond its bound."""

    ROLL_BACK = "roll_back"
    PAUSE = "pause"


class GuardMetric(StrEnum):
    """A measurement of each unit, as a number of 0 to 1 of which less is better."""

    ERRORS = "errors"  # 1: its call failed
    SLOW = "slow"  # 1: its call took longer than `limit` milliseconds, or failed
    COST = "cost"  # its cost, as a share of `limit` USD; more than this counts as this
    SCORE = "score"  # the score `score`, or 1 minus it if more is better, of units that have one


class BetterScore(StrEnum):
    """The scores that are better."""

    HIGHER = "higher"
    LOWER = "lower"  # such as toxicity


class Guard(Document, frozen=True):
    """A metric with its bound: at most `ratio` times the baseline's mean + `margin`.

    `ratio` 0 makes `margin` a bound of its own. `minimum`: units of each arm before anything is
    decided. `better`: which scores are; none: higher ones.
    """

    metric: GuardMetric
    ratio: float = 1.0
    margin: float = 0.0
    limit: float = 0.0
    score: str = ""
    minimum: int = 100
    action: GuardAction = GuardAction.ROLL_BACK
    better: BetterScore | None = None

    @property
    def name(self) -> str:
        """Names it within its plan: `errors`, `score:helpful`."""
        return f"{self.metric}:{self.score}" if self.score else str(self.metric)


class RolloutStep(Document, frozen=True):
    """A share of the candidate in percent, and the least time for which it holds."""

    percent: float
    hold_s: int = 600


class RolloutPlan(Document, frozen=True):
    """The way of a candidate to the release that answers all calls.

    `wrong_rollbacks`: the share of rollouts that roll back or pause although every candidate keeps
    every bound. `wrong_promotions`: the share of candidates beyond a bound that are promoted.
    `wrong_alarms`: the same for the check of the division of units. `period_s`: how often it is
    looked at; no decision is made while telemetry lags longer. Without steps only users move it.
    """

    guards: tuple[Guard, ...] = ()
    steps: tuple[RolloutStep, ...] = ()
    wrong_rollbacks: float = 0.05
    wrong_promotions: float = 0.05
    wrong_alarms: float = 0.001
    period_s: int = 60
    rule: str = "always_valid"


def check_plan(plan: RolloutPlan) -> None:
    """Raises `ValueError` with a sentence if the plan cannot be followed."""
    _check_guards(plan.guards)
    _check_steps(plan.steps)
    shares = (plan.wrong_rollbacks, plan.wrong_promotions, plan.wrong_alarms)
    if not all(SHARES[0] <= each <= SHARES[1] for each in shares):
        raise ValueError(f"a share of wrong decisions lies between {SHARES[0]} and {SHARES[1]}")
    if not 1 <= plan.period_s <= LONGEST_HOLD_S:
        raise ValueError(f"a period has 1 to {LONGEST_HOLD_S} seconds")
    if not 0 < len(plan.rule) <= MAX_NAME_CHARS:
        raise ValueError("the plan names no rule")
    if plan.steps and not plan.guards:
        raise ValueError("steps need at least one guard metric: without one nothing is compared")


def _check_guards(guards: tuple[Guard, ...]) -> None:
    if len(guards) > MAX_GUARDS:
        raise ValueError(f"a plan has at most {MAX_GUARDS} guard metrics")
    if len({each.name for each in guards}) != len(guards):
        raise ValueError("a guard metric occurs twice")
    for each in guards:
        _check_bound(each)
        if not 1 <= each.minimum <= LARGEST_MINIMUM:
            raise ValueError(f"{each.name}: minimum is 1 to {LARGEST_MINIMUM:,} units")
        if (each.metric is GuardMetric.SCORE) != bool(each.score):
            raise ValueError(f"{each.name}: `score` names the score of the metric `score`")
        if each.better and not each.score:
            raise ValueError(f"{each.name}: less is better; `better` is of the metric `score` only")
        if len(each.score) > MAX_NAME_CHARS:
            raise ValueError(f"the name of a score has at most {MAX_NAME_CHARS} characters")
        if (
            each.metric in (GuardMetric.SLOW, GuardMetric.COST)
            and not 0 < each.limit < LARGEST_LIMIT
        ):
            raise ValueError(f"{each.name}: `limit` is above 0 (milliseconds, or USD)")


def _check_bound(guard: Guard) -> None:
    if not (0 <= guard.ratio <= LARGEST_RATIO and 0 <= guard.margin < 1):
        raise ValueError(
            f"{guard.name}: ratio is 0 to {LARGEST_RATIO}, margin at least 0 and below 1"
        )
    if not guard.ratio and not guard.margin:
        raise ValueError(f"{guard.name}: a ratio or a margin is needed")
    if 0 < guard.ratio < SMALLEST or 0 < guard.margin < SMALLEST:
        raise ValueError(f"{guard.name}: ratio and margin are 0 or at least {SMALLEST}")


def _check_steps(steps: tuple[RolloutStep, ...]) -> None:
    if len(steps) > MAX_STEPS:
        raise ValueError(f"a plan has at most {MAX_STEPS} steps")
    if not all(0 < each.percent < 100 and 0 <= each.hold_s <= LONGEST_HOLD_S for each in steps):
        raise ValueError("a step has more than 0 and less than 100 percent, and at most 90 days")
    percents = [each.percent for each in steps]
    if percents != sorted(set(percents)):
        raise ValueError("the percents of steps grow from step to step")
