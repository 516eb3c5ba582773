"""The tables of rollouts. Functions take a connection and return values, never rows."""

from dataclasses import asdict
from typing import Any, Final

import msgspec
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    insert,
    select,
    true,
)

from penstock.features.rollouts.model import RolloutAction, RolloutChange
from penstock.features.rollouts.runs import DecisionRecord, RolloutRun, StoredRun
from penstock.infra.sql.documents import DocumentTable
from penstock.kernel.digests import canonical_json
from penstock.rules.rollouts.documents import Rollout

METADATA: Final = MetaData()
ROLLOUTS: Final = DocumentTable(METADATA, "rollouts", Rollout, ("place",))
RUNS: Final = DocumentTable(METADATA, "rollout_runs", RolloutRun, ("place",))
DECISIONS: Final = Table(
    "rollout_decisions",
    METADATA,
    Column("project_id", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("decided_ms", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("arm", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", JSON, nullable=False),
)
CHANGES: Final = Table(
    "rollout_changes",
    METADATA,
    Column("project_id", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("action", Text, nullable=False),
    Column("restored", Integer, nullable=False),
    Column("author", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
    Column("protected", Boolean, nullable=False, server_default=true()),
)


def add_change(connection: Connection, change: RolloutChange) -> None:
    """Stores a change."""
    row = {
        "project_id": change.project_id,
        "place": change.rollout.place,
        "version": change.rollout.version,
        "action": change.action.value,
        "restored": change.restored,
        "author": change.author,
        "message": change.message,
        "changed_ms": change.changed_ms,
        "content": canonical_json(change.rollout).decode(),
        "protected": change.protected,
    }
    connection.execute(insert(CHANGES).values(row))


def find_change(
    connection: Connection, project_id: str, place: str, version: int
) -> RolloutChange | None:
    """Returns the change that made a version, if it exists."""
    where = (CHANGES.c.project_id == project_id, CHANGES.c.place == place)
    query = select(CHANGES).where(*where, CHANGES.c.version == version)
    row = connection.execute(query).one_or_none()
    return None if row is None else _change(row)


def list_changes(
    connection: Connection, project_id: str, place: str, before: int | None, limit: int
) -> list[RolloutChange]:
    """Returns changes, newest first, before a version."""
    query = select(CHANGES).where(CHANGES.c.project_id == project_id, CHANGES.c.place == place)
    if before is not None:
        query = query.where(CHANGES.c.version < before)
    rows = connection.execute(query.order_by(CHANGES.c.version.desc()).limit(limit))
    return [_change(row) for row in rows]


def add_decision(connection: Connection, decision: DecisionRecord) -> None:
    """Stores a decision."""
    connection.execute(insert(DECISIONS).values(asdict(decision)))


def list_decisions(
    connection: Connection, project_id: str, place: str, before_ms: int | None, limit: int
) -> list[DecisionRecord]:
    """Returns decisions, newest first, before a time."""
    query = select(DECISIONS).where(
        DECISIONS.c.project_id == project_id, DECISIONS.c.place == place
    )
    if before_ms is not None:
        query = query.where(DECISIONS.c.decided_ms < before_ms)
    rows = connection.execute(query.order_by(DECISIONS.c.decided_ms.desc()).limit(limit))
    return [DecisionRecord(*row) for row in rows]


def list_runs(connection: Connection, project_id: str) -> list[StoredRun]:
    """Returns the comparisons of a project that no later change of their rollout has ended."""
    rollouts = ROLLOUTS.list(connection, project_id)
    present = {(each.entry.place, each.entry.version) for each in rollouts}
    runs = RUNS.list(connection, project_id)
    return [each for each in runs if (each.entry.place, each.entry.version) in present]


def _change(row: Row[*tuple[Any, ...]]) -> RolloutChange:
    return RolloutChange(
        row.project_id,
        msgspec.json.decode(row.content, type=Rollout),
        RolloutAction(row.action),
        row.restored,
        row.author,
        row.message,
        row.changed_ms,
        row.protected,
    )
