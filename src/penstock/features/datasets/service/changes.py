"""New versions of datasets: a draft collects items, and its commit makes one version of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.datasets.model import (
    DRAFT_LIFETIME_MS,
    MAX_BATCH,
    MAX_BYTES,
    MAX_DRAFTS,
    MAX_ITEMS,
    MAX_VERSIONS,
    ChangeCounts,
    CommittedChange,
    Dataset,
    DatasetDraft,
    DatasetVersion,
    PersonalDataPolicy,
    check_text,
)
from penstock.features.datasets.service.datasets import get_dataset, get_version
from penstock.features.datasets.service.draft_rows import (
    PlacedItem,
    rows_of_items,
    rows_of_removals,
)
from penstock.features.datasets.store import datasets as dataset_store
from penstock.features.datasets.store import drafts as store
from penstock.features.datasets.store.items import digest_of_version
from penstock.infra.sql import Transaction
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound
from penstock.rules.evaluation.items import DatasetItem, checked_item

# Treats items with personal data by a policy: returns them, and what was found, by item id.
Screen = Callable[
    [PersonalDataPolicy, Sequence[PlacedItem]], tuple[list[PlacedItem], dict[str, str]]
]


@dataclass(frozen=True, slots=True)
class DatasetChange:
    """A change in one step. An item with the id of a present one replaces it if it is one of
    `items`, and changes nothing if it is one of `additions`. `parent`: the version that the author
    saw; `None` for any."""

    items: Sequence[DatasetItem] = ()
    additions: Sequence[DatasetItem] = ()
    remove: Sequence[str] = ()
    parent: int | None = None
    message: str = ""


def no_screen(
    _policy: PersonalDataPolicy, items: Sequence[PlacedItem]
) -> tuple[list[PlacedItem], dict[str, str]]:
    """Looks for nothing."""
    return list(items), {}


class DatasetChanges:
    """Drafts and their commits. Methods raise `NotFound` for datasets and drafts that do not
    exist, and `Conflict` if somebody else was faster."""

    def __init__(self, context: Context, screen: Screen = no_screen) -> None:
        self._context = context
        self._screen = screen

    def start(
        self,
        project_id: str,
        name: str,
        *,
        parent: int | None = None,
        removes_others: bool = False,
        keeps_existing: bool = False,
    ) -> DatasetDraft:
        """Begins a draft of the version after `parent`, by default the newest one."""
        with self._context.database.write() as tx:
            dataset = get_dataset(tx.connection, project_id, name, lock=True)
            if store.count_drafts(tx.connection, dataset.id) >= MAX_DRAFTS:
                raise Conflict(
                    f"The dataset {name!r} has {MAX_DRAFTS} drafts that were not finished.",
                    hint="Wait: they expire after 24 hours without a change.",
                    code="dataset_drafts_full",
                )
            _check_parent(dataset, parent)
            draft = self._new_draft(dataset, keeps_existing=keeps_existing)
            draft = replace(draft, removes_others=removes_others)
            store.add_draft(tx.connection, draft)
        return draft

    def put(
        self, project_id: str, name: str, draft_id: str, items: Sequence[PlacedItem]
    ) -> ChangeCounts:
        """Adds items to a draft: all, or none. Returns what was done with these items; counting
        all of a large draft would cost more with each request."""
        with self._context.database.write() as tx:
            dataset = get_dataset(tx.connection, project_id, name)
            draft = _get_draft(tx.connection, dataset, draft_id, lock=True)
            after = self._put(tx.connection, dataset, draft, items)
            added = store.count_rows(tx.connection, draft.id, draft.rows)
        return replace(added, duplicates=after.duplicates - draft.duplicates)

    def counts(self, project_id: str, name: str, draft_id: str) -> ChangeCounts:
        """Returns what a draft would do."""
        with self._context.database.read() as connection:
            dataset = get_dataset(connection, project_id, name)
            return store.count_changes(connection, _get_draft(connection, dataset, draft_id))

    def commit(
        self, actor: Principal, project_id: str, name: str, draft_id: str, message: str
    ) -> CommittedChange:
        """Makes a version of a draft. Raises `InvalidRequest` if it would have no items."""
        check_text(message, "message")
        with self._context.database.write() as tx:
            dataset = get_dataset(tx.connection, project_id, name, lock=True)
            draft = _get_draft(tx.connection, dataset, draft_id, lock=True)
            return self._commit(tx, actor, dataset, draft, message)

    def discard(self, project_id: str, name: str, draft_id: str) -> None:
        """Removes a draft."""
        with self._context.database.write() as tx:
            dataset = get_dataset(tx.connection, project_id, name)
            store.remove_draft(tx.connection, _get_draft(tx.connection, dataset, draft_id).id)

    def change(
        self, actor: Principal, project_id: str, name: str, change: DatasetChange
    ) -> CommittedChange:
        """Makes one version of a change, all of it or none."""
        check_text(change.message, "message")
        with self._context.database.write() as tx:
            dataset = get_dataset(tx.connection, project_id, name, lock=True)
            _check_parent(dataset, change.parent)
            draft = self._new_draft(dataset, keeps_existing=False)
            store.add_draft(tx.connection, draft)
            draft = self._put(tx.connection, dataset, draft, _placed(change.items), change.remove)
            draft = replace(draft, keeps_existing=True)
            draft = self._put(tx.connection, dataset, draft, _placed(change.additions))
            return self._commit(tx, actor, dataset, draft, change.message)

    def acceptable(
        self, project_id: str, name: str, items: Sequence[DatasetItem]
    ) -> list[DatasetItem]:
        """Returns the items that a change would not refuse for their personal data."""
        with self._context.database.read() as connection:
            policy = get_dataset(connection, project_id, name).personal_data
        if policy is not PersonalDataPolicy.REJECT:
            return list(items)
        return [item for item in items if self._passes(policy, item)]

    def _passes(self, policy: PersonalDataPolicy, item: DatasetItem) -> bool:
        try:
            self._screen(policy, [(item.id, item)])
        except InvalidRequest:
            return False
        return True

    def expire(self) -> int:
        """Removes drafts that nobody changed for a day. Returns their number."""
        with self._context.database.write() as tx:
            old = store.old_drafts(tx.connection, self._context.now_ms() - DRAFT_LIFETIME_MS)
            for draft_id in old:
                store.remove_draft(tx.connection, draft_id)
        return len(old)

    def _new_draft(self, dataset: Dataset, *, keeps_existing: bool) -> DatasetDraft:
        return DatasetDraft(
            id=self._context.new_id("dft"),
            dataset_id=dataset.id,
            parent=dataset.version,
            removes_others=False,
            keeps_existing=keeps_existing,
            rows=0,
            byte_count=0,
            duplicates=0,
            updated_ms=self._context.now_ms(),
        )

    def _put(
        self,
        connection: Connection,
        dataset: Dataset,
        draft: DatasetDraft,
        items: Sequence[PlacedItem],
        remove: Sequence[str] = (),
    ) -> DatasetDraft:
        if len(items) + len(remove) > MAX_BATCH:
            raise InvalidRequest(f"Send at most {MAX_BATCH:,} items at once.", param="items")
        checked = [(place, checked_item(item, place)) for place, item in items]
        screened, findings = self._screen(dataset.personal_data, checked)
        rows, duplicates = rows_of_items(connection, draft, screened, findings)
        store.add_rows(connection, rows)
        draft = self._grown(draft, rows, duplicates)
        removals = rows_of_removals(connection, draft, remove) if remove else []
        store.add_rows(connection, removals)
        draft = self._grown(draft, removals, 0)
        _check_size(draft.rows, draft.byte_count)
        store.save_draft(connection, draft)
        return draft

    def _grown(
        self, draft: DatasetDraft, rows: Sequence[dict[str, Any]], duplicates: int
    ) -> DatasetDraft:
        return replace(
            draft,
            rows=draft.rows + len(rows),
            byte_count=draft.byte_count + sum(row["byte_count"] for row in rows),
            duplicates=draft.duplicates + duplicates,
            updated_ms=self._context.now_ms(),
        )

    def _commit(
        self,
        tx: Transaction,
        actor: Principal,
        dataset: Dataset,
        draft: DatasetDraft,
        message: str,
    ) -> CommittedChange:
        connection = tx.connection
        _check_parent(dataset, draft.parent)
        counts = store.count_changes(connection, draft)
        if not counts.makes_version:
            store.remove_draft(connection, draft.id)
            return CommittedChange(_unchanged(connection, dataset), counts)
        number = dataset.version + 1
        if number > MAX_VERSIONS:
            raise InvalidRequest(f"A dataset has at most {MAX_VERSIONS:,} versions.")
        store.apply_draft(connection, draft, number, dataset.positions)
        digest, item_count, byte_count = digest_of_version(connection, dataset.id, number)
        _check_size(item_count, byte_count)
        if not item_count:
            raise _empty("This would leave no items.", "Keep one, or remove the dataset.")
        now = self._context.now_ms()
        version = DatasetVersion(
            dataset_id=dataset.id,
            version=number,
            digest=digest,
            item_count=item_count,
            byte_count=byte_count,
            added=counts.added,
            changed=counts.changed,
            removed=counts.removed,
            author=actor.label,
            message=message,
            created_ms=now,
        )
        dataset_store.add_version(connection, version)
        grown = replace(
            dataset, version=number, positions=dataset.positions + draft.rows, updated_ms=now
        )
        dataset_store.save_dataset(connection, grown)
        store.remove_draft(connection, draft.id)
        self._context.audit_log.append(
            tx, actor, dataset.project_id, "dataset.commit", dataset.name, after=_facts(version)
        )
        return CommittedChange(version, counts)


def _placed(items: Sequence[DatasetItem]) -> list[PlacedItem]:
    return [(f"items.{at}", item) for at, item in enumerate(items)]


def _unchanged(connection: Connection, dataset: Dataset) -> DatasetVersion:
    if not dataset.version:
        raise _empty("There are no items.", "Give at least one.")
    return get_version(connection, dataset, None)


def _empty(message: str, hint: str) -> InvalidRequest:
    return InvalidRequest(message, hint=hint, code="dataset_empty", param="items")


def _get_draft(
    connection: Connection, dataset: Dataset, draft_id: str, *, lock: bool = False
) -> DatasetDraft:
    if found := store.find_draft(connection, dataset.id, draft_id, lock=lock):
        return found
    raise NotFound(
        "This draft does not exist: it was finished, discarded, or has expired.",
        hint="Begin a new one.",
        code="dataset_draft_not_found",
    )


def _check_parent(dataset: Dataset, parent: int | None) -> None:
    if parent not in (None, dataset.version):
        raise Conflict(
            f"The dataset {dataset.name!r} has version {dataset.version} now, not {parent}.",
            hint="Load it again, then repeat your change.",
            code="dataset_changed",
            param="parent",
        )


def _check_size(items: int, size: int) -> None:
    if items > MAX_ITEMS or size > MAX_BYTES:
        raise InvalidRequest(
            f"A dataset has at most {MAX_ITEMS:,} items of {MAX_BYTES:,} bytes together.",
            hint="Divide it into several datasets.",
            code="dataset_too_large",
        )


def _facts(version: DatasetVersion) -> dict[str, object]:
    return {
        "version": version.version,
        "digest": version.digest,
        "item_count": version.item_count,
        "added": version.added,
        "changed": version.changed,
        "removed": version.removed,
        "message": version.message,
    }
