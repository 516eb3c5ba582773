"""Turns items into rows of a draft: which are new, changed, unchanged or given twice."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection

from penstock.features.datasets.model import DatasetDraft, ItemChange
from penstock.features.datasets.store import drafts as store
from penstock.features.datasets.store.drafts import PresentItem
from penstock.kernel.digests import canonical_json
from penstock.kernel.errors import InvalidRequest
from penstock.rules.evaluation.items import DatasetItem, id_of_example

PlacedItem = tuple[str, DatasetItem]  # where it stands in the request, and a checked item


def rows_of_items(
    connection: Connection,
    draft: DatasetDraft,
    items: Sequence[PlacedItem],
    findings: Mapping[str, str],
) -> tuple[list[dict[str, Any]], int]:
    """Returns the new rows, and how many items were given before. `findings` of personal data are
    by item id. Raises `InvalidRequest` for an id with two contents."""
    ids = {item.id for _, item in items}
    present = store.present_items(connection, draft.dataset_id, ids)
    known = dict(store.digests_in_draft(connection, draft.id, ids))
    rows = list[dict[str, Any]]()
    for place, item in items:
        wanted = _with_present_split(item, present.get(item.id))
        digest = wanted.digest()
        if (before := known.get(item.id)) is not None:
            _check_same(place, item, same=before == digest)
            continue
        known[item.id] = digest
        there = present.get(item.id)
        change = _change(there, digest, keeps_existing=draft.keeps_existing)
        position = None if there is None else there.position
        rows.append(
            _row(
                draft, draft.rows + len(rows) + 1, change, wanted, digest=digest, position=position
            )
            | {"findings": findings.get(item.id, "")}
        )
    return rows, len(items) - len(rows)


def rows_of_removals(
    connection: Connection, draft: DatasetDraft, ids: Sequence[str]
) -> list[dict[str, Any]]:
    """Returns the rows that remove items. Raises `InvalidRequest` for an id that the version does
    not have, or that the draft changes as well."""
    present = store.present_items(connection, draft.dataset_id, ids)
    known = store.digests_in_draft(connection, draft.id, ids)
    rows = list[dict[str, Any]]()
    for at, item_id in enumerate(dict.fromkeys(ids)):
        found = present.get(item_id)
        if found is None or not found.is_current:
            raise _invalid(f"The dataset has no item {item_id[:200]!r}.", f"remove.{at}")
        if item_id in known:
            raise _invalid(f"{item_id!r} is both changed and removed.", f"remove.{at}")
        gone = DatasetItem(item_id)
        number = draft.rows + len(rows) + 1
        rows.append(
            _row(
                draft,
                number,
                ItemChange.REMOVED,
                gone,
                digest=found.digest,
                position=found.position,
            )
        )
    return rows


def _row(
    draft: DatasetDraft,
    number: int,
    change: ItemChange,
    item: DatasetItem,
    *,
    digest: str,
    position: int | None,
) -> dict[str, Any]:
    stored = change in {ItemChange.ADDED, ItemChange.CHANGED}
    content = canonical_json(item) if stored else b""
    return {
        "draft_id": draft.id,
        "row": number,
        "change": change.value,
        "position": position,
        "item_id": item.id,
        "digest": digest,
        "split": item.split,
        "byte_count": len(content),
        "findings": "",
        "content": content.decode(),
    }


def _change(present: PresentItem | None, digest: str, *, keeps_existing: bool) -> ItemChange:
    if present is None or not present.is_current:
        return ItemChange.ADDED
    if keeps_existing or present.digest == digest:
        return ItemChange.UNCHANGED
    return ItemChange.CHANGED


def _with_present_split(item: DatasetItem, present: PresentItem | None) -> DatasetItem:
    """An item that names no split keeps the one it has."""
    if present is None or not present.is_current or item.split:
        return item
    return replace(item, split=present.split)


def _check_same(place: str, item: DatasetItem, *, same: bool) -> None:
    if not same and item.id != id_of_example(item):
        raise InvalidRequest(
            f"{item.source.place or place}: the id {item.id!r} was given before, with another "
            "content.",
            hint="Give each item an id of its own, or none.",
            code="dataset_id_twice",
            param=f"{place}.id",
        )


def _invalid(message: str, param: str) -> InvalidRequest:
    return InvalidRequest(message, code="dataset_change_invalid", param=param)
