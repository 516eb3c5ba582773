"""Rows of items and their reservations. Functions take a connection and return values."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Connection,
    Row,
    Select,
    and_,
    cast,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from penstock.features.annotation.model.items import (
    Decision,
    ItemContent,
    LabelState,
    QueueItem,
    QueueProgress,
    Suggestion,
)
from penstock.features.annotation.store.tables import ITEMS, LABELS, LEASES
from penstock.rules.annotation.agreement import LabelCounts

_IDS_AT_ONCE: Final = 500  # in a condition


@dataclass(frozen=True, slots=True)
class QueueItemFilter:
    """Selects items of a queue: of these ids, in a state. `differing`: not yet decided."""

    ids: Sequence[str] = ()
    state: str = ""  # "open", "labelled", "differing", "decided"


def add_items(
    connection: Connection, queue_id: str, project_id: str, items: Sequence[QueueItem]
) -> None:
    """Stores new items."""
    if items:
        rows = [_to_row(each, project_id) for each in items]
        connection.execute(insert(ITEMS), [row | {"queue_id": queue_id} for row in rows])


def find_item(connection: Connection, queue_id: str, item_id: str) -> QueueItem | None:
    """Returns an item, if the queue has it."""
    query = select(ITEMS).where(ITEMS.c.queue_id == queue_id, ITEMS.c.item_id == item_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _item(row)


def known_ids(connection: Connection, queue_id: str, ids: Sequence[str]) -> set[str]:
    """Returns which of these items the queue has."""
    found: set[str] = set()
    for first in range(0, len(ids), _IDS_AT_ONCE):
        some = ids[first : first + _IDS_AT_ONCE]
        query = select(ITEMS.c.item_id).where(
            ITEMS.c.queue_id == queue_id, ITEMS.c.item_id.in_(some)
        )
        found |= set(connection.execute(query).scalars())
    return found


def size_of(connection: Connection, queue_id: str) -> tuple[int, int, int]:
    """Returns the number of items, their bytes, and the last position."""
    query = select(func.count(), func.sum(ITEMS.c.byte_count), func.max(ITEMS.c.position)).where(
        ITEMS.c.queue_id == queue_id
    )
    count, size, last = connection.execute(query).one()
    return count, int(size or 0), int(last or 0)


def revision_of(connection: Connection, queue_id: str) -> int:
    """Returns a number that grows with each label and decision of a queue."""
    query = select(cast(func.sum(ITEMS.c.revision), BigInteger)).where(ITEMS.c.queue_id == queue_id)
    return connection.execute(query).scalar() or 0


def label_counts(connection: Connection, queue_id: str) -> LabelCounts:
    """Returns how many items have labels, two or more, and different ones."""
    counted = _sum(ITEMS.c.labels > 0), _sum(ITEMS.c.labels > 1), _sum(ITEMS.c.differs)
    row = connection.execute(select(*counted).where(ITEMS.c.queue_id == queue_id)).one()
    return LabelCounts(*row)


def list_items(
    connection: Connection, queue_id: str, wanted: QueueItemFilter, after: int, limit: int
) -> list[QueueItem]:
    """Returns items in the order of their positions."""
    query = select(ITEMS).where(ITEMS.c.queue_id == queue_id, ITEMS.c.position > after)
    if wanted.ids:
        query = query.where(ITEMS.c.item_id.in_(wanted.ids))
    if wanted.state:
        query = query.where(_in_state(wanted.state))
    rows = connection.execute(query.order_by(ITEMS.c.position).limit(limit))
    return [_item(row) for row in rows]


def differing_after(
    connection: Connection, queue_id: str, after: tuple[int, str], until_ms: int, limit: int
) -> list[tuple[int, QueueItem]]:
    """Returns items in the order in which their annotators began to differ, until a time, with
    that time."""
    at, item_id = after
    same = and_(ITEMS.c.differs_ms == at, ITEMS.c.item_id > item_id)
    query = select(ITEMS).where(
        ITEMS.c.queue_id == queue_id,
        ITEMS.c.differs,
        ITEMS.c.differs_ms <= until_ms,
        or_(ITEMS.c.differs_ms > at, same),
    )
    ordered = query.order_by(ITEMS.c.differs_ms, ITEMS.c.item_id).limit(limit)
    return [(row.differs_ms, _item(row)) for row in connection.execute(ordered)]


def free_items(
    connection: Connection,
    queue_id: str,
    annotator_id: str,
    *,
    overlap: int,
    now_ms: int,
    limit: int,
) -> list[QueueItem]:
    """Returns open items that a person may label next: first those that they have reserved, then
    those that too few others have reserved."""
    own = _lease(now_ms, LEASES.c.annotator_id == annotator_id).exists()
    others = _lease(now_ms, LEASES.c.annotator_id != annotator_id)
    waiting = others.with_only_columns(func.count()).scalar_subquery()
    said = exists().where(
        LABELS.c.queue_id == ITEMS.c.queue_id,
        LABELS.c.item_id == ITEMS.c.item_id,
        LABELS.c.annotator_id == annotator_id,
        LABELS.c.state != LabelState.WITHDRAWN.value,
    )
    query = select(ITEMS).where(
        ITEMS.c.queue_id == queue_id,
        ITEMS.c.open,
        ~said,
        or_(own, ITEMS.c.labels + waiting < overlap),
    )
    rows = connection.execute(query.order_by(own.desc(), ITEMS.c.position).limit(limit))
    return [_item(row) for row in rows]


def reserve(
    connection: Connection, queue_id: str, ids: Collection[str], annotator_id: str, until_ms: int
) -> None:
    """Reserves these items for a person, and no others."""
    own = LEASES.c.queue_id == queue_id, LEASES.c.annotator_id == annotator_id
    connection.execute(delete(LEASES).where(*own))
    for each in ids:
        hold(connection, queue_id, each, annotator_id, until_ms)


def hold(
    connection: Connection, queue_id: str, item_id: str, annotator_id: str, until_ms: int
) -> None:
    """Reserves one more item for a person."""
    row = {"queue_id": queue_id, "item_id": item_id}
    row |= {"annotator_id": annotator_id, "expires_ms": until_ms}
    connection.execute(insert(LEASES).values(row))


def release(connection: Connection, queue_id: str, item_id: str, annotator_id: str) -> None:
    """Ends the reservation of an item for a person."""
    connection.execute(
        delete(LEASES).where(
            LEASES.c.queue_id == queue_id,
            LEASES.c.item_id == item_id,
            LEASES.c.annotator_id == annotator_id,
        )
    )


def save_counts(connection: Connection, item: QueueItem, now_ms: int) -> None:
    """Stores what labels and a decision make of an item. Its score is due if it needs no more
    labels, or if an earlier one was sent."""
    same = ITEMS.c.queue_id == item.queue_id, ITEMS.c.item_id == item.id
    values: dict[str, Any] = {
        "labels": item.labels,
        "skips": item.skips,
        "open": item.open,
        "differs": item.differs,
        "decided": item.decision is not None,
        "decision": _text(item.decision),
        "revision": ITEMS.c.revision + 1,
        "score_due": ITEMS.c.score_sent if item.open else True,
    }
    connection.execute(update(ITEMS).where(*same).values(values))
    if item.differs:
        first = update(ITEMS).where(*same, ITEMS.c.differs_ms == 0)
        connection.execute(first.values(differs_ms=now_ms))


def open_again(connection: Connection, queue_id: str, overlap: int) -> None:
    """Opens and closes items after a change of the number of annotators."""
    mine = ITEMS.c.queue_id == queue_id
    needs = and_(~ITEMS.c.decided, ITEMS.c.labels < overlap)
    opened = update(ITEMS).where(mine, needs, ~ITEMS.c.open)
    connection.execute(
        opened.values(open=True, score_due=ITEMS.c.score_sent, revision=ITEMS.c.revision + 1)
    )
    closed = update(ITEMS).where(mine, ~needs, ITEMS.c.open)
    connection.execute(closed.values(open=False, score_due=True, revision=ITEMS.c.revision + 1))


def suggest(connection: Connection, queue_id: str, item_id: str, suggestion: Suggestion) -> None:
    """Stores what a model suggests for an item."""
    changed = update(ITEMS).where(ITEMS.c.queue_id == queue_id, ITEMS.c.item_id == item_id)
    connection.execute(changed.values(suggestion=_text(suggestion)))


def scores_due(connection: Connection, limit: int) -> list[tuple[str, int, QueueItem]]:
    """Returns items whose score is due, with their projects and revisions."""
    query = select(ITEMS).where(ITEMS.c.score_due).limit(limit)
    return [(row.project_id, row.revision, _item(row)) for row in connection.execute(query)]


def mark_sent(connection: Connection, item: QueueItem, revision: int) -> None:
    """Notes that the score of an item was sent, unless the item has changed meanwhile."""
    same = ITEMS.c.queue_id == item.queue_id, ITEMS.c.item_id == item.id
    unchanged = update(ITEMS).where(*same, ITEMS.c.revision == revision)
    connection.execute(unchanged.values(score_due=False))
    connection.execute(update(ITEMS).where(*same).values(score_sent=True))


def counts(connection: Connection, queue_id: str) -> QueueProgress:
    """Returns the counts of a queue."""
    columns: dict[str, ColumnElement[Any]] = {
        "items": func.count(),
        "open": _sum(ITEMS.c.open),
        "labelled": _sum(ITEMS.c.labels > 0),
        "differing": _sum(ITEMS.c.differs),
        "decided": _sum(ITEMS.c.decided),
        "waiting": _sum(and_(ITEMS.c.differs, ~ITEMS.c.decided)),
        "suggested": _sum(ITEMS.c.suggestion != ""),
    }
    query = select(*(each.label(name) for name, each in columns.items()))
    row = connection.execute(query.where(ITEMS.c.queue_id == queue_id)).one()
    found: dict[str, Any] = dict(zip(columns, row, strict=True))
    return QueueProgress(**found)


def remove_queue_rows(connection: Connection, queue_id: str) -> None:
    """Deletes the items of a queue with all that belongs to them."""
    for table in (LEASES, LABELS, ITEMS):
        connection.execute(delete(table).where(table.c.queue_id == queue_id))


def _sum(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.count().filter(condition)


def _lease(now_ms: int, whose: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(LEASES.c.item_id)
        .where(
            LEASES.c.queue_id == ITEMS.c.queue_id,
            LEASES.c.item_id == ITEMS.c.item_id,
            LEASES.c.expires_ms > now_ms,
            whose,
        )
        .correlate(ITEMS)
    )


def _in_state(state: str) -> ColumnElement[bool]:
    match state:
        case "open":
            return ITEMS.c.open
        case "labelled":
            return ITEMS.c.labels > 0
        case "decided":
            return ITEMS.c.decided
        case _:
            return and_(ITEMS.c.differs, ~ITEMS.c.decided)


def _to_row(item: QueueItem, project_id: str) -> dict[str, object]:
    content = msgspec.json.encode(item.content)
    return {
        "item_id": item.id,
        "project_id": project_id,
        "position": item.position,
        "byte_count": len(content),
        "labels": item.labels,
        "skips": item.skips,
        "open": item.open,
        "differs": item.differs,
        "decided": item.decision is not None,
        "differs_ms": 0,
        "revision": 0,
        "score_due": False,
        "score_sent": False,
        "suggestion": _text(item.suggestion),
        "decision": _text(item.decision),
        "content": content.decode(),
    }


def _item(row: Row[*tuple[Any, ...]]) -> QueueItem:
    return QueueItem(
        id=row.item_id,
        queue_id=row.queue_id,
        position=row.position,
        content=msgspec.json.decode(row.content, type=ItemContent),
        labels=row.labels,
        skips=row.skips,
        open=row.open,
        differs=row.differs,
        suggestion=_decoded(row.suggestion, Suggestion),
        decision=_decoded(row.decision, Decision),
    )


def _text(value: Suggestion | Decision | None) -> str:
    return "" if value is None else msgspec.json.encode(value).decode()


def _decoded(text: str, kind: type[Any]) -> Any:
    return msgspec.json.decode(text, type=kind) if text else None
