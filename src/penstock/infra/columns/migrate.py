"""Versioned schema steps for the tables of a family, and a table of the applied ones."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from penstock.infra.columns.store import ColumnStore
from penstock.kernel.errors import SetupError


@dataclass(frozen=True, slots=True)
class SchemaStep:
    """One change of schema. Statements must be repeatable: a crash may stop between two.
    `from_data` returns further ones that depend on the stored data."""

    version: int
    title: str
    statements: tuple[str, ...]
    from_data: Callable[[ColumnStore], Iterable[str]] = lambda _: ()


class _Applied(msgspec.Struct, frozen=True):
    family: str
    version: int
    title: str


def apply_steps(store: ColumnStore, family: str, steps: Sequence[SchemaStep]) -> None:
    """Applies missing steps in order. Raises `SetupError` if a newer version made the store."""
    store.command(
        "CREATE TABLE IF NOT EXISTS schema_steps (family LowCardinality(String), version UInt32,"
        " title String, applied_at DateTime DEFAULT now()) ENGINE = MergeTree"
        " ORDER BY (family, version) SETTINGS fsync_after_insert = 1"
    )
    done = _versions(store, family)
    known = max(step.version for step in steps)
    if done and max(done) > known:
        raise SetupError(
            f"The column store has {family} tables of version {max(done)}; "
            f"this version of Penstock supports versions up to {known}.",
            hint="Start the newer Penstock, or restore a backup made with this version.",
        )
    for step in steps:
        if step.version not in done:
            for statement in step.statements:
                store.command(statement)
            for statement in step.from_data(store):
                store.command(statement)
            store.insert("schema_steps", [_Applied(family, step.version, step.title)])


def _versions(store: ColumnStore, family: str) -> set[int]:
    rows = store.query(
        "SELECT family, version, title FROM schema_steps WHERE family = {family:String}",
        {"family": family},
        _Applied,
    )
    return {row.version for row in rows}
