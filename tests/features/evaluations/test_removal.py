"""Runs are removed with their results, unless something needs them."""

from dataclasses import replace

import pytest

from penstock.features.evaluations import store, summary_store
from penstock.features.evaluations.model import RunState
from penstock.features.gates.assembly import gate_of_run
from penstock.features.gates.model import Gate, GateState
from penstock.features.gates.store import add_gate
from penstock.features.protection.assembly import evidence_of_run
from penstock.features.protection.model import Evidence, EvidenceResult
from penstock.kernel.errors import Conflict, NotFound
from penstock.rules.gates.decision import GateDecision, GateOutcome
from penstock.rules.gates.plan import GatePlan
from tests.features.evaluations.conftest import Evaluated


def ended(evaluated: Evaluated) -> str:
    run = evaluated.start("equals", output_field="out")
    evaluated.run_jobs()
    return run


def remove(evaluated: Evaluated, run: str) -> None:
    service = replace(evaluated.service, references=(evidence_of_run, gate_of_run))
    service.remove(evaluated.released.editor, evaluated.project, run)


def test_a_run_goes_with_its_results_and_leaves_an_audited_change(evaluated: Evaluated) -> None:
    evaluated.fill(5)
    run, other = ended(evaluated), ended(evaluated)
    with pytest.raises(NotFound):
        evaluated.service.remove(evaluated.released.editor, "another", run)
    remove(evaluated, run)
    with pytest.raises(NotFound):
        evaluated.get(run)
    with evaluated.context.database.read() as connection:
        assert store.list_results(connection, run) == []
        assert summary_store.find_values(connection, run) is None
        assert len(store.list_results(connection, other)) == 5
    newest = evaluated.released.world.identity.audit_reader.list_page(evaluated.project, None, 1)[0]
    assert (newest.action, newest.subject) == ("evaluation.remove", run)


def test_a_run_that_has_not_ended_and_its_baseline_stay(evaluated: Evaluated) -> None:
    evaluated.fill(5)
    baseline = ended(evaluated)
    still_open = evaluated.start("equals", output_field="out", baseline_run=baseline)
    with pytest.raises(Conflict, match="has not ended"):
        remove(evaluated, still_open)
    with pytest.raises(Conflict, match=f"the open run {still_open} refers to it"):
        remove(evaluated, baseline)
    evaluated.run_jobs()
    remove(evaluated, baseline)
    assert evaluated.get(still_open).run.state is RunState.DONE


def test_a_run_that_evidence_names_stays(evaluated: Evaluated) -> None:
    evaluated.fill(1)
    run, released = ended(evaluated), evaluated.released
    digest = released.release().digest
    evidence = Evidence(evaluated.project, digest, "evals", EvidenceResult.PASSED, run=run)
    released.evidence.add(released.world.admin, evidence)
    with pytest.raises(Conflict, match=f"the evidence 1 of the release {digest[:12]}"):
        remove(evaluated, run)


@pytest.mark.parametrize(
    ("state", "evidence", "stays"),
    [
        (GateState.CONFIRMING, 0, True),
        (GateState.DECIDED, 1, True),
        (GateState.DECIDED, 0, False),
    ],
)
def test_the_runs_of_a_gate_stay_while_it_needs_them(
    evaluated: Evaluated, state: GateState, evidence: int, *, stays: bool
) -> None:
    evaluated.fill(1)
    runs = [ended(evaluated) for _ in range(4)]
    first = GateDecision(GateOutcome.PASSED, ())
    gate = Gate(
        *("gat_1", evaluated.project, runs[0], runs[1], "", GatePlan(), state, first),
        confirming=tuple(runs[2:]),
        evidence=evidence,
    )
    with evaluated.context.database.write() as tx:
        add_gate(tx.connection, gate)
    for run in runs:
        if stays:
            with pytest.raises(Conflict, match="the gate gat_1 refers to it"):
                remove(evaluated, run)
        else:
            remove(evaluated, run)
