"""The default rule of rollouts: how often it is wrong, what it sees, when it waits.

`tests/drills/test_rollout_decisions.py` simulates many more rollouts.
"""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import msgspec
import pytest

from penstock.rules.rollouts.decision import DecisionKind, decide
from penstock.rules.rollouts.observations import ArmPeriod, RolloutObserved, WeightPeriod
from penstock.rules.rollouts.plan import Guard, GuardAction, GuardMetric, RolloutPlan
from penstock.rules.statistics.sequential import Tally
from rules.rollouts.simulated import (
    NONE_TOLERATED,
    ROLLED_BACK,
    SECOND,
    START,
    STEPS,
    TOLERANT,
    ends,
    most_of,
    paused,
    period,
    traffic,
)


@pytest.mark.parametrize("plan", [NONE_TOLERATED, TOLERANT], ids=["none-tolerated", "tolerant"])
def test_equal_releases_are_rarely_rolled_back(plan: RolloutPlan) -> None:
    found = ends(plan, traffic(), runs=30, units=6_000)
    assert sum(found[each] for each in ROLLED_BACK) <= most_of(30, plan.wrong_rollbacks)


@pytest.mark.parametrize(
    "worse",
    [{"errors": 0.1}, {"slow": 0.2}, {"cost": 2.0}, {"score": 0.35}],
    ids=["errors", "slow", "cost", "score"],
)
def test_a_worse_release_is_rolled_back(worse: dict[str, float]) -> None:
    found = ends(TOLERANT, traffic(**worse), runs=10, units=8_000)
    assert found[DecisionKind.ROLL_BACK] >= 9


def test_an_equal_release_is_promoted_within_its_bounds() -> None:
    found = ends(TOLERANT, traffic(), runs=10, units=20_000, look=500)
    assert found[DecisionKind.PROMOTE] >= 9


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_the_alarm_of_the_division_is_rare_and_sees_what_is_lost(share: float) -> None:
    plan = msgspec.structs.replace(NONE_TOLERATED, wrong_alarms=0.05)
    alarms, seen = 0, 0
    for seed in range(100):
        random, units = Random(seed), [0, 0]
        alarmed = False
        for at in range(1, 2001):
            units[random.random() < share] += 1
            alarmed = alarmed or (at % 20 == 0 and divided(plan, units, share))
        alarms += alarmed
        seen += divided(plan, [units[0], round(units[1] * 0.6)], share)
    assert alarms <= most_of(100, 0.05)
    assert seen >= (95 if share == 0.5 else 75)


def divided(plan: RolloutPlan, units: list[int], share: float) -> bool:
    return paused(plan, (period(share * 100, units),))


def known(candidate: tuple[int, int], baseline: tuple[int, int], **changes: Any) -> RolloutObserved:
    """One period with half of the units each: (units, errors)."""
    arms = {
        name: ArmPeriod(size, {"errors": Tally(size, failed, failed)})
        for name, (size, failed) in (("candidate", candidate), ("stable", baseline))
    }
    periods = (WeightPeriod({"stable": 1, "candidate": 1}, arms),)
    now = START + timedelta(days=1)
    return replace(RolloutObserved("stable", periods, now, START, 1, {}), **changes)


ERRORS = RolloutPlan(guards=(Guard(GuardMetric.ERRORS, margin=0.01),), steps=STEPS)
BAD = known((1000, 300), (1000, 10))
GOOD = known((20_000, 100), (20_000, 100))


def test_nothing_is_decided_while_telemetry_lags_more_than_a_period() -> None:
    late = BAD.until + timedelta(seconds=ERRORS.period_s)
    assert decide(ERRORS, BAD, late).kind is DecisionKind.ROLL_BACK
    decision = decide(ERRORS, BAD, late + SECOND)
    assert decision.kind is DecisionKind.WAIT
    assert "late" in decision.reason


def test_nothing_is_decided_below_the_least_number_of_units() -> None:
    many = msgspec.structs.replace(ERRORS.guards[0], minimum=1001)
    decision = decide(msgspec.structs.replace(ERRORS, guards=(many,)), BAD, BAD.until)
    assert decision.kind is DecisionKind.WAIT
    assert decision.reason == "Too few units for errors."


def test_a_decision_names_the_metric_its_figures_and_its_evidence() -> None:
    decision = decide(ERRORS, BAD, BAD.until)
    assert decision.kind is DecisionKind.ROLL_BACK
    assert decision.arm == "candidate"
    assert "errors of candidate is 0.3 (1000 units), of the baseline 0.01" in decision.reason
    assert decision.evidence[0].beyond >= 20


def test_a_metric_may_pause_instead() -> None:
    pausing = msgspec.structs.replace(ERRORS.guards[0], action=GuardAction.PAUSE)
    plan = msgspec.structs.replace(ERRORS, guards=(pausing,))
    assert decide(plan, BAD, BAD.until).kind is DecisionKind.PAUSE


def test_a_bound_of_its_own_needs_no_baseline() -> None:
    alone = Guard(GuardMetric.ERRORS, ratio=0.0, margin=0.1)
    plan = msgspec.structs.replace(ERRORS, guards=(alone,))
    both_bad = known((1000, 300), (1000, 300))
    assert decide(plan, both_bad, BAD.until).kind is DecisionKind.ROLL_BACK
    assert decide(ERRORS, both_bad, BAD.until).kind is DecisionKind.WAIT


def test_a_step_holds_for_its_time_then_the_next_begins_and_the_last_needs_proof() -> None:
    assert decide(ERRORS, replace(GOOD, since=GOOD.until), GOOD.until).kind is DecisionKind.WAIT
    assert decide(ERRORS, replace(GOOD, step=0), GOOD.until).kind is DecisionKind.ADVANCE
    assert decide(ERRORS, GOOD, GOOD.until).kind is DecisionKind.PROMOTE
    few = known((200, 1), (200, 1))
    decision = decide(ERRORS, few, few.until)
    assert decision.kind is DecisionKind.WAIT
    assert decision.reason.startswith("Not yet shown to be within its bound: errors")


def test_several_candidates_are_rolled_back_but_never_promoted() -> None:
    three = WeightPeriod(
        {"stable": 1, "candidate": 1, "other": 1},
        GOOD.periods[0].arms | {"other": GOOD.periods[0].arms["candidate"]},
    )
    assert decide(ERRORS, replace(GOOD, periods=(three,)), GOOD.until).kind is DecisionKind.WAIT
    bad = replace(
        three, arms=three.arms | {"other": ArmPeriod(20_000, {"errors": Tally(20_000, 9e3, 9e3)})}
    )
    decision = decide(ERRORS, replace(GOOD, periods=(bad,)), GOOD.until)
    assert (decision.kind, decision.arm) == (DecisionKind.ROLL_BACK, "other")


def test_without_a_candidate_or_a_plan_nothing_is_decided() -> None:
    full = WeightPeriod({"stable": 1}, {})
    for observed in (replace(BAD, periods=()), replace(BAD, periods=(full,))):
        assert decide(ERRORS, observed, BAD.until).kind is DecisionKind.WAIT
    assert decide(ERRORS, replace(GOOD, step=None), GOOD.until).kind is DecisionKind.WAIT
