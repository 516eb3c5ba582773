"""A chain counts once in a comparison, with the calls of all its steps."""

import os
import time
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import pytest

from features.traces import calls
from penstock.features.rollouts.measures import SETTLING_NS, RolloutMeasures
from penstock.infra.columns import ColumnStore
from penstock.rules.call import CallEnd, Caller, CallStatus
from penstock.rules.rollouts.documents import StickyUnit
from penstock.rules.rollouts.plan import Guard, GuardMetric
from penstock.rules.scores.score import Score
from penstock.rules.statistics.sequential import Tally
from tests.features.rollouts.test_comparisons import (  # noqa: F401 - fixtures
    PLAN,
    Compared,
    columns,
    compared,
)

GUARDS = (
    Guard(GuardMetric.ERRORS, margin=0.5),
    Guard(GuardMetric.SLOW, limit=1000.0),
    Guard(GuardMetric.COST, limit=0.04),
    Guard(GuardMetric.SCORE, score="helpful"),
)


class Step(NamedTuple):
    """A call of a chain: it begins `at_ms` after the chain, and takes 5 ms."""

    name: str
    at_ms: int = 0
    cost: str = "0.01"
    failed: bool = False
    arm: str = "candidate"
    basis: str = "weight"


def chain(it: Compared, steps: Sequence[Step], user: str = "ann", after_s: int = 1) -> str:
    """Records the steps of a chain in any order, and returns their trace."""
    run = it.comparisons.get(it.project, "support", "dev").entry
    began_ns = run.periods[-1].began_ms * 10**6 + SETTLING_NS + after_s * 10**9
    trace_id = os.urandom(16).hex()
    made = [_call(it.project, began_ns, trace_id, user, step) for step in steps]
    calls.store(it.traces, *made)
    return trace_id


def _call(project: str, began_ns: int, trace_id: str, user: str, step: Step) -> CallEnd:
    others = {"arm": step.arm, "arm_basis": step.basis}
    if step.name:
        others["step"] = step.name
    who = Caller("key_1", user=user, session=user, use_case="support", environment="dev")
    caller = msgspec.structs.replace(who, others=others)
    status = CallStatus.ERROR if step.failed else CallStatus.OK
    start_ns = began_ns + step.at_ms * 10**6
    made = calls.call(project, start_ns, caller=caller, status=status, cost=step.cost)
    return msgspec.structs.replace(
        made, begin=msgspec.structs.replace(made.begin, trace_id=trace_id)
    )


def measured(it: Compared) -> dict[str, Tally]:
    it.last_call_is_now()
    return {each.guard: each.candidate for each in it.evidence().evidence}


@pytest.mark.parametrize("sticky", list(StickyUnit))
def test_errors_cost_and_latency_of_a_unit_are_those_of_all_steps_of_its_first_chain(
    compared: Compared,  # noqa: F811 - the fixture
    sticky: StickyUnit,
) -> None:
    compared.canary(msgspec.structs.replace(PLAN, guards=GUARDS), sticky=sticky)
    answer = Step("answer", at_ms=990, cost="0.02", failed=True)
    trace_id = chain(compared, [answer, Step("look_up"), Step("look_up", at_ms=300)])
    for at in range(3):
        chain(compared, [Step("look_up"), Step("answer", at_ms=1500 * at)], user=f"user-{at}")
    score = Score(name="helpful", value=0.25, trace_id=trace_id, span_id="")
    compared.scores.submit_one(compared.project, score, "key_1")
    found = measured(compared)
    assert found["errors"] == Tally(4, 1, 1)
    assert found["slow"] == Tally(4, 3, 3)  # failed, or 1.505 s and 3.005 s to its end
    assert found["cost"] == pytest.approx(Tally(4, 2.5, 1.75))  # 0.04 once, 0.02 three times
    assert found["score:helpful"] == Tally(1, 0.75, 0.5625)


def test_other_runs_of_a_user_and_steps_under_another_arm_take_no_part(
    compared: Compared,  # noqa: F811 - the fixture
) -> None:
    compared.canary(msgspec.structs.replace(PLAN, guards=GUARDS), sticky=StickyUnit.USER)
    moved = Step("answer", at_ms=5000, failed=True, arm="main")
    tested = Step("answer", at_ms=10, failed=True, basis="override")
    chain(compared, [Step("look_up"), moved, tested])
    chain(compared, [Step("look_up", failed=True)], after_s=2)  # met before
    chain(compared, [Step(""), Step("", at_ms=5000, failed=True)], user="bob")  # no chain
    found = measured(compared)
    assert found["errors"] == Tally(2, 0, 0)
    assert found["slow"] == Tally(2, 0, 0)
    assert found["cost"] == pytest.approx(Tally(2, 0.5, 0.125))


def test_what_a_use_case_did_before_is_measured_by_chain_too(
    compared: Compared,  # noqa: F811 - the fixture
    columns: ColumnStore,  # noqa: F811 - the fixture
) -> None:
    compared.canary(msgspec.structs.replace(PLAN, guards=GUARDS))
    chain(compared, [Step("look_up"), Step("answer", at_ms=1500, failed=True)])
    chain(compared, [Step("look_up"), Step("answer")])
    rollout = compared.present()
    found = RolloutMeasures(lambda: columns).references(
        compared.project, rollout, GUARDS, 0, time.time_ns()
    )
    assert found == pytest.approx({"errors": 0.5, "slow": 0.5, "cost": 0.5})
