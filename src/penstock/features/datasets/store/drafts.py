"""Rows of drafts, and how a draft becomes a version: by statements whose cost does not depend on
what is sent between program and database."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from sqlalchemy import (
    Connection,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from penstock.features.datasets.model import ChangeCounts, DatasetDraft, ItemChange
from penstock.features.datasets.store.tables import (
    DRAFT_ITEMS,
    DRAFTS,
    ITEM_FIELDS,
    ITEMS,
)

_BEGUN: Final = (ItemChange.ADDED.value, ItemChange.CHANGED.value)
_ENDED: Final = (ItemChange.CHANGED.value, ItemChange.REMOVED.value)


@dataclass(frozen=True, slots=True)
class PresentItem:
    """The facts that a draft needs of an item that the dataset has or had."""

    position: int
    digest: str
    split: str
    is_current: bool


def add_draft(connection: Connection, draft: DatasetDraft) -> None:
    """Stores a new draft."""
    connection.execute(insert(DRAFTS).values(asdict(draft)))


def save_draft(connection: Connection, draft: DatasetDraft) -> None:
    """Stores a changed draft."""
    connection.execute(update(DRAFTS).where(DRAFTS.c.id == draft.id).values(asdict(draft)))


def find_draft(
    connection: Connection, dataset_id: str, draft_id: str, *, lock: bool = False
) -> DatasetDraft | None:
    """Returns a draft. With `lock`, other writers of it wait until this transaction ends."""
    query = select(DRAFTS).where(DRAFTS.c.id == draft_id, DRAFTS.c.dataset_id == dataset_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else DatasetDraft(*row)


def count_drafts(connection: Connection, dataset_id: str) -> int:
    """Returns how many drafts a dataset has."""
    query = select(func.count()).select_from(DRAFTS).where(DRAFTS.c.dataset_id == dataset_id)
    return connection.execute(query).scalar_one()


def remove_draft(connection: Connection, draft_id: str) -> None:
    """Deletes a draft."""
    connection.execute(delete(DRAFT_ITEMS).where(DRAFT_ITEMS.c.draft_id == draft_id))
    connection.execute(delete(DRAFTS).where(DRAFTS.c.id == draft_id))


def old_drafts(connection: Connection, before_ms: int) -> Sequence[str]:
    """Returns the ids of drafts that did not change since a time."""
    query = select(DRAFTS.c.id).where(DRAFTS.c.updated_ms < before_ms)
    return connection.execute(query).scalars().all()


def add_rows(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Stores items of a draft."""
    if rows:
        connection.execute(insert(DRAFT_ITEMS), rows)


def digests_in_draft(
    connection: Connection, draft_id: str, ids: Collection[str]
) -> Mapping[str, str]:
    """Returns the digests of those items that a draft has already, by id."""
    query = select(DRAFT_ITEMS.c.item_id, DRAFT_ITEMS.c.digest).where(
        DRAFT_ITEMS.c.draft_id == draft_id, DRAFT_ITEMS.c.item_id.in_(ids)
    )
    return {row.item_id: row.digest for row in connection.execute(query)}


def present_items(
    connection: Connection, dataset_id: str, ids: Collection[str]
) -> Mapping[str, PresentItem]:
    """Returns what is known of items by id, also of those that were removed."""
    query = select(ITEMS).with_only_columns(
        ITEMS.c.item_id, ITEMS.c.position, ITEMS.c.digest, ITEMS.c.split, ITEMS.c.to_version
    )
    query = query.where(ITEMS.c.dataset_id == dataset_id, ITEMS.c.item_id.in_(ids))
    rows = connection.execute(query.order_by(ITEMS.c.from_version))
    return {
        row.item_id: PresentItem(row.position, row.digest, row.split, row.to_version is None)
        for row in rows
    }


def count_changes(connection: Connection, draft: DatasetDraft) -> ChangeCounts:
    """Returns what a draft would do."""
    found = count_rows(connection, draft.id, 0)
    removed = found.removed
    if draft.removes_others:
        current = select(func.count()).select_from(ITEMS)
        current = current.where(ITEMS.c.dataset_id == draft.dataset_id, _is_current())
        removed = connection.execute(current).scalar_one() - found.changed - found.unchanged
    return replace(found, removed=removed, duplicates=draft.duplicates)


def count_rows(connection: Connection, draft_id: str, after: int) -> ChangeCounts:
    """Returns the changes of the rows of a draft after a row."""
    query = select(DRAFT_ITEMS.c.change, func.count()).where(
        DRAFT_ITEMS.c.draft_id == draft_id, DRAFT_ITEMS.c.row > after
    )
    counts = dict(connection.execute(query.group_by(DRAFT_ITEMS.c.change)).all())
    return ChangeCounts(**{each.value: counts.get(each.value, 0) for each in ItemChange})


def apply_draft(connection: Connection, draft: DatasetDraft, version: int, positions: int) -> None:
    """Makes the rows of a version from a draft. `positions`: how many the dataset has taken."""
    touched = select(DRAFT_ITEMS.c.position).where(
        DRAFT_ITEMS.c.draft_id == draft.id, DRAFT_ITEMS.c.position.is_not(None)
    )
    ends = ITEMS.c.position.in_(touched.where(DRAFT_ITEMS.c.change.in_(_ENDED)))
    if draft.removes_others:
        ends = or_(ends, ITEMS.c.position.not_in(touched))
    mine = (ITEMS.c.dataset_id == draft.dataset_id, _is_current())
    connection.execute(update(ITEMS).where(*mine, ends).values(to_version=version))
    position = case(
        (DRAFT_ITEMS.c.position.is_(None), DRAFT_ITEMS.c.row + positions),
        else_=DRAFT_ITEMS.c.position,
    )
    new = select(
        literal(draft.dataset_id),
        position,
        literal(version),
        *(DRAFT_ITEMS.c[field] for field in ITEM_FIELDS),
    ).where(DRAFT_ITEMS.c.draft_id == draft.id, DRAFT_ITEMS.c.change.in_(_BEGUN))
    columns = ["dataset_id", "position", "from_version", *ITEM_FIELDS]
    connection.execute(insert(ITEMS).from_select(columns, new))


def _is_current() -> Any:
    return ITEMS.c.to_version.is_(None)
