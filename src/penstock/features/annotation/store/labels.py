"""Rows of labels. Functions take a connection and return values."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, Select, and_, delete, exists, func, insert, or_, select

from penstock.features.annotation.model.items import AnnotatorProgress, ItemLabel, LabelState
from penstock.features.annotation.store.tables import ITEMS, LABELS
from penstock.kernel.digests import canonical_json

_IDS_AT_ONCE: Final = 500  # in a condition
_OF, _AND = "=", "\n"  # between an id and its label, and between labels: JSON has no line ends


def save_label(connection: Connection, queue_id: str, label: ItemLabel) -> None:
    """Stores what an annotator says of an item, in place of what they said before."""
    same = (
        LABELS.c.queue_id == queue_id,
        LABELS.c.item_id == label.item_id,
        LABELS.c.annotator_id == label.annotator_id,
    )
    connection.execute(delete(LABELS).where(*same))
    row = {name: getattr(label, name) for name in ItemLabel.__dataclass_fields__}
    row |= {"state": label.state.value, "value": canonical_json(label.value).decode()}
    connection.execute(insert(LABELS).values(row | {"queue_id": queue_id}))


def find_label(
    connection: Connection, queue_id: str, item_id: str, annotator_id: str
) -> ItemLabel | None:
    """Returns what an annotator said of an item, if they did."""
    query = select(LABELS).where(
        LABELS.c.queue_id == queue_id,
        LABELS.c.item_id == item_id,
        LABELS.c.annotator_id == annotator_id,
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _label(row)


def labels_of(
    connection: Connection, queue_id: str, ids: Sequence[str]
) -> dict[str, list[ItemLabel]]:
    """Returns what annotators said of items, by item, the oldest first."""
    found: dict[str, list[ItemLabel]] = {each: [] for each in ids}
    for first in range(0, len(ids), _IDS_AT_ONCE):
        some = ids[first : first + _IDS_AT_ONCE]
        query = select(LABELS).where(LABELS.c.queue_id == queue_id, LABELS.c.item_id.in_(some))
        ordered = query.order_by(LABELS.c.created_ms, LABELS.c.annotator_id)
        for row in connection.execute(ordered):
            found[row.item_id].append(_label(row))
    return found


def own_labels(
    connection: Connection,
    queue_id: str,
    annotator_id: str,
    before: tuple[int, str] | None,
    limit: int,
) -> list[ItemLabel]:
    """Returns what one annotator said, newest first."""
    query = select(LABELS).where(
        LABELS.c.queue_id == queue_id, LABELS.c.annotator_id == annotator_id
    )
    if before is not None:
        at, item_id = before
        same = and_(LABELS.c.updated_ms == at, LABELS.c.item_id < item_id)
        query = query.where(or_(LABELS.c.updated_ms < at, same))
    ordered = query.order_by(LABELS.c.updated_ms.desc(), LABELS.c.item_id.desc())
    return [_label(row) for row in connection.execute(ordered.limit(limit))]


def counted_labels(connection: Connection, queue_id: str) -> list[tuple[Mapping[str, Any], int]]:
    """Returns how many items with two labels or more have which label of each annotator. The
    database counts them: many items have the same."""
    pair = LABELS.c.annotator_id + _OF + LABELS.c.value
    of_item = (
        select(func.aggregate_strings(pair, _AND).label("labels"))
        .where(LABELS.c.queue_id == queue_id, LABELS.c.state == LabelState.LABELLED.value)
        .group_by(LABELS.c.item_id)
        .having(func.count() > 1)
        .subquery()
    )
    query = select(of_item.c.labels, func.count()).group_by(of_item.c.labels)
    names = {each.id: each.name for each in connection.execute(_annotators(queue_id))}
    values: dict[str, Any] = {}
    found: list[tuple[Mapping[str, Any], int]] = []
    for text, count in connection.execute(query):
        labels: dict[str, Any] = {}
        for each in text.split(_AND):
            annotator_id, _, value = each.partition(_OF)
            if value not in values:
                values[value] = msgspec.json.decode(value)
            labels[names[annotator_id]] = values[value]
        found.append((labels, count))
    return found


def _annotators(queue_id: str) -> Select[*tuple[Any, ...]]:
    id_, name = LABELS.c.annotator_id.label("id"), func.max(LABELS.c.annotator).label("name")
    return select(id_, name).where(LABELS.c.queue_id == queue_id).group_by(LABELS.c.annotator_id)


def first_labels(connection: Connection, queue_id: str, limit: int) -> list[Mapping[str, Any]]:
    """Returns the labels of each annotator of the first items that have two or more."""
    first = (
        select(ITEMS.c.item_id)
        .where(ITEMS.c.queue_id == queue_id, ITEMS.c.labels > 1)
        .order_by(ITEMS.c.position)
        .limit(limit)
    )
    ids = connection.execute(first).scalars().all()
    found = labels_of(connection, queue_id, ids)
    return [
        {each.annotator: each.value for each in labels if each.state is LabelState.LABELLED}
        for labels in found.values()
    ]


def has_labels(connection: Connection, queue_id: str) -> bool:
    """Returns whether a queue has a label, also a withdrawn one."""
    found = exists().where(LABELS.c.queue_id == queue_id)
    return bool(connection.execute(select(found)).scalar_one())


def progress_of(connection: Connection, queue_id: str) -> Iterable[AnnotatorProgress]:
    """Returns the work of each annotator, those with the most labels first."""
    labelled = func.count().filter(LABELS.c.state == LabelState.LABELLED.value)
    skipped = func.count().filter(LABELS.c.state == LabelState.SKIPPED.value)
    query = (
        select(func.max(LABELS.c.annotator), labelled, skipped, func.max(LABELS.c.updated_ms))
        .where(LABELS.c.queue_id == queue_id)
        .group_by(LABELS.c.annotator_id)
        .order_by(labelled.desc(), LABELS.c.annotator_id)
    )
    return [AnnotatorProgress(*row) for row in connection.execute(query)]


def _label(row: Row[*tuple[Any, ...]]) -> ItemLabel:
    return ItemLabel(
        item_id=row.item_id,
        annotator_id=row.annotator_id,
        annotator=row.annotator,
        state=LabelState(row.state),
        value=msgspec.json.decode(row.value),
        comment=row.comment,
        correction=row.correction,
        schema=row.schema,
        revision=row.revision,
        created_ms=row.created_ms,
        updated_ms=row.updated_ms,
    )
