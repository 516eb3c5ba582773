"""The table of batches. Functions take a connection and return values."""

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
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from penstock.features.batches.model import (
    MAX_BATCHES,
    BatchOrigin,
    FollowedBatch,
    FollowState,
    Recorded,
)
from penstock.kernel.digests import canonical_json
from penstock.rules.batches import BatchState

METADATA: Final = MetaData()
BATCHES: Final = Table(
    "provider_batches",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("origin", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("next_ms", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("problem", Text, nullable=False),
    Column("seen", Text, nullable=False),
    Column("ended_ms", BigInteger, nullable=False),
    Column("recorded", Text, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Index("provider_batches_by_time", "project_id", "created_ms", "id"),
    Index("provider_batches_due", "state", "next_ms"),
)
_COLUMNS: Final = BATCHES.c
_OPEN: Final = _COLUMNS.state == FollowState.OPEN.value
_origins: Final = msgspec.json.Decoder(BatchOrigin)
_states: Final = msgspec.json.Decoder(BatchState)
_recorded: Final = msgspec.json.Decoder(Recorded)


def add_batch(connection: Connection, batch: FollowedBatch) -> None:
    """Stores a new batch, unless it is there already: it is known by its id at the provider. The
    oldest ones of its project go, those that have ended first."""
    if find_batch(connection, batch.project_id, batch.id) is not None:
        return
    connection.execute(insert(BATCHES).values(_to_row(batch)))
    mine = _COLUMNS.project_id == batch.project_id
    count = connection.execute(select(func.count()).select_from(BATCHES).where(mine)).scalar_one()
    if count > MAX_BATCHES:
        oldest = select(_COLUMNS.id).where(mine).order_by(_OPEN, _COLUMNS.created_ms, _COLUMNS.id)
        over = connection.execute(oldest.limit(count - MAX_BATCHES)).scalars()
        connection.execute(delete(BATCHES).where(_COLUMNS.id.in_(list(over))))


def save_batch(connection: Connection, batch: FollowedBatch) -> None:
    """Stores a changed batch, if it is still there."""
    connection.execute(update(BATCHES).where(_COLUMNS.id == batch.id).values(_to_row(batch)))


def find_batch(connection: Connection, project_id: str, batch_id: str) -> FollowedBatch | None:
    """Returns a batch of a project, if it exists."""
    query = select(BATCHES).where(_COLUMNS.id == batch_id, _COLUMNS.project_id == project_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _batch(row)


def list_batches(
    connection: Connection, project_id: str, after: tuple[int, str] | None, limit: int
) -> list[FollowedBatch]:
    """Returns the batches of a project, newest first, after a position."""
    query = select(BATCHES).where(_COLUMNS.project_id == project_id)
    if after is not None:
        older = _COLUMNS.created_ms < after[0]
        same = and_(_COLUMNS.created_ms == after[0], _COLUMNS.id < after[1])
        query = query.where(or_(older, same))
    order = (_COLUMNS.created_ms.desc(), _COLUMNS.id.desc())
    return [_batch(row) for row in connection.execute(query.order_by(*order).limit(limit))]


def due_batches(connection: Connection, now_ms: int, each: int, limit: int) -> list[FollowedBatch]:
    """Returns open batches to look at now, the longest due first, at most `each` of a project."""
    place = func.row_number().over(partition_by=_COLUMNS.project_id, order_by=_COLUMNS.next_ms)
    due = select(_COLUMNS.id, place.label("place")).where(_OPEN, _COLUMNS.next_ms <= now_ms)
    ranked = due.subquery()
    query = select(BATCHES).join(ranked, ranked.c.id == _COLUMNS.id).where(ranked.c.place <= each)
    rows = connection.execute(query.order_by(_COLUMNS.next_ms, _COLUMNS.id).limit(limit))
    return [_batch(row) for row in rows]


def remove_old(connection: Connection, before_ms: int) -> None:
    """Deletes batches that are not followed any more and were made before a time."""
    connection.execute(delete(BATCHES).where(~_OPEN, _COLUMNS.created_ms < before_ms))


def _to_row(batch: FollowedBatch) -> dict[str, Any]:
    return {
        "id": batch.id,
        "project_id": batch.project_id,
        "created_ms": batch.created_ms,
        "origin": canonical_json(batch.origin).decode(),
        "state": batch.state.value,
        "next_ms": batch.next_ms,
        "tries": batch.tries,
        "problem": batch.problem,
        "seen": canonical_json(batch.seen).decode(),
        "ended_ms": batch.ended_ms,
        "recorded": canonical_json(batch.recorded).decode(),
        "updated_ms": batch.updated_ms,
    }


def _batch(row: Row[*tuple[Any, ...]]) -> FollowedBatch:
    return FollowedBatch(
        row.id,
        row.project_id,
        row.created_ms,
        _origins.decode(row.origin),
        state=FollowState(row.state),
        next_ms=row.next_ms,
        tries=row.tries,
        problem=row.problem,
        seen=_states.decode(row.seen),
        ended_ms=row.ended_ms,
        recorded=_recorded.decode(row.recorded),
        updated_ms=row.updated_ms,
    )
