"""Builds the vertical of gates."""

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.gates.http import gate_routes
from penstock.features.gates.model import AddEvidence, CriteriaOf, EvaluationRuns, ValuesOf
from penstock.features.gates.service import GateService
from penstock.features.vertical import Vertical


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
