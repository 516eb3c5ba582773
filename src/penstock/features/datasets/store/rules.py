"""Rows of rules. Functions take a connection and return values."""

from dataclasses import asdict
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from penstock.features.datasets.rules import (
    DatasetRule,
    RulePosition,
    RuleProgress,
    StoredRule,
)
from penstock.features.datasets.store.tables import DATASETS, RULES


def add_rule(connection: Connection, stored: StoredRule) -> None:
    """Stores the first rule of a dataset."""
    values = {"dataset_id": stored.dataset_id, "rule": _text(stored.rule)}
    connection.execute(insert(RULES).values(values | _progress_values(stored.progress)))


def replace_rule(connection: Connection, dataset_id: str, rule: DatasetRule, next_ms: int) -> None:
    """Stores another rule in place of the one of a dataset; what it has done stays."""
    changed = update(RULES).where(RULES.c.dataset_id == dataset_id)
    connection.execute(changed.values(rule=_text(rule), next_ms=next_ms, error=""))


def save_progress(connection: Connection, dataset_id: str, progress: RuleProgress) -> None:
    """Stores what a rule has done; nothing if it was removed meanwhile."""
    changed = update(RULES).where(RULES.c.dataset_id == dataset_id)
    connection.execute(changed.values(_progress_values(progress)))


def find_rule(connection: Connection, dataset_id: str) -> StoredRule | None:
    """Returns the rule of a dataset, if it has one."""
    row = connection.execute(_rules().where(RULES.c.dataset_id == dataset_id)).one_or_none()
    return None if row is None else _rule(row)


def list_rules(
    connection: Connection, project_id: str, dataset: str, after: str, limit: int
) -> list[StoredRule]:
    """Returns the rules of a project's datasets by their names, or only that of `dataset`."""
    query = _rules().where(DATASETS.c.project_id == project_id, DATASETS.c.name > after)
    if dataset:
        query = query.where(DATASETS.c.name == dataset)
    return [_rule(row) for row in connection.execute(query.order_by(DATASETS.c.name).limit(limit))]


def due_rules(connection: Connection, now_ms: int, limit: int) -> list[StoredRule]:
    """Returns the rules of all projects whose time has come, the longest waiting first."""
    query = _rules().where(RULES.c.next_ms <= now_ms).order_by(RULES.c.next_ms).limit(limit)
    return [_rule(row) for row in connection.execute(query)]


def remove_rule(connection: Connection, dataset_id: str) -> None:
    """Deletes the rule of a dataset."""
    connection.execute(delete(RULES).where(RULES.c.dataset_id == dataset_id))


def _rules() -> Select[*tuple[Any, ...]]:
    return select(RULES, DATASETS.c.project_id, DATASETS.c.name).join(
        DATASETS, DATASETS.c.id == RULES.c.dataset_id
    )


def _rule(row: Row[*tuple[Any, ...]]) -> StoredRule:
    return StoredRule(
        dataset_id=row.dataset_id,
        project_id=row.project_id,
        dataset=row.name,
        rule=msgspec.json.decode(row.rule, type=DatasetRule),
        progress=RuleProgress(
            position=msgspec.json.decode(row.position, type=RulePosition),
            day=row.day,
            added_today=row.added_today,
            added=row.added,
            skipped=row.skipped,
            error=row.error,
            ran_ms=row.ran_ms,
            next_ms=row.next_ms,
        ),
    )


def _progress_values(progress: RuleProgress) -> dict[str, Any]:
    return asdict(progress) | {"position": _text(progress.position)}


def _text(value: DatasetRule | RulePosition) -> str:
    return msgspec.json.encode(value).decode()
