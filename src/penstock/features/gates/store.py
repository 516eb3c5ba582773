"""The table of gates. Functions take a connection and return values, never rows."""

from typing import Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    MetaData,
    Table,
    Text,
    and_,
    func,
    insert,
    or_,
    select,
    update,
)

from penstock.features.gates.model import Gate, GateState
from penstock.kernel.digests import canonical_json

METADATA: Final = MetaData()
GATES: Final = Table(
    "gates",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
    Index("gates_created", "project_id", "created_ms", "id"),
)
_PAGE: Final = 50  # gates read at once
_decoder: Final = msgspec.json.Decoder(Gate)


def add_gate(connection: Connection, gate: Gate) -> None:
    """Stores a new gate."""
    connection.execute(
        insert(GATES).values(
            id=gate.id,
            project_id=gate.project_id,
            release=gate.release,
            created_ms=gate.created_ms,
            content=_encoded(gate),
        )
    )


def change_gate(connection: Connection, seen: Gate, gate: Gate) -> bool:
    """Changes a gate. Returns false if it is not as it was seen any more."""
    same = (GATES.c.id == seen.id, GATES.c.content == _encoded(seen))
    return bool(
        connection.execute(update(GATES).where(*same).values(content=_encoded(gate))).rowcount
    )


def find_gate(connection: Connection, project_id: str, gate_id: str) -> Gate | None:
    """Returns a gate of a project, if it exists."""
    query = select(GATES.c.content).where(GATES.c.project_id == project_id, GATES.c.id == gate_id)
    content = connection.execute(query).scalar_one_or_none()
    return None if content is None else _decoder.decode(content)


def find_gate_that_needs(connection: Connection, project_id: str, run_id: str) -> Gate | None:
    """Returns a gate that is being confirmed or is evidence, and has this run."""
    named = GATES.c.content.contains(canonical_json(run_id).decode(), autoescape=True)
    query = select(GATES.c.content).where(GATES.c.project_id == project_id, named)
    with connection.execute(query.execution_options(yield_per=_PAGE)) as rows:
        for row in rows:
            gate = _decoder.decode(row.content)
            has_run = run_id in (gate.candidate, gate.baseline, *gate.confirming)
            if has_run and (gate.state is GateState.CONFIRMING or gate.evidence):
                return gate
    return None


def count_gates(connection: Connection, project_id: str) -> int:
    """Returns how many gates a project has."""
    query = select(func.count()).select_from(GATES).where(GATES.c.project_id == project_id)
    return connection.execute(query).scalar_one()


def list_gates(
    connection: Connection,
    project_id: str,
    release: str,
    before: tuple[int, str] | None,
    limit: int,
) -> list[Gate]:
    """Returns gates, newest first, of the release with this hash or its beginning."""
    query = select(GATES.c.content).where(GATES.c.project_id == project_id)
    if release:
        query = query.where(GATES.c.release.startswith(release, autoescape=True))
    if before is not None:
        at, gate_id = before
        same = and_(GATES.c.created_ms == at, GATES.c.id < gate_id)
        query = query.where(or_(GATES.c.created_ms < at, same))
    query = query.order_by(GATES.c.created_ms.desc(), GATES.c.id.desc()).limit(limit)
    return [_decoder.decode(content) for content in connection.execute(query).scalars()]


def _encoded(gate: Gate) -> str:
    return canonical_json(gate).decode()
