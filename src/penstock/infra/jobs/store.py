"""The table of jobs. Functions take a connection and return values, never rows."""

from collections.abc import Collection
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    and_,
    func,
    insert,
    or_,
    select,
    update,
)

from penstock.infra.jobs.documents import OPEN, Job, JobProgress, JobState
from penstock.kernel.digests import canonical_json

METADATA: Final = MetaData()
JOBS: Final = Table(
    "jobs",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("arguments", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("worker", Text, nullable=False),
    Column("lease_until_ms", BigInteger, nullable=False),
    Column("cancel_wanted", Integer, nullable=False),
    Column("progress", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Index("jobs_state", "state", "due_ms"),
    Index("jobs_project", "project_id", "created_ms"),
)
_OPEN: Final = [state.value for state in OPEN]
_RUNNING: Final = JobState.RUNNING.value


def add_job(connection: Connection, job: Job) -> None:
    """Stores a new job."""
    row = msgspec.structs.asdict(job) | {
        "arguments": canonical_json(job.arguments).decode(),
        "state": job.state.value,
        "cancel_wanted": int(job.cancel_wanted),
        "progress": canonical_json(job.progress).decode(),
    }
    connection.execute(insert(JOBS).values(row))


def find_job(connection: Connection, job_id: str) -> Job | None:
    """Returns a job, if it exists."""
    row = connection.execute(select(JOBS).where(JOBS.c.id == job_id)).one_or_none()
    return None if row is None else _job(row)


def list_jobs(
    connection: Connection, project_id: str, before: tuple[int, str] | None, limit: int
) -> list[Job]:
    """Returns the jobs of a project, newest first, before a time and id."""
    query = select(JOBS).where(JOBS.c.project_id == project_id)
    if before is not None:
        at, job_id = before
        same = and_(JOBS.c.created_ms == at, JOBS.c.id < job_id)
        query = query.where(or_(JOBS.c.created_ms < at, same))
    order = (JOBS.c.created_ms.desc(), JOBS.c.id.desc())
    return [_job(row) for row in connection.execute(query.order_by(*order).limit(limit))]


def list_due(
    connection: Connection, kinds: Collection[str], now_ms: int, busy: Collection[str], limit: int
) -> list[Job]:
    """Returns jobs that wait for a worker, the longest due first: queued ones, and those whose
    lease has ended. Leaves out the projects `busy`."""
    queued = and_(JOBS.c.state == JobState.QUEUED.value, JOBS.c.due_ms <= now_ms)
    left = and_(JOBS.c.state == _RUNNING, JOBS.c.lease_until_ms < now_ms)
    query = select(JOBS).where(or_(queued, left), JOBS.c.kind.in_(kinds))
    query = query.where(JOBS.c.project_id.not_in(busy)).order_by(JOBS.c.due_ms, JOBS.c.id)
    return [_job(row) for row in connection.execute(query.limit(limit))]


def running_by_project(connection: Connection, now_ms: int) -> dict[str, int]:
    """Returns how many jobs of each project a worker works on."""
    query = select(JOBS.c.project_id, func.count()).where(
        JOBS.c.state == _RUNNING, JOBS.c.lease_until_ms >= now_ms
    )
    return {row[0]: row[1] for row in connection.execute(query.group_by(JOBS.c.project_id))}


def count_open(connection: Connection) -> int:
    """Returns how many jobs have work left."""
    query = select(func.count()).select_from(JOBS).where(JOBS.c.state.in_(_OPEN))
    return connection.execute(query).scalar_one()


def change(connection: Connection, seen: Job, /, **values: object) -> bool:
    """Changes a job unless somebody else has claimed or ended it since it was seen. Returns whether
    it was changed."""
    statement = (
        update(JOBS)
        .where(
            JOBS.c.id == seen.id,
            JOBS.c.state == seen.state.value,
            JOBS.c.worker == seen.worker,
            JOBS.c.lease_until_ms == seen.lease_until_ms,
        )
        .values(values)
    )
    return connection.execute(statement).rowcount == 1


def change_own(connection: Connection, job_id: str, owner: str, /, **values: object) -> bool:
    """Changes a job that the worker has leased. Returns false if the lease is lost."""
    owned = (JOBS.c.id == job_id, JOBS.c.worker == owner, JOBS.c.state == _RUNNING)
    return connection.execute(update(JOBS).where(*owned).values(values)).rowcount == 1


def cancel_queued(connection: Connection, job_id: str, now_ms: int) -> bool:
    """Ends a job that no worker has. Returns false if a worker has it, or it has ended."""
    queued = (JOBS.c.id == job_id, JOBS.c.state == JobState.QUEUED.value)
    ended = {"state": JobState.CANCELLED.value, "cancel_wanted": 1, "updated_ms": now_ms}
    return connection.execute(update(JOBS).where(*queued).values(ended)).rowcount == 1


def want_cancelled(connection: Connection, job_id: str, now_ms: int) -> None:
    """Notes that the worker of an open job should end it."""
    wanted = (JOBS.c.id == job_id, JOBS.c.state.in_(_OPEN))
    connection.execute(update(JOBS).where(*wanted).values(cancel_wanted=1, updated_ms=now_ms))


def end_leases(connection: Connection, worker: str, now_ms: int) -> None:
    """Ends the leases of a worker that has ended."""
    owned = (JOBS.c.worker == worker, JOBS.c.state == _RUNNING, JOBS.c.lease_until_ms >= now_ms)
    connection.execute(update(JOBS).where(*owned).values(lease_until_ms=now_ms - 1))


def encode_progress(progress: JobProgress) -> str:
    """Returns the progress as its column has it."""
    return canonical_json(progress).decode()


def _job(row: Row[*tuple[Any, ...]]) -> Job:
    columns: dict[str, Any] = dict(zip(JOBS.columns.keys(), row, strict=True))
    columns |= {
        "arguments": msgspec.json.decode(row.arguments),
        "state": JobState(row.state),
        "cancel_wanted": bool(row.cancel_wanted),
        "progress": msgspec.json.decode(row.progress, type=JobProgress),
    }
    return Job(**columns)
