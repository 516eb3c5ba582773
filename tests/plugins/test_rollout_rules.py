"""Rules of rollouts are found by entry point; the built-in one decides as `rules/rollouts` does."""

from dataclasses import replace
from datetime import timedelta

from penstock.infra.registry import Registry
from penstock.rules.rollouts.decision import DecisionKind, decide
from penstock.rules.rollouts.observations import ArmPeriod, RolloutObserved, WeightPeriod
from penstock.rules.statistics.sequential import Tally
from penstock.spi.rollout_rule import RolloutRule
from rules.rollouts.simulated import START, TOLERANT

RULES: Registry[RolloutRule] = Registry("penstock.rollout_rules")


def test_the_default_rule_of_a_plan_is_installed() -> None:
    rule = RULES.get(TOLERANT.rule)
    failed = {"errors": Tally(1000, 500, 500)}
    arms = {"stable": ArmPeriod(1000, {"errors": Tally(1000, 0, 0)})}
    period = WeightPeriod(
        {"stable": 1, "candidate": 1}, arms | {"candidate": ArmPeriod(1000, failed)}
    )
    observed = RolloutObserved("stable", (period,), START, START, 0, {})
    found = rule.decide(TOLERANT, observed, START)
    assert found == decide(TOLERANT, observed, START)
    assert found.kind is DecisionKind.ROLL_BACK
    late = replace(observed, until=START - timedelta(days=1))
    assert rule.decide(TOLERANT, late, START).kind is DecisionKind.WAIT
