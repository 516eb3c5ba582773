"""Gates over real runs of recorded outputs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from features.evaluations.conftest import Evaluated, create_evaluated
from penstock.features.evaluations import store
from penstock.features.evaluations.model import MAX_RUNS, Result, ResultState, TargetAnswer
from penstock.features.evaluations.service.runs import UploadedOutput
from penstock.features.gates.model import GateState
from penstock.features.gates.service import GateRequest, GateService
from penstock.features.use_cases.assembly import criteria_of
from penstock.features.use_cases.model import QualityCriterion, UseCase
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound
from penstock.rules.evaluation.measurements import scored
from penstock.rules.gates.decision import GateOutcome
from penstock.rules.gates.plan import GatePlan, Threshold, ThresholdKind


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Evaluated]:
    found = create_evaluated(tmp_path)
    found.fill(40)
    yield found
    found.context.database.close()


@pytest.fixture
def gates(world: Evaluated) -> GateService:
    return GateService(
        world.context,
        world.service,
        world.results.values,
        criteria_of(world.context),
        world.released.evidence.add,
    )


def recorded(world: Evaluated, right: int) -> str:
    """Returns a run that has ended, of whose 40 outputs the first `right` are right."""
    run = world.start("equals", waits=True)
    outputs = [
        UploadedOutput(f"i{at}", 0, TargetAnswer(str(at) if at < right else "no"))
        for at in range(40)
    ]
    world.service.upload(world.project, run, outputs)
    world.service.resume(world.released.editor, world.project, run)
    world.run_jobs()
    return run


def request(
    candidate: str, baseline: str = "", use_case: str = "", *asked: Threshold
) -> GateRequest:
    return GateRequest(candidate, baseline, GatePlan(thresholds=asked), use_case)


def test_recorded_outputs_are_decided_at_once(world: Evaluated, gates: GateService) -> None:
    good, bad = recorded(world, 40), recorded(world, 20)
    editor = world.released.editor
    worse = gates.open(editor, world.project, request(bad, good))
    assert worse.state is GateState.DECIDED
    assert worse.decision is not None
    assert worse.decision.outcome is GateOutcome.REGRESSION
    assert not worse.decision.confirmed
    better = gates.open(editor, world.project, request(good, bad))
    assert better.decision is not None
    assert better.decision.outcome is GateOutcome.PASSED
    assert [each.id for each in gates.list(world.project, "", None, 5)] == [better.id, worse.id]
    assert gates.decide(editor, world.project, worse.id) == worse
    with pytest.raises(NotFound):
        gates.get("another", worse.id)


def test_the_criteria_of_a_use_case_hold_unless_others_are_named(
    world: Evaluated, gates: GateService
) -> None:
    criteria = (QualityCriterion("equals", at_least=0.95), QualityCriterion("helpful", at_most=1))
    released = world.released
    use_case = UseCase("answers", owner="me", purpose="Answers.", criteria=criteria)
    released.use_cases.add(released.world.admin, world.project, use_case)
    run = recorded(world, 20)
    gate = gates.open(released.editor, world.project, request(run, "", "answers"))
    assert [each.kind for each in gate.plan.thresholds] == [ThresholdKind.ABSOLUTE]
    assert gate.first.outcome is GateOutcome.REGRESSION
    low = Threshold("equals", ThresholdKind.ABSOLUTE, at_least=0.4)
    gate = gates.open(released.editor, world.project, request(run, "", "answers", low))
    assert gate.first.outcome is GateOutcome.PASSED
    with pytest.raises(InvalidRequest, match="thresholds"):
        gates.open(released.editor, world.project, request(run))


def test_runs_that_cannot_be_compared_are_rejected(world: Evaluated, gates: GateService) -> None:
    editor, run = world.released.editor, recorded(world, 40)
    still_open = world.start("equals", output_field="out")
    with pytest.raises(Conflict, match="has not ended"):
        gates.open(editor, world.project, request(still_open, run))
    world.run_jobs()
    part = world.start("equals", output_field="out", item_ids=("i1", "i2"))
    world.run_jobs()
    for other in (part, run):
        with pytest.raises(InvalidRequest):
            gates.open(editor, world.project, request(run, other))
    with pytest.raises(NotFound):
        gates.open(editor, world.project, request(run, "evr_0"))


def called(world: Evaluated, right: int) -> str:
    """Returns a run of a release that has ended, the first `right` of whose answers are right."""
    run = world.start("equals", release=world.released.release().digest, key_id="key_1")
    answers = [
        Result(
            *(f"i{at}", 0, at, ResultState.MEASURED, 0, TargetAnswer("any")),
            measurements={"equals": scored(at < right)},
        )
        for at in range(40)
    ]
    with world.context.database.write() as tx:
        store.save_results(tx.connection, run, answers)
    world.run_jobs()
    return run


def fill_runs(world: Evaluated, like: str, count: int) -> None:
    """Adds runs as this one until the project has so many."""
    columns = [each.name for each in store.RUNS.columns if each.name != "id"]
    names = ", ".join(columns)
    copies = text(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :n) "
        f"INSERT INTO evaluation_runs (id, {names}) "
        f"SELECT 'evr_copy_' || n, {names} FROM numbers, evaluation_runs WHERE id = :id"
    )
    with world.context.database.write() as tx:
        left = count - store.count_runs(tx.connection, world.project)
        tx.connection.execute(copies, {"n": left, "id": like})


def runs_of(world: Evaluated) -> int:
    with world.context.database.read() as connection:
        return store.count_runs(connection, world.project)


def test_both_confirming_runs_start_or_none_and_then_nothing_is_measured(
    world: Evaluated, gates: GateService
) -> None:
    good, bad = called(world, 40), called(world, 20)
    editor = world.released.editor
    gate = gates.open(editor, world.project, request(bad, good))
    assert gate.state is GateState.CONFIRMING
    assert runs_of(world) == 4
    fill_runs(world, good, MAX_RUNS - 1)
    alone = gates.open(editor, world.project, request(bad, good))
    assert runs_of(world) == MAX_RUNS - 1
    assert (alone.state, alone.confirming) == (GateState.DECIDED, ())
    assert alone.decision is not None
    assert (alone.decision.outcome, alone.decision.exit_code) == (GateOutcome.UNMEASURED, 2)
    assert "at most 10,000 evaluation runs" in alone.decision.thresholds[0].text
    assert alone.first.outcome is GateOutcome.REGRESSION
    assert gates.get(world.project, alone.id) == alone


def test_a_gate_whose_confirming_run_is_gone_could_not_be_measured(
    world: Evaluated, gates: GateService
) -> None:
    good, bad = called(world, 40), called(world, 20)
    editor = world.released.editor
    gate = gates.open(editor, world.project, request(bad, good))
    with pytest.raises(Conflict, match="has not ended"):
        gates.decide(editor, world.project, gate.id)
    world.service.cancel(editor, world.project, gate.confirming[1])
    world.service.remove(editor, world.project, gate.confirming[1])
    decided = gates.decide(editor, world.project, gate.id)
    assert decided.decision is not None
    assert decided.decision.outcome is GateOutcome.UNMEASURED
    assert f"no evaluation run {gate.confirming[1]}" in decided.decision.thresholds[0].text
