"""The tables of evidence and approvals. Functions take a connection and return values."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
)

from penstock.features.protection.model import (
    ApprovalPosition,
    ApprovalState,
    ApprovalSubject,
    Evidence,
    EvidenceResult,
    ReleaseApproval,
)

METADATA: Final = MetaData()

EVIDENCE: Final = Table(
    "release_evidence",
    METADATA,
    Column("project_id", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("figures", JSON, nullable=False),
    Column("expires_ms", BigInteger),
    Column("author", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)
APPROVALS: Final = Table(
    "release_approvals",
    METADATA,
    Column("project_id", Text, primary_key=True),
    Column("use_case", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("requester", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("approver_ids", JSON, nullable=False),
    Column("message", Text, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)


def add_evidence(connection: Connection, evidence: Evidence) -> None:
    """Stores new evidence."""
    row = {
        "project_id": evidence.project_id,
        "digest": evidence.digest,
        "number": evidence.number,
        "kind": evidence.kind,
        "result": evidence.result.value,
        "run": evidence.run,
        "figures": dict(evidence.figures or {}),
        "expires_ms": evidence.expires_ms,
        "author": evidence.author,
        "created_ms": evidence.created_ms,
    }
    connection.execute(insert(EVIDENCE).values(row))


def last_number(connection: Connection, project_id: str, digest: str) -> int:
    """Returns the number of the newest evidence on a release, 0 without any."""
    query = select(func.max(EVIDENCE.c.number)).where(*_on(project_id, digest))
    return connection.execute(query).scalar_one() or 0


def list_evidence(
    connection: Connection, project_id: str, digest: str, before: int | None, limit: int
) -> list[Evidence]:
    """Returns evidence on a release, newest first, before a number."""
    query = select(EVIDENCE).where(*_on(project_id, digest))
    if before is not None:
        query = query.where(EVIDENCE.c.number < before)
    rows = connection.execute(query.order_by(EVIDENCE.c.number.desc()).limit(limit))
    return [_evidence(row) for row in rows]


def newest_of_each_kind(connection: Connection, project_id: str, digest: str) -> list[Evidence]:
    """Returns the newest passed or failed evidence of each kind on a release, by kind."""
    measured = EVIDENCE.c.result != EvidenceResult.UNMEASURABLE.value
    newest = (
        select(func.max(EVIDENCE.c.number))
        .where(*_on(project_id, digest), measured)
        .group_by(EVIDENCE.c.kind)
    )
    query = select(EVIDENCE).where(*_on(project_id, digest), EVIDENCE.c.number.in_(newest))
    return [_evidence(row) for row in connection.execute(query.order_by(EVIDENCE.c.kind))]


def find_approval(connection: Connection, subject: ApprovalSubject) -> ReleaseApproval | None:
    """Returns an approval, if there is one."""
    row = connection.execute(select(APPROVALS).where(_is(subject))).one_or_none()
    return None if row is None else _approval(row)


def save_approval(connection: Connection, approval: ReleaseApproval) -> None:
    """Stores an approval in place of the one before."""
    subject = approval.subject
    connection.execute(delete(APPROVALS).where(_is(subject)))
    row = {
        "project_id": subject.project_id,
        "use_case": subject.use_case,
        "environment": subject.environment,
        "digest": subject.digest,
        "state": approval.state.value,
        "requester": approval.requester,
        "actor": approval.actor,
        "approver_ids": list(approval.approver_ids),
        "message": approval.message,
        "changed_ms": approval.changed_ms,
    }
    connection.execute(insert(APPROVALS).values(row))


def count_approvals(connection: Connection, project_id: str) -> int:
    """Returns how many approvals a project has."""
    query = select(func.count()).select_from(APPROVALS)
    return connection.execute(query.where(APPROVALS.c.project_id == project_id)).scalar_one()


def list_approvals(
    connection: Connection,
    project_id: str,
    state: ApprovalState | None,
    after: ApprovalPosition | None,
    limit: int,
) -> Sequence[ReleaseApproval]:
    """Returns approvals, the last changed first, after a position."""
    query = select(APPROVALS).where(APPROVALS.c.project_id == project_id)
    if state is not None:
        query = query.where(APPROVALS.c.state == state.value)
    place = (APPROVALS.c.use_case, APPROVALS.c.environment, APPROVALS.c.digest)
    if after is not None:
        changed_ms, *rest = after
        same = and_(APPROVALS.c.changed_ms == changed_ms, tuple_(*place) > tuple_(*rest))
        query = query.where(or_(APPROVALS.c.changed_ms < changed_ms, same))
    order = (APPROVALS.c.changed_ms.desc(), *place)
    return [_approval(row) for row in connection.execute(query.order_by(*order).limit(limit))]


def find_evidence_of_run(connection: Connection, project_id: str, run: str) -> Evidence | None:
    """Returns evidence that names a run."""
    query = select(EVIDENCE).where(EVIDENCE.c.project_id == project_id, EVIDENCE.c.run == run)
    row = connection.execute(query.limit(1)).one_or_none()
    return None if row is None else _evidence(row)


def _on(project_id: str, digest: str) -> tuple[Any, Any]:
    return EVIDENCE.c.project_id == project_id, EVIDENCE.c.digest == digest


def _is(subject: ApprovalSubject) -> Any:
    return and_(
        APPROVALS.c.project_id == subject.project_id,
        APPROVALS.c.use_case == subject.use_case,
        APPROVALS.c.environment == subject.environment,
        APPROVALS.c.digest == subject.digest,
    )


def _evidence(row: Row[*tuple[Any, ...]]) -> Evidence:
    return Evidence(
        row.project_id,
        row.digest,
        row.kind,
        EvidenceResult(row.result),
        row.run,
        row.figures,
        row.expires_ms,
        row.author,
        row.created_ms,
        row.number,
    )


def _approval(row: Row[*tuple[Any, ...]]) -> ReleaseApproval:
    return ReleaseApproval(
        ApprovalSubject(row.project_id, row.digest, row.use_case, row.environment),
        ApprovalState(row.state),
        row.requester,
        row.actor,
        tuple(row.approver_ids),
        row.message,
        row.changed_ms,
    )
