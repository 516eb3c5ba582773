"""Rows of the rules that fill queues. Functions take a connection and return values."""

from dataclasses import asdict, dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select, update

from penstock.features.annotation.model.queues import QueueRule
from penstock.features.annotation.store.tables import RULES


class RulePlace(msgspec.Struct, frozen=True, array_like=True):
    """The place up to which a rule has seen everything: a position in a dataset, or a time with an
    id; within a run, the place of its last result."""

    at: int = 0
    id: str = ""
    run: str = ""
    result: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class RuleWork:
    """The work that a rule has done. `day` (since 1970) is that of `added_today`; `error` is of the
    last time, empty if it went well."""

    position: RulePlace
    day: int = 0
    added_today: int = 0
    added: int = 0
    error: str = ""
    ran_ms: int = 0
    next_ms: int = 0


@dataclass(frozen=True, slots=True)
class StoredQueueRule:
    """The rule of a queue with its work."""

    queue_id: str
    project_id: str
    rule: QueueRule
    work: RuleWork


def set_rule(connection: Connection, stored: StoredQueueRule) -> None:
    """Stores the rule of a queue, in place of another one."""
    remove_rule(connection, stored.queue_id)
    row = {"queue_id": stored.queue_id, "project_id": stored.project_id}
    row["rule"] = _text(stored.rule)
    connection.execute(insert(RULES).values(row | _work_values(stored.work)))


def save_work(connection: Connection, stored: StoredQueueRule, work: RuleWork) -> None:
    """Stores what a rule has done; nothing if it was removed or changed meanwhile, because another
    rule begins at its own place."""
    same = RULES.c.queue_id == stored.queue_id, RULES.c.rule == _text(stored.rule)
    connection.execute(update(RULES).where(*same).values(_work_values(work)))


def find_rule(connection: Connection, queue_id: str) -> StoredQueueRule | None:
    """Returns the rule of a queue, if it has one."""
    row = connection.execute(select(RULES).where(RULES.c.queue_id == queue_id)).one_or_none()
    return None if row is None else _rule(row)


def rules_of(connection: Connection, project_id: str) -> list[StoredQueueRule]:
    """Returns the rules of a project."""
    query = select(RULES).where(RULES.c.project_id == project_id)
    return [_rule(row) for row in connection.execute(query)]


def due_rules(connection: Connection, now_ms: int, limit: int) -> list[StoredQueueRule]:
    """Returns the rules of all projects whose time has come, the longest waiting first."""
    query = select(RULES).where(RULES.c.next_ms <= now_ms).order_by(RULES.c.next_ms).limit(limit)
    return [_rule(row) for row in connection.execute(query)]


def remove_rule(connection: Connection, queue_id: str) -> None:
    """Deletes the rule of a queue."""
    connection.execute(delete(RULES).where(RULES.c.queue_id == queue_id))


def _rule(row: Row[*tuple[Any, ...]]) -> StoredQueueRule:
    return StoredQueueRule(
        queue_id=row.queue_id,
        project_id=row.project_id,
        rule=msgspec.json.decode(row.rule, type=QueueRule),
        work=RuleWork(
            position=msgspec.json.decode(row.position, type=RulePlace),
            day=row.day,
            added_today=row.added_today,
            added=row.added,
            error=row.error,
            ran_ms=row.ran_ms,
            next_ms=row.next_ms,
        ),
    )


def _text(rule: QueueRule) -> str:
    return msgspec.json.encode(rule).decode()


def _work_values(work: RuleWork) -> dict[str, Any]:
    return asdict(work) | {"position": msgspec.json.encode(work.position).decode()}
