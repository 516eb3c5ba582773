"""Plans of rollouts: what cannot be followed is refused with a sentence."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from penstock.rules.rollouts.plan import (
    LONGEST_HOLD_S,
    MAX_GUARDS,
    MAX_NAME_CHARS,
    MAX_STEPS,
    BetterScore,
    Guard,
    GuardMetric,
    RolloutPlan,
    RolloutStep,
    check_plan,
)

GOOD = RolloutPlan(guards=(Guard(GuardMetric.ERRORS),), steps=(RolloutStep(10), RolloutStep(50)))


@dataclass(frozen=True)
class Case:
    message: str
    plan: dict[str, Any] = field(default_factory=dict)
    guard: dict[str, Any] = field(default_factory=dict)

    def changed(self) -> RolloutPlan:
        guards = (msgspec.structs.replace(GOOD.guards[0], **self.guard),) if self.guard else ()
        return msgspec.structs.replace(GOOD, **({"guards": guards} if guards else {}) | self.plan)


MANY = tuple(Guard(GuardMetric.SCORE, score=str(at)) for at in range(MAX_GUARDS + 1))
CASES = [
    Case("at most 10 guard metrics", {"guards": MANY}),
    Case("occurs twice", {"guards": (Guard(GuardMetric.ERRORS), Guard(GuardMetric.ERRORS))}),
    Case("need at least one guard", {"guards": ()}),
    Case("at most 20 steps", {"steps": tuple(RolloutStep(at) for at in range(1, MAX_STEPS + 2))}),
    Case("more than 0", {"steps": (RolloutStep(0),)}),
    Case("less than 100", {"steps": (RolloutStep(100),)}),
    Case("less than 100", {"steps": (RolloutStep(float("nan")),)}),
    Case("90 days", {"steps": (RolloutStep(5, LONGEST_HOLD_S + 1),)}),
    Case("grow", {"steps": (RolloutStep(50), RolloutStep(10))}),
    Case("grow", {"steps": (RolloutStep(10), RolloutStep(10))}),
    Case("wrong decisions", {"wrong_rollbacks": 0.0}),
    Case("wrong decisions", {"wrong_promotions": 0.9}),
    Case("wrong decisions", {"wrong_alarms": float("nan")}),
    Case("a period has", {"period_s": 0}),
    Case("a period has", {"period_s": LONGEST_HOLD_S + 1}),
    Case("names no rule", {"rule": "r" * (MAX_NAME_CHARS + 1)}),
    Case("names no rule", {"rule": ""}),
    Case("ratio is", guard={"ratio": -1.0}),
    Case("ratio is", guard={"ratio": float("nan")}),
    Case("ratio is", guard={"margin": 1.0}),
    Case("ratio is", guard={"margin": float("nan")}),
    Case("a ratio or a margin", guard={"ratio": 0.0}),
    Case("at least 1e-06", guard={"margin": 1e-200}),
    Case("minimum", guard={"minimum": 0}),
    Case("names the score", guard={"metric": GuardMetric.SCORE}),
    Case("names the score", guard={"score": "helpful"}),
    Case("characters", guard={"metric": GuardMetric.SCORE, "score": "s" * (MAX_NAME_CHARS + 1)}),
    Case("above 0", guard={"metric": GuardMetric.SLOW}),
    Case("above 0", guard={"metric": GuardMetric.COST, "limit": float("inf")}),
    Case("above 0", guard={"metric": GuardMetric.COST, "limit": float("nan")}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.message)
def test_a_plan_without_sense_is_refused_with_a_sentence(case: Case) -> None:
    with pytest.raises(ValueError, match=case.message):
        check_plan(case.changed())


def test_a_plan_with_sense_is_accepted() -> None:
    check_plan(GOOD)
    check_plan(RolloutPlan())


def test_only_scores_have_a_direction() -> None:
    check_plan(RolloutPlan((Guard(GuardMetric.SCORE, score="rude", better=BetterScore.LOWER),)))
    with pytest.raises(ValueError, match="less is better"):
        check_plan(RolloutPlan((Guard(GuardMetric.ERRORS, better=BetterScore.LOWER),)))
