"""The tables of evaluation schedules. Functions take a connection and return values."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    UniqueConstraint,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from penstock.features.evaluations.schedules.model import (
    MAX_STARTS,
    EvaluationSchedule,
    ScheduleProgress,
    ScheduleStart,
    StartOutcome,
    StoredSchedule,
)
from penstock.kernel.digests import canonical_json

METADATA: Final = MetaData()
SCHEDULES: Final = Table(
    "evaluation_schedules",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("triggered", Boolean, nullable=False),
    Column("schedule", Text, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("slot_ms", BigInteger, nullable=False),
    Column("next_ms", BigInteger, nullable=False),
    Column("looked_ms", BigInteger, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("run_period", Text, nullable=False),
    Column("settled", Boolean, nullable=False),
    Column("spent_period", Text, nullable=False),
    Column("spent_usd", Float, nullable=False),
    Column("error", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    UniqueConstraint("project_id", "name"),
    Index("evaluation_schedules_by_time", "enabled", "next_ms"),
)
STARTS: Final = Table(
    "evaluation_schedule_starts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("schedule_id", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("cause", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("evaluation_schedule_starts_by_time", "schedule_id", "at_ms", "id"),
)
_PROGRESS: Final = tuple(ScheduleProgress.__dataclass_fields__)
_schedules: Final = msgspec.json.Decoder(EvaluationSchedule)


class SeenChanges(NamedTuple):
    """A schedule with triggers, and the last change that it has looked at."""

    id: str
    project_id: str
    seen: int


def add_schedule(connection: Connection, stored: StoredSchedule) -> None:
    """Stores a new schedule."""
    connection.execute(insert(SCHEDULES).values(_to_row(stored)))


def save_schedule(connection: Connection, stored: StoredSchedule) -> None:
    """Stores a changed schedule."""
    changed = update(SCHEDULES).where(SCHEDULES.c.id == stored.id)
    connection.execute(changed.values(_to_row(stored)))


def remove_schedule(connection: Connection, schedule_id: str) -> None:
    """Deletes a schedule with its log; its runs stay."""
    connection.execute(delete(STARTS).where(STARTS.c.schedule_id == schedule_id))
    connection.execute(delete(SCHEDULES).where(SCHEDULES.c.id == schedule_id))


def find_schedule(
    connection: Connection, project_id: str, name: str, *, lock: bool = False
) -> StoredSchedule | None:
    """Returns a schedule of a project, if it exists."""
    query = select(SCHEDULES).where(SCHEDULES.c.project_id == project_id, SCHEDULES.c.name == name)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _schedule(row)


def find_by_id(
    connection: Connection, schedule_id: str, *, lock: bool = False
) -> StoredSchedule | None:
    """Returns a schedule, if it still exists."""
    query = select(SCHEDULES).where(SCHEDULES.c.id == schedule_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _schedule(row)


def list_schedules(
    connection: Connection, project_id: str, after: str, limit: int
) -> list[StoredSchedule]:
    """Returns the schedules of a project by name, after one."""
    query = select(SCHEDULES).where(SCHEDULES.c.project_id == project_id, SCHEDULES.c.name > after)
    ordered = query.order_by(SCHEDULES.c.name).limit(limit)
    return [_schedule(row) for row in connection.execute(ordered)]


def count_schedules(connection: Connection, project_id: str) -> int:
    """Returns how many schedules a project has."""
    query = select(func.count()).select_from(SCHEDULES)
    return connection.execute(query.where(SCHEDULES.c.project_id == project_id)).scalar_one()


def due_ids(connection: Connection, now_ms: int, limit: int) -> list[str]:
    """Returns the schedules whose time has come, whose clock went back, or whose run may have
    ended, the longest waiting first."""
    timed = SCHEDULES.c.enabled & (SCHEDULES.c.next_ms > 0)
    due = or_(SCHEDULES.c.next_ms <= now_ms, SCHEDULES.c.looked_ms > now_ms)
    query = select(SCHEDULES.c.id).where(or_(timed & due, ~SCHEDULES.c.settled))
    return list(connection.execute(query.order_by(SCHEDULES.c.next_ms).limit(limit)).scalars())


def triggered(connection: Connection) -> list[SeenChanges]:
    """Returns the enabled schedules with triggers, by project."""
    columns = (SCHEDULES.c.id, SCHEDULES.c.project_id, SCHEDULES.c.seen)
    query = select(*columns).where(SCHEDULES.c.enabled, SCHEDULES.c.triggered)
    return [SeenChanges(*row) for row in connection.execute(query.order_by(*columns[1:2]))]


def add_start(connection: Connection, start: ScheduleStart) -> None:
    """Adds to the log of a schedule. Its oldest entries go, but those that have started runs."""
    row = asdict(start) | {"outcome": start.outcome.value}
    connection.execute(insert(STARTS).values(row))
    of_schedule = STARTS.c.schedule_id == start.schedule_id
    newest = select(STARTS.c.id).where(of_schedule).order_by(*_NEWEST).limit(MAX_STARTS)
    old = STARTS.c.id.not_in(newest)
    connection.execute(delete(STARTS).where(of_schedule, STARTS.c.run_id == "", old))


def starts_over(
    connection: Connection, schedule_id: str, kept: int, limit: int
) -> list[ScheduleStart]:
    """Returns the entries whose runs are older than the newest `kept` ones of the schedule."""
    query = select(STARTS).where(STARTS.c.schedule_id == schedule_id, STARTS.c.run_id != "")
    rows = connection.execute(query.order_by(*_NEWEST).offset(kept).limit(limit))
    return [_start(row) for row in rows]


def forget_run(connection: Connection, start_id: str) -> None:
    """Notes that a schedule no longer keeps the run of an entry."""
    connection.execute(update(STARTS).where(STARTS.c.id == start_id).values(run_id=""))


def list_starts(connection: Connection, schedule_id: str, limit: int) -> list[ScheduleStart]:
    """Returns the log of a schedule, newest first."""
    query = select(STARTS).where(STARTS.c.schedule_id == schedule_id)
    return [_start(row) for row in connection.execute(query.order_by(*_NEWEST).limit(limit))]


def last_starts(connection: Connection, schedule_ids: Sequence[str]) -> dict[str, ScheduleStart]:
    """Returns the newest entry of the logs of schedules."""
    found = [list_starts(connection, each, 1) for each in schedule_ids]
    return {each[0].schedule_id: each[0] for each in found if each}


_NEWEST: Final = (STARTS.c.at_ms.desc(), STARTS.c.id.desc())


def _to_row(stored: StoredSchedule) -> dict[str, Any]:
    return {
        "id": stored.id,
        "project_id": stored.project_id,
        "name": stored.name,
        "version": stored.version,
        "enabled": stored.schedule.enabled,
        "triggered": bool(stored.schedule.triggers),
        "schedule": canonical_json(stored.schedule).decode(),
        "author": stored.author,
        "created_ms": stored.created_ms,
        "updated_ms": stored.updated_ms,
        **asdict(stored.progress),
    }


def _schedule(row: Row[*tuple[Any, ...]]) -> StoredSchedule:
    return StoredSchedule(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        version=row.version,
        schedule=_schedules.decode(row.schedule),
        progress=ScheduleProgress(**{name: getattr(row, name) for name in _PROGRESS}),
        author=row.author,
        created_ms=row.created_ms,
        updated_ms=row.updated_ms,
    )


def _start(row: Row[*tuple[Any, ...]]) -> ScheduleStart:
    return ScheduleStart(
        row.id,
        row.schedule_id,
        row.at_ms,
        row.cause,
        StartOutcome(row.outcome),
        row.run_id,
        row.reason,
    )
