"""Comparisons of releases over a real database and a real column store."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.feedback.conftest import MovedClock
from features.traces import calls
from penstock.features.feedback.service.scores import ScoreService
from penstock.features.feedback.store import schema
from penstock.features.releases.assembly import load_bundles
from penstock.features.rollouts.comparing import ComparisonService
from penstock.features.rollouts.deciding import RolloutDecisions
from penstock.features.rollouts.measures import SETTLING_NS, RolloutMeasures
from penstock.features.rollouts.model import RolloutAction
from penstock.features.rollouts.runs import MAX_ARMS, RolloutRun, RunStatus, weights_of
from penstock.features.rollouts.service import RolloutService
from penstock.features.traces.schema import FAMILY, STEPS
from penstock.features.traces.service import Traces
from penstock.infra.columns import ColumnStore, apply_steps, open_columns
from penstock.infra.registry import Registry
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound, PenstockError
from penstock.kernel.time import SystemClock
from penstock.rules.call import CallEnd, Caller, CallStatus
from penstock.rules.rollouts.documents import Rollout, RolloutArm, StickyUnit
from penstock.rules.rollouts.plan import (
    BetterScore,
    Guard,
    GuardAction,
    GuardMetric,
    RolloutPlan,
    RolloutStep,
)
from penstock.rules.scores.score import Score
from penstock.rules.statistics.sequential import Tally
from penstock.spi.rollout_rule import RolloutRule
from tests.features.releases.released import Released

HOUR_NS = 3600 * 10**9
PLAN = RolloutPlan(
    guards=(Guard(GuardMetric.ERRORS, margin=0.05, minimum=20),),
    steps=(RolloutStep(50, hold_s=60),),
)


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ColumnStore]:
    store = open_columns(f"chdb://{tmp_path_factory.mktemp('home') / 'columns'}")
    apply_steps(store, FAMILY, STEPS)
    apply_steps(store, schema.FAMILY, schema.STEPS)
    yield store
    store.close()


@dataclass
class Compared:
    """A use case whose release answers all calls in `dev`, and a candidate."""

    released: Released
    comparisons: ComparisonService
    scores: ScoreService
    traces: Traces
    clock: MovedClock
    stable: str
    candidate: str

    @property
    def project(self) -> str:
        return self.released.project

    def at(self, seen: int, **fields: Any) -> Rollout:
        return msgspec.structs.replace(Rollout("support", "dev", seen, ()), **fields)

    def canary(self, plan: RolloutPlan = PLAN, **fields: Any) -> RolloutRun:
        wanted = self.at(1, arms=(RolloutArm(self.candidate, 0, "candidate"),), **fields)
        found = self.comparisons.begin_canary(self.released.editor, self.project, wanted, plan)
        return found.entry

    def present(self) -> Rollout:
        return self.released.rollouts.get(self.project, "support", "dev").entry

    def calls(self, arm: str, count: int, failed: int = 0, **fields: Any) -> list[CallEnd]:
        """Calls of an arm in the minutes after it began: as many users, of which some fail."""
        caller = {"basis": "weight", "user": "", "after_ns": SETTLING_NS + 10**9} | fields
        began = self.comparisons.get(self.project, "support", "dev").entry.periods[-1].began_ms
        made = [
            calls.call(
                self.project,
                began * 10**6 + caller["after_ns"] + at * 10**6,
                caller=Caller(
                    key_id="key_1",
                    use_case="support",
                    environment="dev",
                    user=caller["user"] or f"{arm}-{at}",
                    others={"arm": arm, "arm_basis": caller["basis"]},
                ),
                status=CallStatus.ERROR if at < failed else CallStatus.OK,
                cost="0.01",
            )
            for at in range(count)
        ]
        calls.store(self.traces, *made)
        return made

    def evidence(self) -> Any:
        return self.comparisons.observe(self.project, "support", "dev")[1]

    def last_call_is_now(self) -> None:
        """Moves the clock to just after the last planted call."""
        began = self.comparisons.get(self.project, "support", "dev").entry.periods[-1].began_ms
        self.clock.offset_ns = began * 10**6 + 20 * 10**9 - time.time_ns()


@pytest.fixture
def compared(released: Released, columns: ColumnStore, tmp_path: Path) -> Compared:
    clock = MovedClock()
    clock.offset_ns = -HOUR_NS
    context = replace(released.world.identity.context, clock=clock)
    rollouts = RolloutService(
        context,
        released.use_cases.get,
        released.releases.require_servable,
        load_bundles,
        released.admission.require,
    )
    released.rollouts = rollouts
    rules: Registry[RolloutRule] = Registry("penstock.rollout_rules")
    stable, candidate = released.release().digest, released.release("gpt-4o").digest
    released.start(stable)
    measures = RolloutMeasures(lambda: columns)
    quarantine, unknown = calls.new_quarantine(tmp_path), calls.unknown_records(tmp_path)
    return Compared(
        released,
        ComparisonService(context, rollouts, measures, rules.get),
        ScoreService(lambda: columns, clock),
        Traces(lambda: columns, SystemClock(), lambda project_id, span: [], quarantine, unknown),
        clock,
        stable,
        candidate,
    )


def test_a_canary_answers_its_share_beside_the_release_that_answered_all(
    compared: Compared,
) -> None:
    plan = msgspec.structs.replace(PLAN, steps=(RolloutStep(2.5), RolloutStep(50)))
    run = compared.canary(plan, sticky=StickyUnit.USER, overrides={"tester": "candidate"})
    present = compared.present()
    assert present.arms == (
        RolloutArm(compared.stable, 9750, "main"),
        RolloutArm(compared.candidate, 250, "candidate"),
    )
    assert (present.baseline, present.sticky) == ("main", StickyUnit.USER)
    assert present.overrides == {"tester": "candidate"}
    assert (run.version, run.step, run.status) == (2, 0, RunStatus.RUNNING)
    with pytest.raises(Conflict, match="has 2 releases"):
        compared.canary()


def test_each_unit_counts_once_by_its_first_call_with_settled_weights(compared: Compared) -> None:
    guards = (
        Guard(GuardMetric.ERRORS, margin=0.5),
        Guard(GuardMetric.SLOW, limit=4.0),
        Guard(GuardMetric.COST, limit=0.04),
        Guard(GuardMetric.SCORE, score="helpful"),
    )
    compared.canary(msgspec.structs.replace(PLAN, guards=guards), sticky=StickyUnit.USER)
    first, *_ = compared.calls("candidate", 10, failed=2)
    compared.calls("candidate", 3, user="candidate-5", after_ns=2 * SETTLING_NS)  # met before
    compared.calls("candidate", 4, basis="override", user="tester")
    compared.calls("main", 1, user="too-early", after_ns=SETTLING_NS // 2)
    compared.calls("main", 20, failed=1)
    compared.last_call_is_now()
    compared.scores.submit_one(
        compared.project,
        Score(name="helpful", value=0.25, trace_id=first.begin.trace_id, span_id=""),
        "key_1",
    )
    found = {each.guard: each for each in compared.evidence().evidence}
    assert found["errors"].candidate == Tally(10, 2, 2)
    assert found["errors"].baseline == Tally(20, 1, 1)
    assert found["slow"].candidate == Tally(10, 10, 10)  # 5 ms each
    assert found["cost"].candidate == pytest.approx(Tally(10, 2.5, 0.625))
    assert found["score:helpful"].candidate == Tally(1, 0.75, 0.5625)


def test_mirrored_scores_with_mirrored_directions_have_one_evidence(compared: Compared) -> None:
    shared: dict[str, Any] = {"metric": GuardMetric.SCORE, "margin": 0.05, "minimum": 1}
    guards = (
        Guard(score="polite", better=BetterScore.HIGHER, **shared),
        Guard(score="rude", better=BetterScore.LOWER, **shared),
    )
    compared.canary(msgspec.structs.replace(PLAN, guards=guards))

    @given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=4, max_size=12))
    @settings(max_examples=4)
    def holds(values: list[tuple[int, bool]]) -> None:
        for eighths, candidate in values:
            (call,) = compared.calls("candidate" if candidate else "main", 1)
            for name, value in (("polite", eighths / 8), ("rude", 1 - eighths / 8)):
                score = Score(name=name, value=value, trace_id=call.begin.trace_id, span_id="")
                compared.scores.submit_one(compared.project, score, "key_1")
        compared.last_call_is_now()
        polite, rude = compared.evidence().evidence
        assert replace(rude, guard=polite.guard) == polite
        assert polite.candidate.size + polite.baseline.size >= len(values)

    holds()


def test_a_candidate_that_fails_is_rolled_back_with_its_evidence(compared: Compared) -> None:
    compared.canary()
    compared.calls("candidate", 60, failed=30)
    compared.calls("main", 60)
    compared.last_call_is_now()
    RolloutDecisions(compared.comparisons, compared.clock).look()
    assert compared.present().arms == (RolloutArm(compared.stable, 1, "main"),)
    (change, *_) = compared.released.rollouts.history(compared.project, "support", "dev", None, 1)
    assert (change.action, change.author) == (RolloutAction.ROLL_BACK, "rule of the rollout")
    assert "errors of candidate is 0.5 (60 units)" in change.message
    (decision,) = compared.comparisons.decisions(compared.project, "support", "dev", None, 10)
    assert (decision.kind, decision.arm) == ("roll_back", "candidate")
    evidence: Any = decision.evidence
    assert evidence["metrics"][0]["beyond"] >= 20
    audit = compared.released.world.identity.audit_reader.list_page(compared.project, None, 5)
    decided = next(each for each in audit if each.action == "rollout.decided")
    assert decided.actor_label == "rule of the rollout"
    with pytest.raises(NotFound):
        compared.comparisons.get(compared.project, "support", "dev")


def test_a_candidate_within_its_bounds_goes_on_and_is_promoted(compared: Compared) -> None:
    steps = (RolloutStep(20, hold_s=1), RolloutStep(50, hold_s=1))
    compared.canary(msgspec.structs.replace(PLAN, steps=steps))
    for share in (1, 2):
        compared.calls("candidate", 200 * share)
        compared.calls("main", 200 * (4 if share == 1 else 2))
        compared.last_call_is_now()
        RolloutDecisions(compared.comparisons, compared.clock).look()
        if share == 1:
            assert [each.weight for each in compared.present().arms] == [5000, 5000]
    assert compared.present().arms == (RolloutArm(compared.candidate, 1, "candidate"),)
    kinds = [
        each.action
        for each in compared.released.rollouts.history(compared.project, "support", "dev", None, 9)
    ]
    assert kinds == ["promote", "advance", "compare", "start"]
    before = compared.released.rollouts.undo(
        compared.released.editor, compared.project, compared.at(4)
    )
    assert [each.weight for each in before.entry.arms] == [5000, 5000]


def test_nothing_is_decided_while_records_are_late_or_it_is_paused(compared: Compared) -> None:
    compared.canary()
    compared.calls("candidate", 60, failed=30)
    compared.calls("main", 60)
    job = RolloutDecisions(compared.comparisons, compared.clock)
    compared.clock.offset_ns = 0  # the last call is an hour ago
    job.look()
    assert len(compared.present().arms) == 2
    assert "late" in compared.evidence().reason
    compared.last_call_is_now()
    editor = compared.released.editor
    compared.comparisons.pause(editor, compared.project, compared.at(0), "look at it")
    RolloutDecisions(compared.comparisons, compared.clock).look()
    assert len(compared.present().arms) == 2
    resumed = compared.comparisons.resume(editor, compared.project, compared.at(0), "go on").entry
    assert (resumed.status, len(resumed.periods)) == (RunStatus.RUNNING, 1)
    assert compared.evidence().evidence[0].candidate.size == 0


def test_a_metric_that_pauses_keeps_the_weights(compared: Compared) -> None:
    guard = msgspec.structs.replace(PLAN.guards[0], action=GuardAction.PAUSE)
    compared.canary(msgspec.structs.replace(PLAN, guards=(guard,)))
    compared.calls("candidate", 60, failed=30)
    compared.calls("main", 60)
    compared.last_call_is_now()
    RolloutDecisions(compared.comparisons, compared.clock).look()
    found = compared.comparisons.get(compared.project, "support", "dev").entry
    assert found.status is RunStatus.PAUSED
    assert "beyond its bound" in found.note
    assert len(compared.present().arms) == 2


def test_each_period_is_looked_at_once(compared: Compared) -> None:
    compared.canary()
    job = RolloutDecisions(compared.comparisons, compared.clock)
    job.look()
    compared.calls("candidate", 60, failed=30)
    compared.calls("main", 60)
    compared.last_call_is_now()
    job.look()
    assert len(compared.present().arms) == 2


def test_users_change_shares_promote_and_roll_back(compared: Compared) -> None:
    editor = compared.released.editor
    compared.canary()
    shares = {"main": 30.0, "candidate": 70.0}
    run = compared.comparisons.weigh(editor, compared.project, compared.at(2), shares).entry
    assert (run.step, len(run.periods), run.version) == (None, 2, 3)
    assert [each.weight for each in compared.present().arms] == [3000, 7000]
    for wrong in ({"main": 100.0}, {"main": 50.0, "candidate": 49.0}):
        with pytest.raises(InvalidRequest):
            compared.comparisons.weigh(editor, compared.project, compared.at(3), wrong)
    with pytest.raises(Conflict):
        compared.comparisons.weigh(editor, compared.project, compared.at(2), shares)
    ended = compared.comparisons.end(
        editor, compared.project, compared.at(3), RolloutAction.PROMOTE, message="good"
    )
    assert ended.entry.arms == (RolloutArm(compared.candidate, 1, "candidate"),)
    before = compared.released.rollouts.undo(editor, compared.project, compared.at(4)).entry
    assert len(before.arms) == 2
    with pytest.raises(NotFound):
        compared.comparisons.get(compared.project, "support", "dev")


def test_another_change_ends_the_comparison(compared: Compared) -> None:
    compared.canary()
    [listed] = compared.comparisons.list_all(compared.project)
    assert (listed.entry.place, listed.entry.status) == ("support/dev", RunStatus.RUNNING)
    assert compared.comparisons.list_all("another project") == []
    compared.released.start(compared.stable, 2)
    assert compared.comparisons.list_all(compared.project) == []
    assert compared.comparisons.running() == []
    with pytest.raises(NotFound) as caught:
        compared.comparisons.get(compared.project, "support", "dev")
    assert caught.value.code == "no_comparison"
    wanted = compared.at(3, arms=(RolloutArm(compared.candidate, 0, "again"),))
    begun = compared.comparisons.begin_canary(
        compared.released.editor, compared.project, wanted, PLAN
    )
    assert begun.entry.version == 4


def test_several_releases_answer_by_shares(compared: Compared) -> None:
    other = compared.released.release("any/other").digest
    arms = tuple(
        RolloutArm(digest, weight, "")
        for digest, weight in ((compared.stable, 5000), (compared.candidate, 3000), (other, 2000))
    )
    wanted = compared.at(1, arms=arms, baseline=compared.stable[:12])
    plan = msgspec.structs.replace(PLAN, steps=())
    run = compared.comparisons.begin(compared.released.editor, compared.project, wanted, plan).entry
    assert run.step is None
    assert [each.name for each in compared.present().arms] == [
        each.release[:12] for each in compared.present().arms
    ]
    editor = compared.released.editor
    with pytest.raises(InvalidRequest, match="Name the arm"):
        compared.comparisons.end(editor, compared.project, compared.at(2), RolloutAction.PROMOTE)
    rolled = compared.comparisons.end(
        editor, compared.project, compared.at(2), RolloutAction.ROLL_BACK
    )
    assert rolled.entry.arms[0].release == compared.stable


def wrong_comparisons(compared: Compared) -> list[tuple[Rollout, RolloutPlan]]:
    stable, other = RolloutArm(compared.stable, 1, "a"), RolloutArm(compared.candidate, 1, "b")
    good = compared.at(1, arms=(stable, other), baseline="a")
    change = msgspec.structs.replace
    many = tuple(change(stable, name=str(at)) for at in range(MAX_ARMS + 1))
    return [
        (change(good, arms=(stable,)), PLAN),
        (change(good, arms=many), PLAN),
        (change(good, arms=(stable, change(other, name="a"))), PLAN),
        (change(good, arms=(stable, change(other, name="b" * 65))), PLAN),
        (change(good, arms=(stable, change(other, name="b\n"))), PLAN),
        (change(good, baseline="c"), PLAN),
        (change(good, overrides={"u": "c"}), PLAN),
        (change(good, overrides={"u" * 257: "a"}), PLAN),
        (good, change(PLAN, wrong_rollbacks=0.0)),
        (good, change(PLAN, guards=())),
        (change(good, arms=(stable, other, change(other, name="c"))), PLAN),
    ]


def test_a_comparison_without_sense_is_refused(compared: Compared) -> None:
    editor = compared.released.editor
    for wanted, plan in wrong_comparisons(compared):
        with pytest.raises(InvalidRequest) as caught:
            compared.comparisons.begin(editor, compared.project, wanted, plan)
        assert caught.value.code == "rollout_invalid"
    with pytest.raises(NotFound):  # a rule that is not installed
        compared.canary(msgspec.structs.replace(PLAN, rule="none"))
    with pytest.raises(InvalidRequest, match="needs steps"):
        compared.canary(msgspec.structs.replace(PLAN, steps=()))
    with pytest.raises(NotFound):
        compared.comparisons.begin_canary(
            editor, compared.project, compared.at(1, arms=(RolloutArm("f" * 64),)), PLAN
        )
    assert len(compared.present().arms) == 1


def test_who_may_not_change_the_environment_may_not_compare_in_it(compared: Compared) -> None:
    released = compared.released
    released.passes(compared.stable)
    released.start(compared.stable, environment="production", actor=released.world.admin)
    wanted = Rollout("support", "production", 1, (RolloutArm(compared.candidate),))
    with pytest.raises(Forbidden):
        compared.comparisons.begin_canary(released.editor, compared.project, wanted, PLAN)


def test_without_the_column_store_a_comparison_begins_and_nothing_is_decided(
    compared: Compared,
) -> None:
    def closed() -> ColumnStore:
        raise PenstockError("The column store is not open.")

    compared.comparisons._measures = RolloutMeasures(closed)
    assert compared.canary().references == {}
    RolloutDecisions(compared.comparisons, compared.clock).look()
    assert len(compared.present().arms) == 2


@pytest.mark.parametrize(
    "percents", [{"a": 50, "b": 49}, {"a": 101, "b": -1}, {"a": float("nan"), "b": 100}, {}]
)
def test_shares_that_do_not_sum_are_refused(percents: dict[str, float]) -> None:
    with pytest.raises(InvalidRequest):
        weights_of(percents)


def test_shares_of_hundredths_sum() -> None:
    assert weights_of({"a": 99.99, "b": 0.01}) == {"a": 9999, "b": 1}
