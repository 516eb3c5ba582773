"""Requests that change rollouts."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from penstock.features.rollouts.model import MAX_MESSAGE_CHARS, MAX_SHADOW_USD
from penstock.features.rollouts.runs import (
    MAX_ARM_NAME_CHARS,
    MAX_ARMS,
    MAX_OVERRIDES,
    MAX_UNIT_CHARS,
)
from penstock.features.routes.model import MAX_SHADOWS, SMALLEST_SHARE
from penstock.infra.web.schemas import RequestBody
from penstock.rules.rollouts.documents import ShadowArm, StickyUnit
from penstock.rules.rollouts.plan import (
    LARGEST_LIMIT,
    LARGEST_MINIMUM,
    LARGEST_RATIO,
    LONGEST_HOLD_S,
    MAX_GUARDS,
    MAX_NAME_CHARS,
    MAX_STEPS,
    SHARES,
    BetterScore,
    Guard,
    GuardAction,
    GuardMetric,
    RolloutPlan,
    RolloutStep,
)

_Seen = Annotated[int, Field(ge=0, le=2**31 - 1)]
_Message = Annotated[str, Field(max_length=MAX_MESSAGE_CHARS)]


class RolloutChangeBody(RequestBody):
    """A change. `seen`: the version that the author saw, 0 for none. If it is another one now, the
    answer is 409 `rollout_changed`."""

    seen: _Seen
    message: _Message = ""


class RolloutBody(RolloutChangeBody):
    """The release that answers all calls from now on: its hash, or the beginning of it."""

    release: Annotated[str, Field(max_length=64)]


ReleaseHash = Annotated[str, Field(max_length=64)]
ArmName = Annotated[str, Field(max_length=MAX_ARM_NAME_CHARS)]
Unit = Annotated[str, Field(min_length=1, max_length=MAX_UNIT_CHARS)]
_WrongShare = Annotated[float, Field(ge=SHARES[0], le=SHARES[1])]
_Percent = Annotated[float, Field(ge=0, le=100)]


class GuardBody(RequestBody):
    """A metric with its bound: at most `ratio` times the baseline's mean + `margin`. `limit`: the
    milliseconds of `slow`, the USD of `cost`; `score`: the name of a score of 0 to 1. `better`:
    which scores are; by default as the evaluator of an online evaluation says that has this name,
    or else higher ones."""

    metric: GuardMetric
    ratio: Annotated[float, Field(ge=0, le=LARGEST_RATIO)] = 1.0
    margin: Annotated[float, Field(ge=0, lt=1)] = 0.0
    limit: Annotated[float, Field(ge=0, lt=LARGEST_LIMIT)] = 0.0
    score: Annotated[str, Field(max_length=MAX_NAME_CHARS)] = ""
    minimum: Annotated[int, Field(ge=1, le=LARGEST_MINIMUM)] = 100
    action: GuardAction = GuardAction.ROLL_BACK
    better: BetterScore | None = None


class StepBody(RequestBody):
    """A share of the candidate, and the seconds for which it holds at least."""

    percent: Annotated[float, Field(gt=0, lt=100)]
    hold_s: Annotated[int, Field(ge=0, le=LONGEST_HOLD_S)] = 600


class PlanBody(RequestBody):
    """The rule, metrics and steps by which a candidate is judged."""

    guards: Annotated[tuple[GuardBody, ...], Field(max_length=MAX_GUARDS)] = ()
    steps: Annotated[tuple[StepBody, ...], Field(max_length=MAX_STEPS)] = ()
    wrong_rollbacks: _WrongShare = 0.05
    wrong_promotions: _WrongShare = 0.05
    wrong_alarms: _WrongShare = 0.001
    period_s: Annotated[int, Field(ge=1, le=LONGEST_HOLD_S)] = 60
    rule: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)] = "always_valid"

    def plan(self) -> RolloutPlan:
        values = self.model_dump(exclude={"guards", "steps"})
        return RolloutPlan(
            guards=tuple(Guard(**each.model_dump()) for each in self.guards),
            steps=tuple(RolloutStep(**each.model_dump()) for each in self.steps),
            **values,
        )


class _ComparisonBody(RolloutChangeBody):
    plan: PlanBody | None = None
    sticky: StickyUnit = StickyUnit.REQUEST
    overrides: Annotated[dict[str, ArmName], Field(max_length=MAX_OVERRIDES)] | None = None

    def planned(self) -> RolloutPlan:
        """Returns the plan, or the one by default."""
        return (self.plan or PlanBody()).plan()


class CanaryBody(_ComparisonBody):
    """A candidate beside the release that answers all calls, in the steps of the plan."""

    release: ReleaseHash
    name: ArmName = ""


class ComparedArmBody(RequestBody):
    """A release with its share. `name`: the beginning of its hash, if it is empty."""

    release: ReleaseHash
    percent: _Percent
    name: ArmName = ""


class ComparisonBody(_ComparisonBody):
    """Several releases by shares that sum to 100. `baseline`: the name of the arm that the others
    are compared with."""

    arms: Annotated[list[ComparedArmBody], Field(max_length=MAX_ARMS)]
    baseline: ArmName


class SharesBody(RolloutChangeBody):
    """Other shares of the arms, by name; they sum to 100."""

    percents: Annotated[dict[str, _Percent], Field(max_length=MAX_ARMS)]


class PromotionBody(RolloutChangeBody):
    """The arm that answers all calls from now on; empty for the only candidate."""

    arm: ArmName = ""


class NoteBody(RequestBody):
    """A reason."""

    message: Annotated[str, Field(max_length=1000)] = ""


class ShadowBody(RequestBody):
    """A release that answers copies of `percent` of the calls, for `usd_per_day` at most.
    `max_calls`: at once, in each gateway worker."""

    release: ReleaseHash
    percent: Annotated[float, Field(ge=SMALLEST_SHARE, le=100, allow_inf_nan=False)] = 10.0
    usd_per_day: Annotated[Decimal, Field(gt=0, le=MAX_SHADOW_USD, decimal_places=6)]
    max_calls: Annotated[int, Field(ge=1, le=MAX_SHADOWS)] = 4

    def shadow(self) -> ShadowArm:
        """Returns the part of the rollout."""
        return ShadowArm(self.release, self.percent, self.usd_per_day, self.max_calls)


class RolloutShadowBody(RolloutChangeBody, ShadowBody):
    """The shadow of a rollout from now on."""


class TestersBody(RolloutChangeBody):
    """The arms of testers, by unit; all others meet what the weights say."""

    overrides: Annotated[dict[Unit, ArmName], Field(max_length=MAX_OVERRIDES)]
