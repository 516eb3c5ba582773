"""Routes of the audit log: `…/projects/{project_id}/audit`, and `/api/v1/audit` of the instance."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from penstock.features.access import Access, Permission
from penstock.features.identity.audit_log import AuditEvent
from penstock.features.identity.audit_reader import AuditReader, ChainReport
from penstock.features.identity.http.access import PermissionGuard, RouteGuards
from penstock.infra.web.pages import Cursor, Limit, Page, decode_position, page_of


class AuditEventView(BaseModel):
    """One audit event; see `penstock.features.identity.audit_log`."""

    project_id: str
    sequence: int
    id: str
    at: str
    actor_kind: str
    actor_id: str
    actor_label: str
    action: str
    subject: str
    before: dict[str, object] | None
    after: dict[str, object] | None
    previous: str
    hash: str
    seal: str


class ChainFaultView(BaseModel):
    """The first event that differs from what was written; `event_id` is empty if it is missing."""

    sequence: int
    event_id: str
    reason: str


class ChainView(BaseModel):
    """The result of verifying one chain. Keep a copy of `head` elsewhere to detect a rollback."""

    project_id: str
    ok: bool
    event_count: int
    head: str
    breach: ChainFaultView | None

    @classmethod
    def of(cls, report: ChainReport) -> "ChainView":
        return cls(
            project_id=report.project_id,
            ok=report.breach is None,
            event_count=report.event_count,
            head=report.head,
            breach=ChainFaultView(**asdict(report.breach)) if report.breach else None,
        )


class AuditReport(BaseModel):
    """The result of verifying all requested chains."""

    ok: bool
    chains: list[ChainView]


class _JsonLines(StreamingResponse):
    media_type = "application/jsonl"


def audit_routes(guards: RouteGuards, log: AuditReader) -> APIRouter:
    """Returns the same three routes for a project and for the instance."""
    router = APIRouter(prefix="/api/v1", tags=["audit"])
    _add_routes(router, "/projects/{project_id}/audit", guards.require(Permission.AUDIT_READ), log)
    _add_routes(router, "/audit", guards.require(Permission.INSTANCE), log)
    return router


def _add_routes(router: APIRouter, prefix: str, guard: PermissionGuard, log: AuditReader) -> None:
    granted = Depends(guard)

    @router.get(prefix)
    def list_audit(
        access: Annotated[Access, granted], limit: Limit = 100, cursor: Cursor = ""
    ) -> Page[AuditEventView]:
        """Lists audit events, newest first."""
        before = decode_position(cursor)
        found = log.list_page(access.project_id, before, limit + 1)
        return page_of(found, limit, _view, lambda event: str(event.sequence))

    @router.get(f"{prefix}/verify")
    def verify_audit(access: Annotated[Access, granted]) -> AuditReport:
        """Verifies the hash chain against its checkpoint; the instance's route verifies all."""
        reports = log.verify_all() if not access.project_id else [log.verify(access.project_id)]
        chains = [ChainView.of(report) for report in reports]
        return AuditReport(ok=all(chain.ok for chain in chains), chains=chains)

    @router.get(f"{prefix}/export", response_class=_JsonLines)
    def export_audit(access: Annotated[Access, granted]) -> StreamingResponse:
        """Returns the chain as JSON lines, oldest first."""
        lines: Iterator[bytes] = log.export(access.project_id)
        return _JsonLines(lines)


def _view(event: AuditEvent) -> AuditEventView:
    return AuditEventView(**msgspec.structs.asdict(event))
