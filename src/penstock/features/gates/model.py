"""Values of gates, and what they need of other verticals."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, Protocol

from penstock.features.access import Principal
from penstock.features.evaluations.model import EvaluationPlan, EvaluationRun, RunValues
from penstock.features.protection.model import Evidence, EvidenceResult
from penstock.features.use_cases.model import QualityCriterion
from penstock.kernel.errors import Conflict, InvalidRequest
from penstock.rules.document import Document
from penstock.rules.gates.decision import GateDecision, GateOutcome
from penstock.rules.gates.plan import COST, LATENCY, GatePlan, Threshold, ThresholdKind

MAX_GATES: Final = 10_000  # of a project
EVIDENCE_KIND: Final = "evals"  # of the evidence that a gate writes
RESULTS: Final = {
    GateOutcome.PASSED: EvidenceResult.PASSED,
    GateOutcome.REGRESSION: EvidenceResult.FAILED,
    GateOutcome.UNMEASURED: EvidenceResult.UNMEASURABLE,
}


class GateState(StrEnum):
    """The states of a gate."""

    CONFIRMING = "confirming"  # the items on which the two differ are run again for both
    DECIDED = "decided"


class Gate(Document, frozen=True):
    """A gate. `candidate` and `baseline` are runs, with `confirming` (candidate, baseline) those
    that run again what differs. `first` is the decision before, `decision` that after. `evidence`
    is its number on the candidate's release; 0 if none was written."""

    id: str
    project_id: str
    candidate: str
    baseline: str
    release: str
    plan: GatePlan
    state: GateState
    first: GateDecision
    confirming: tuple[str, ...] = ()
    decision: GateDecision | None = None
    evidence: int = 0
    use_case: str = ""
    author: str = ""
    created_ms: int = 0
    decided_ms: int = 0


class EvaluationRuns(Protocol):
    """Reads and starts evaluation runs."""

    def run(self, project_id: str, run_id: str) -> EvaluationRun:
        """Returns a run. Raises `NotFound`."""
        ...

    def repeat(
        self, actor: Principal, runs: Sequence[EvaluationRun], item_ids: Sequence[str], label: str
    ) -> Sequence[EvaluationRun]:
        """Starts runs as these, of some items only: all, or none. Raises `InvalidRequest`,
        `NotFound`, `Forbidden`."""
        ...


class ValuesOf(Protocol):
    """Returns the values of runs. Raises `NotFound`, and `InvalidRequest` for too many."""

    def __call__(self, project_id: str, run_ids: Sequence[str]) -> list[RunValues]: ...


class AddEvidence(Protocol):
    """Adds evidence to a release."""

    def __call__(self, actor: Principal, evidence: Evidence) -> Evidence: ...


CriteriaOf = Callable[[str, str], Sequence[QualityCriterion]]
"""Returns the quality criteria of a project's use case. Raises `NotFound`."""


def thresholds_of(criteria: Sequence[QualityCriterion], measured: Sequence[str]) -> list[Threshold]:
    """Returns the criteria whose scores the run has measured, as thresholds."""
    found: list[Threshold] = []
    for each in criteria:
        if each.name not in measured:
            continue
        if each.at_least is not None:
            found.append(Threshold(each.name, ThresholdKind.ABSOLUTE, at_least=each.at_least))
        if each.at_most is not None:
            found.append(Threshold(each.name, ThresholdKind.ABSOLUTE, at_most=each.at_most))
    return found


def default_thresholds(values: RunValues, *, compared: bool) -> list[Threshold]:
    """Returns what a gate demands if nobody says it: no metric of an evaluator is shown to be worse
    than the baseline's. Latency and cost move with the time of day, so they must be named."""
    if not compared:
        return []
    return [
        Threshold(name)
        for name, facts in values.facts.items()
        if facts.higher_is_better is not None and name not in (LATENCY, COST)
    ]


def check_comparable(candidate: EvaluationRun, baseline: EvaluationRun | None) -> None:
    """Raises `Conflict` for runs that have not ended, and `InvalidRequest` for runs that did not
    measure the same items in the same way."""
    for run in (candidate, baseline):
        if run is not None and run.is_open:
            raise Conflict(
                f"The run {run.id} has not ended.",
                hint=f"Wait for it: penstock eval show {run.id}",
                code="gate_run_open",
            )
    if baseline is None:
        return
    if candidate.id == baseline.id:
        raise _invalid("Candidate and baseline are the same run.", "baseline")
    if candidate.dataset_digest != baseline.dataset_digest:
        raise _invalid("The runs are of different versions of a dataset.", "baseline")
    if _items_of(candidate.plan) != _items_of(baseline.plan):
        raise _invalid("The runs have chosen different items of the dataset.", "baseline")
    known = {each.name: each for each in baseline.plan.evaluators}
    for each in candidate.plan.evaluators:
        if known.get(each.name, each) != each:
            raise _invalid(f"The runs measure {each.name!r} with different options.", "baseline")


def _items_of(plan: EvaluationPlan) -> tuple[frozenset[str], str]:
    return frozenset(plan.item_ids), plan.split


def _invalid(message: str, param: str) -> InvalidRequest:
    return InvalidRequest(
        message,
        hint="Run both on the same items with the same evaluators: penstock gate --help",
        code="gate_invalid",
        param=param,
    )
