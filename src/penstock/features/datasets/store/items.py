"""Rows of items: each is valid from one version to before another, so that a version is a range."""

import hashlib
import json
from typing import Any, Final, TypeVarTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, collate, func, or_, select, union

from penstock.features.datasets.model import (
    MAX_PAGE_BYTES,
    ItemDifference,
    ItemFilter,
    ItemPage,
    VersionItem,
)
from penstock.features.datasets.store.tables import ITEMS
from penstock.rules.evaluation.items import DatasetItem

_ROWS_AT_ONCE: Final = 5000  # rows in memory while a version is hashed; then the next ones
Columns = TypeVarTuple("Columns")


def in_version(dataset_id: str, version: int) -> tuple[ColumnElement[bool], ...]:
    """Returns the conditions of the rows that a version has."""
    return (
        ITEMS.c.dataset_id == dataset_id,
        ITEMS.c.from_version <= version,
        or_(ITEMS.c.to_version.is_(None), ITEMS.c.to_version > version),
    )


def read_page(
    connection: Connection,
    dataset_id: str,
    version: int,
    chosen: ItemFilter,
    *,
    after: int,
    limit: int,
) -> ItemPage:
    """Returns up to `limit` items in order, fewer if they have more than `MAX_PAGE_BYTES`."""
    sized = select(ITEMS.c.position, ITEMS.c.byte_count).where(*in_version(dataset_id, version))
    sized = _selected(sized, chosen).where(ITEMS.c.position > after)
    rows = connection.execute(sized.order_by(ITEMS.c.position).limit(limit + 1)).all()
    count, size = 0, 0
    for row in rows[:limit]:
        size += row.byte_count
        if count and size > MAX_PAGE_BYTES:
            break
        count += 1
    positions = [row.position for row in rows[:count]]
    query = select(ITEMS).where(*in_version(dataset_id, version), ITEMS.c.position.in_(positions))
    found = connection.execute(query.order_by(ITEMS.c.position))
    more = len(rows) > count
    return ItemPage(tuple(map(_item, found)), positions[-1] if more else None)


def read_difference(
    connection: Connection, dataset_id: str, versions: tuple[int, int], after: int, limit: int
) -> tuple[list[ItemDifference], int | None]:
    """Returns what differs between an older and a newer version, in the order of items, and where
    the next page begins. A page may have fewer items than `limit`."""
    older, newer = versions
    ended = select(ITEMS.c.position).where(
        *in_version(dataset_id, older), ITEMS.c.to_version <= newer, ITEMS.c.position > after
    )
    begun = select(ITEMS.c.position).where(
        *in_version(dataset_id, newer), ITEMS.c.from_version > older, ITEMS.c.position > after
    )
    touched = union(ended, begun).subquery()
    query = select(touched.c.position).order_by(touched.c.position).limit(limit + 1)
    positions = list(connection.execute(query).scalars())
    before, now = (_at(connection, dataset_id, version, positions[:limit]) for version in versions)
    differences = [
        ItemDifference(position, before.get(position), now.get(position))
        for position in positions[:limit]
        if before.get(position) != now.get(position)
    ]
    return differences, positions[limit - 1] if len(positions) > limit else None


def digest_of_version(
    connection: Connection, dataset_id: str, version: int
) -> tuple[str, int, int]:
    """Returns the hash of ids and contents of a version, the number of its items, and their
    bytes."""
    bytewise = collate(ITEMS.c.item_id, "BINARY" if _is_sqlite(connection) else "C")
    query = select(ITEMS.c.item_id, ITEMS.c.digest, ITEMS.c.byte_count)
    query = query.where(*in_version(dataset_id, version)).order_by(bytewise)
    total, count, size = hashlib.sha256(), 0, 0
    streamed = connection.execute(query.execution_options(yield_per=_ROWS_AT_ONCE))
    for item_id, digest, byte_count in streamed:
        total.update(f"{item_id}\0{digest}\n".encode())
        count, size = count + 1, size + byte_count
    return total.hexdigest(), count, size


def count_splits(connection: Connection, dataset_id: str, version: int) -> dict[str, int]:
    """Returns the number of items of each split of a version, by name; "" is none."""
    query = select(ITEMS.c.split, func.count()).where(*in_version(dataset_id, version))
    found = connection.execute(query.group_by(ITEMS.c.split).order_by(ITEMS.c.split))
    return {name: int(count) for name, count in found}


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _selected(query: Select[*Columns], chosen: ItemFilter) -> Select[*Columns]:
    if chosen.ids:
        query = query.where(ITEMS.c.item_id.in_(chosen.ids))
    if chosen.split is not None:
        query = query.where(ITEMS.c.split == chosen.split)
    if chosen.text:
        written = json.dumps(chosen.text, ensure_ascii=False)[1:-1]
        query = query.where(ITEMS.c.content.icontains(written, autoescape=True))
    return query


def _at(
    connection: Connection, dataset_id: str, version: int, positions: list[int]
) -> dict[int, DatasetItem]:
    query = select(ITEMS).where(*in_version(dataset_id, version), ITEMS.c.position.in_(positions))
    return {row.position: _item(row).item for row in connection.execute(query)}


def _item(row: Row[*tuple[Any, ...]]) -> VersionItem:
    item = msgspec.json.decode(row.content, type=DatasetItem)
    return VersionItem(row.position, item, tuple(filter(None, row.findings.split("\n"))))
