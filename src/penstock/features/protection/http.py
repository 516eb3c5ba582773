"""`/api/v1/projects/{project_id}/releases/{release}/evidence` and `…/approvals`."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.protection.model import (
    MAX_FIGURES,
    MAX_MESSAGE_CHARS,
    MAX_RUN_CHARS,
    ApprovalPosition,
    ApprovalState,
    ApprovalSubject,
    Evidence,
    EvidenceResult,
    MissingProof,
    ReleaseApproval,
)
from penstock.features.protection.service.admission import ReleaseAdmission
from penstock.features.protection.service.approvals import ApprovalAction, ApprovalService
from penstock.features.protection.service.evidence import EvidenceService
from penstock.infra.web.moments import Moment, moment_of, unix_ms
from penstock.infra.web.pages import Cursor, Limit, Page, decode_cursor, decode_position, page_of
from penstock.infra.web.schemas import RequestBody
from penstock.kernel.errors import InvalidRequest

_PROJECT = "/api/v1/projects/{project_id}"
_APPROVAL = "/releases/{release}/approvals/{use_case}/{environment}"
_Name = Annotated[str, Field(max_length=63)]
_Figure = Annotated[float, Field(allow_inf_nan=False)]


class EvidenceBody(RequestBody):
    """The result of a test or an evaluation of a release. `kind`: what was tested; `run`: id or
    address of the run; `expires_at`: when it no longer counts as passed."""

    kind: _Name
    result: EvidenceResult
    run: Annotated[str, Field(max_length=MAX_RUN_CHARS)] = ""
    figures: Annotated[
        dict[_Name, _Figure], Field(max_length=MAX_FIGURES, default_factory=dict[str, float])
    ]
    expires_at: Moment | None = None

    def evidence(self, project_id: str, release: str) -> Evidence:
        """Returns the evidence; the service sets author, time and number."""
        expires_ms = None if self.expires_at is None else unix_ms(self.expires_at)
        return Evidence(
            project_id, release, self.kind, self.result, self.run, self.figures, expires_ms
        )


class EvidenceView(BaseModel):
    """Evidence on a release. `number` counts the evidence on it."""

    number: int
    release: str
    kind: str
    result: EvidenceResult
    run: str
    figures: dict[str, float]
    expires_at: datetime | None
    author: str
    created_at: datetime

    @classmethod
    def of(cls, evidence: Evidence) -> "EvidenceView":
        expires = evidence.expires_ms
        return cls(
            number=evidence.number,
            release=evidence.digest,
            kind=evidence.kind,
            result=evidence.result,
            run=evidence.run,
            figures=dict(evidence.figures or {}),
            expires_at=None if expires is None else moment_of(expires),
            author=evidence.author,
            created_at=moment_of(evidence.created_ms),
        )


class MissingProofView(BaseModel):
    """Something that an environment demands and a release does not have; `hint`: how to get it."""

    code: str
    message: str
    hint: str

    @classmethod
    def of(cls, missing: MissingProof) -> "MissingProofView":
        return cls(code=missing.code, message=missing.message, hint=missing.hint)


class AdmissionView(BaseModel):
    """An answer to whether the caller may start a release in an environment now."""

    admitted: bool
    missing: list[MissingProofView]


class ApprovalBody(RequestBody):
    """The reason of a change."""

    message: Annotated[str, Field(max_length=MAX_MESSAGE_CHARS)] = ""


class ApprovalView(BaseModel):
    """An approval of a release in an environment. `actor` changed it last."""

    release: str
    use_case: str
    environment: str
    state: ApprovalState
    requester: str
    actor: str
    message: str
    changed_at: datetime

    @classmethod
    def of(cls, approval: ReleaseApproval) -> "ApprovalView":
        return cls(
            release=approval.subject.digest,
            use_case=approval.subject.use_case,
            environment=approval.subject.environment,
            state=approval.state,
            requester=approval.requester,
            actor=approval.actor,
            message=approval.message,
            changed_at=moment_of(approval.changed_ms),
        )


def evidence_routes(
    require: RequirePermission, evidence: EvidenceService, admission: ReleaseAdmission
) -> APIRouter:
    """Returns the routes of evidence."""
    router = APIRouter(prefix=_PROJECT, tags=["releases"])
    may_read = Depends(require(Permission.RELEASES_READ))
    may_add = Depends(require(Permission.EVIDENCE_WRITE))

    @router.get("/releases/{release}/evidence")
    def list_evidence(
        access: Annotated[Access, may_read], release: str, cursor: Cursor = "", limit: Limit = 100
    ) -> Page[EvidenceView]:
        """Lists the evidence on a release, newest first."""
        before = decode_position(cursor)
        found = evidence.list(access.project_id, release, before, limit + 1)
        return page_of(found, limit, EvidenceView.of, lambda each: str(each.number))

    @router.post("/releases/{release}/evidence", status_code=201)
    def add_evidence(
        access: Annotated[Access, may_add], release: str, body: EvidenceBody
    ) -> EvidenceView:
        """Adds evidence to a release. It cannot be changed; newer evidence of its kind replaces
        what it says."""
        wanted = body.evidence(access.project_id, release)
        return EvidenceView.of(evidence.add(access.principal, wanted))

    @router.get("/releases/{release}/admission/{use_case}/{environment}")
    def get_admission(
        access: Annotated[Access, may_read], release: str, use_case: str, environment: str
    ) -> AdmissionView:
        """Returns whether the caller may start the release in an environment now."""
        place = (use_case, environment)
        missing = admission.missing(access.project_id, place, release, access.principal)
        return AdmissionView(
            admitted=not missing, missing=[MissingProofView.of(each) for each in missing]
        )

    return router


def approval_routes(require: RequirePermission, approvals: ApprovalService) -> APIRouter:
    """Returns the routes that list, request and withdraw approvals."""
    router = APIRouter(prefix=_PROJECT, tags=["releases"])
    may_read = Depends(require(Permission.RELEASES_READ))
    may_write = Depends(require(Permission.RELEASES_WRITE))

    @router.get("/approvals")
    def list_approvals(
        access: Annotated[Access, may_read],
        state: ApprovalState | None = None,
        cursor: Cursor = "",
        limit: Limit = 100,
    ) -> Page[ApprovalView]:
        """Lists approvals, the last changed first; with a state, only those."""
        after = _position(decode_cursor(cursor))
        found = approvals.list(access.project_id, state, after, limit + 1)
        return page_of(found, limit, ApprovalView.of, _text_of)

    @router.post(_APPROVAL + "/request")
    def request_approval(
        access: Annotated[Access, may_write],
        release: str,
        use_case: str,
        environment: str,
        body: ApprovalBody,
    ) -> ApprovalView:
        """Requests the approval of a release in an environment of a use case."""
        subject = ApprovalSubject(access.project_id, release, use_case, environment)
        return ApprovalView.of(
            approvals.change(access.principal, subject, ApprovalAction.REQUEST, body.message)
        )

    @router.post(_APPROVAL + "/withdraw")
    def withdraw_approval(
        access: Annotated[Access, may_write],
        release: str,
        use_case: str,
        environment: str,
        body: ApprovalBody,
    ) -> ApprovalView:
        """Withdraws a request or an approval; what runs stays."""
        subject = ApprovalSubject(access.project_id, release, use_case, environment)
        return ApprovalView.of(
            approvals.change(access.principal, subject, ApprovalAction.WITHDRAW, body.message)
        )

    return router


def approver_routes(require: RequirePermission, approvals: ApprovalService) -> APIRouter:
    """Returns the routes that approve and reject."""
    router = APIRouter(prefix=_PROJECT, tags=["releases"])
    may_approve = Depends(require(Permission.RELEASES_APPROVE))

    @router.post(_APPROVAL + "/approve")
    def approve_release(
        access: Annotated[Access, may_approve],
        release: str,
        use_case: str,
        environment: str,
        body: ApprovalBody,
    ) -> ApprovalView:
        """Approves the release of another author."""
        subject = ApprovalSubject(access.project_id, release, use_case, environment)
        return ApprovalView.of(
            approvals.change(access.principal, subject, ApprovalAction.APPROVE, body.message)
        )

    @router.post(_APPROVAL + "/reject")
    def reject_release(
        access: Annotated[Access, may_approve],
        release: str,
        use_case: str,
        environment: str,
        body: ApprovalBody,
    ) -> ApprovalView:
        """Rejects a requested approval."""
        subject = ApprovalSubject(access.project_id, release, use_case, environment)
        return ApprovalView.of(
            approvals.change(access.principal, subject, ApprovalAction.REJECT, body.message)
        )

    return router


def _text_of(approval: ReleaseApproval) -> str:
    subject = approval.subject
    place = (subject.use_case, subject.environment, subject.digest)
    return "/".join((str(approval.changed_ms), *place))


def _position(text: str) -> ApprovalPosition | None:
    if not text:
        return None
    at, *place = text.split("/")
    if len(place) != 3 or not at.isdecimal() or len(at) > 18:
        raise InvalidRequest(
            "The cursor is not valid.", hint="Start without a cursor.", param="cursor"
        )
    use_case, environment, digest = place
    return int(at), use_case, environment, digest
