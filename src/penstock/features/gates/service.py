"""Opens gates, confirms what looks worse, decides, and writes the evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from msgspec.structs import replace

from penstock.features.access import Permission, Principal
from penstock.features.context import Context
from penstock.features.evaluations.model import MAX_ITEM_IDS, EvaluationRun, RunValues
from penstock.features.gates import store
from penstock.features.gates.model import (
    EVIDENCE_KIND,
    MAX_GATES,
    RESULTS,
    AddEvidence,
    CriteriaOf,
    EvaluationRuns,
    Gate,
    GateState,
    ValuesOf,
    check_comparable,
    default_thresholds,
    thresholds_of,
)
from penstock.features.protection.model import MAX_FIGURES, Evidence
from penstock.infra.sql import Transaction
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound
from penstock.rules.gates.decision import (
    GateDecision,
    GateRuns,
    decide,
    suspects_of,
    unconfirmed,
)
from penstock.rules.gates.plan import GatePlan, check_plan


@dataclass(frozen=True, slots=True)
class GateRequest:
    """A gate to open. Without thresholds in the plan it has those of the use case's criteria, and
    that no metric is shown to be worse than the baseline's."""

    candidate: str
    baseline: str
    plan: GatePlan
    use_case: str


@dataclass(frozen=True, slots=True)
class GateService:
    """Use cases of gates."""

    context: Context
    runs: EvaluationRuns
    values: ValuesOf
    criteria: CriteriaOf
    add_evidence: AddEvidence

    def open(self, actor: Principal, project_id: str, request: GateRequest) -> Gate:
        """Compares two runs that have ended. A gate that looks like a regression starts runs of
        what differs, and is decided when they have ended; where these cannot start, it is not
        measured. Raises `NotFound`, `Conflict`, `InvalidRequest`."""
        candidate = self.runs.run(project_id, request.candidate)
        baseline = self.runs.run(project_id, request.baseline) if request.baseline else None
        check_comparable(candidate, baseline)
        self._require_capacity(project_id)  # before runs start, which cost money
        names = [candidate.id, *([baseline.id] if baseline else [])]
        values = self.values(project_id, names)
        plan = self._plan(project_id, request, values[0])
        gate_id = self.context.new_id("gat")
        first = decide(plan, _compared(candidate, values), _random(gate_id))
        confirming, decision = (), first
        if first.to_confirm and baseline and candidate.plan.release and baseline.plan.release:
            confirming, decision = self._confirm(actor, gate_id, (candidate, baseline), first)
        now = self.context.now_ms()
        gate = Gate(
            id=gate_id,
            project_id=project_id,
            candidate=candidate.id,
            baseline=request.baseline,
            release=candidate.plan.release,
            plan=plan,
            state=GateState.CONFIRMING if confirming else GateState.DECIDED,
            first=first,
            confirming=confirming,
            decision=decision,
            use_case=request.use_case,
            author=actor.label,
            created_ms=now,
            decided_ms=0 if confirming else now,
        )
        self._add(actor, gate)
        return self._proven(actor, gate)

    def decide(self, actor: Principal, project_id: str, gate_id: str) -> Gate:
        """Decides a gate whose confirming runs have ended; returns one that is decided. Raises
        `NotFound`, and `Conflict` while they run."""
        gate = self.get(project_id, gate_id)
        if gate.state is GateState.CONFIRMING:
            gate = self._decided(actor, gate, self._again(gate))
        return self._proven(actor, gate)

    def get(self, project_id: str, gate_id: str) -> Gate:
        """Returns a gate. Raises `NotFound`."""
        with self.context.database.read() as connection:
            found = store.find_gate(connection, project_id, gate_id)
        if found is None:
            raise NotFound(f"This project has no gate {gate_id[:64]}.")
        return found

    def list(
        self, project_id: str, release: str, before: tuple[int, str] | None, limit: int
    ) -> list[Gate]:
        """Returns gates, newest first, of a release if it is given."""
        with self.context.database.read() as connection:
            return store.list_gates(connection, project_id, release, before, limit)

    def _plan(self, project_id: str, request: GateRequest, values: RunValues) -> GatePlan:
        plan = request.plan
        if not plan.thresholds:
            asked = self.criteria(project_id, request.use_case) if request.use_case else ()
            found = [
                *thresholds_of(asked, list(values.facts)),
                *default_thresholds(values, compared=bool(request.baseline)),
            ]
            plan = replace(plan, thresholds=tuple(found))
        check_plan(plan)
        return plan

    def _confirm(
        self, actor: Principal, gate_id: str, runs: Sequence[EvaluationRun], first: GateDecision
    ) -> tuple[tuple[str, ...], GateDecision | None]:
        """Runs again what differs, for both: returns these runs, or a decision without them."""
        again, label = first.to_confirm[:MAX_ITEM_IDS], f"Confirms {gate_id}"
        try:
            return tuple(each.id for each in self.runs.repeat(actor, runs, again, label)), None
        except (InvalidRequest, NotFound) as error:
            return (), unconfirmed(first, error.sentence())

    def _again(self, gate: Gate) -> GateDecision:
        """Decides from both rounds together. A run may have been removed while the gate was
        opened. Raises `Conflict` while runs have not ended."""
        names = [gate.candidate, gate.baseline, *gate.confirming]
        try:
            candidate, *_ = runs = [self.runs.run(gate.project_id, each) for each in names]
            for each in runs:
                check_comparable(each, None)
            ours, theirs, ours_again, theirs_again = self.values(gate.project_id, names)
        except NotFound as error:
            return unconfirmed(gate.first, error.sentence())
        both = [ours.plus(ours_again), theirs.plus(theirs_again)]
        compared = _compared(candidate, both)
        return decide(gate.plan, compared, _random(gate.id), suspects=suspects_of(gate.first))

    def _decided(self, actor: Principal, gate: Gate, decision: GateDecision) -> Gate:
        decided = replace(
            gate, state=GateState.DECIDED, decision=decision, decided_ms=self.context.now_ms()
        )
        with self.context.database.write() as tx:
            if not store.change_gate(tx.connection, gate, decided):
                raise Conflict("The gate was decided meanwhile.", hint="Look at it again.")
            self._audit(tx, actor, decided, "decide")
        return decided

    def _proven(self, actor: Principal, gate: Gate) -> Gate:
        """Writes the evidence of a decided gate on the candidate's release, if the actor may."""
        may = actor.may(Permission.EVIDENCE_WRITE, gate.project_id)
        if gate.decision is None or gate.evidence or not gate.release or not may:
            return gate
        added = self.add_evidence(actor, _evidence(gate, gate.decision))
        proven = replace(gate, evidence=added.number)
        with self.context.database.write() as tx:
            store.change_gate(tx.connection, gate, proven)
        return proven

    def _add(self, actor: Principal, gate: Gate) -> None:
        with self.context.database.write() as tx:
            store.add_gate(tx.connection, gate)
            self._audit(tx, actor, gate, "open")

    def _require_capacity(self, project_id: str) -> None:
        with self.context.database.read() as connection:
            if store.count_gates(connection, project_id) >= MAX_GATES:
                raise InvalidRequest(f"A project has at most {MAX_GATES:,} gates.")

    def _audit(self, tx: Transaction, actor: Principal, gate: Gate, act: str) -> None:
        outcome = gate.decision.outcome.value if gate.decision else gate.state.value
        after = {
            "candidate": gate.candidate,
            "baseline": gate.baseline,
            "release": gate.release,
            "outcome": outcome,
        }
        self.context.audit_log.append(
            tx, actor, gate.project_id, f"gate.{act}", gate.id, after=after
        )


def _compared(candidate: EvaluationRun, values: Sequence[RunValues]) -> GateRuns:
    """Returns the values of a gate: of the candidate, and of the baseline if there is one."""
    ours, theirs = values[0], values[-1]
    expected = candidate.total // max(candidate.plan.repeats, 1)
    return GateRuns(
        ours.facts,
        ours.metrics,
        theirs.metrics if len(values) > 1 else {},
        max(expected, len(ours.items | theirs.items)),
        dict(theirs.groups) | dict(ours.groups),
    )


def _random(gate_id: str) -> Random:
    """The random numbers of a gate: the same each time, so that it can be decided again."""
    return Random(gate_id)  # noqa: S311 - statistics, not secrets


def _evidence(gate: Gate, decision: GateDecision) -> Evidence:
    means = {
        each.threshold.metric: each.candidate
        for each in decision.thresholds
        if each.candidate is not None
    }
    return Evidence(
        gate.project_id,
        gate.release,
        EVIDENCE_KIND,
        RESULTS[decision.outcome],
        run=gate.id,
        figures=dict(list(means.items())[:MAX_FIGURES]),
    )
