"""Builds the vertical of protected environments."""

from sqlalchemy import Connection

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.protection import store
from penstock.features.protection.http import approval_routes, approver_routes, evidence_routes
from penstock.features.protection.service.admission import (
    LoadRelease,
    LoadUseCase,
    ReleaseAdmission,
    RunningReleases,
)
from penstock.features.protection.service.approvals import ApprovalService
from penstock.features.protection.service.evidence import EvidenceService, LookUpRelease
from penstock.features.vertical import Vertical


def evidence_of_run(connection: Connection, project_id: str, run: str) -> str:
    """Returns the evidence that names a run; empty if there is none."""
    found = store.find_evidence_of_run(connection, project_id, run)
    return f"the evidence {found.number} of the release {found.digest[:12]}" if found else ""


def open_admission(
    context: Context, use_case: LoadUseCase, release: LoadRelease, running: RunningReleases
) -> ReleaseAdmission:
    """Returns the admission; use cases and rollouts need it, too."""
    return ReleaseAdmission(context, use_case, release, running)


def open_evidence(context: Context, release: LookUpRelease) -> EvidenceService:
    """Returns the use cases of evidence; gates of evaluations need them, too."""
    return EvidenceService(context, release)


def build(
    context: Context,
    guards: Guards,
    admission: ReleaseAdmission,
    use_case: LoadUseCase,
    release: LookUpRelease,
) -> Vertical:
    """Builds the vertical."""
    evidence = open_evidence(context, release)
    approvals = ApprovalService(context, use_case, release)
    return Vertical(
        routers=(
            evidence_routes(guards.require, evidence, admission),
            approval_routes(guards.require, approvals),
            approver_routes(guards.require, approvals),
        )
    )
