"""Builds the vertical of gates."""

from sqlalchemy import Connection

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.gates import store
from penstock.features.gates.http import gate_routes
from penstock.features.gates.model import AddEvidence, CriteriaOf, EvaluationRuns, ValuesOf
from penstock.features.gates.service import GateService
from penstock.features.vertical import Vertical


def gate_of_run(connection: Connection, project_id: str, run_id: str) -> str:
    """Returns the gate that needs a run: it is being confirmed, or is evidence."""
    found = store.find_gate_that_needs(connection, project_id, run_id)
    return f"the gate {found.id}" if found else ""


def build(
    context: Context,
    guards: Guards,
    runs: EvaluationRuns,
    values: ValuesOf,
    *,
    criteria: CriteriaOf,
    add_evidence: AddEvidence,
) -> Vertical:
    """Builds the vertical."""
    gates = GateService(context, runs, values, criteria, add_evidence)
    return Vertical(routers=(gate_routes(guards.require, gates),))
