"""Rows of labels. Functions take a connection and return values."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, and_, delete, exists, func, insert, or_, select

from penstock.features.annotation.model.items import AnnotatorProgress, ItemLabel, LabelState
from penstock.features.annotation.store.tables import LABELS
from penstock.kernel.digests import canonical_json

_IDS_AT_ONCE: Final = 500  # in a condition


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
