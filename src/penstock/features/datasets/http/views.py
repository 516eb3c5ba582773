"""The documents of datasets in the REST API."""

from datetime import datetime
from typing import Any

import msgspec
from pydantic import BaseModel

from penstock.features.datasets.model import (
    ChangeCounts,
    CommittedChange,
    Dataset,
    DatasetDraft,
    DatasetVersion,
    ItemDifference,
    PersonalDataPolicy,
    VersionItem,
)
from penstock.infra.web.moments import moment_of
from penstock.rules.evaluation.items import DatasetItem


class DatasetVersionView(BaseModel):
    """A version. `digest` is equal for versions with equal items."""

    version: int
    digest: str
    item_count: int
    byte_count: int
    added: int
    changed: int
    removed: int
    author: str
    message: str
    created_at: datetime

    @classmethod
    def of(cls, version: DatasetVersion) -> "DatasetVersionView":
        return cls(
            version=version.version,
            digest=version.digest,
            item_count=version.item_count,
            byte_count=version.byte_count,
            added=version.added,
            changed=version.changed,
            removed=version.removed,
            author=version.author,
            message=version.message,
            created_at=moment_of(version.created_ms),
        )


class DatasetView(BaseModel):
    """A dataset with its newest version, if it has one."""

    id: str
    name: str
    description: str
    personal_data: PersonalDataPolicy
    newest: DatasetVersionView | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, dataset: Dataset, newest: DatasetVersion | None) -> "DatasetView":
        return cls(
            id=dataset.id,
            name=dataset.name,
            description=dataset.description,
            personal_data=dataset.personal_data,
            newest=None if newest is None else DatasetVersionView.of(newest),
            created_at=moment_of(dataset.created_ms),
            updated_at=moment_of(dataset.updated_ms),
        )


class ItemSourceView(BaseModel):
    """The origin of an item."""

    kind: str = ""
    trace_id: str = ""
    span_id: str = ""
    place: str = ""


class DatasetItemView(BaseModel):
    """An item of a version. `findings` are the kinds of personal data in it, by field."""

    id: str
    input: Any
    expected: Any = None
    context: list[str]
    metadata: dict[str, Any]
    split: str
    group: str
    source: ItemSourceView
    findings: list[str]

    @classmethod
    def of(cls, found: VersionItem) -> "DatasetItemView":
        return cls.of_item(found.item, found.findings)

    @classmethod
    def of_item(cls, item: DatasetItem, findings: tuple[str, ...] = ()) -> "DatasetItemView":
        fields = msgspec.structs.asdict(item)
        fields["context"] = list(item.context)
        fields["source"] = msgspec.structs.asdict(item.source)
        return cls(**fields, findings=list(findings))


class ItemDifferenceView(BaseModel):
    """An item that differs between two versions. `fields` are the names of what changed."""

    id: str
    fields: list[str]
    before: DatasetItemView | None
    after: DatasetItemView | None

    @classmethod
    def of(cls, found: ItemDifference) -> "ItemDifferenceView":
        before, after = found.before, found.after
        known = after or before
        return cls(
            id=known.id if known else "",
            fields=_changed_fields(before, after) if before and after else [],
            before=DatasetItemView.of_item(before) if before else None,
            after=DatasetItemView.of_item(after) if after else None,
        )


class ChangeCountsView(BaseModel):
    """The numbers of items by their change; `duplicates` were given more than once."""

    added: int
    changed: int
    removed: int
    unchanged: int
    duplicates: int

    @classmethod
    def of(cls, counts: ChangeCounts) -> "ChangeCountsView":
        return cls(
            added=counts.added,
            changed=counts.changed,
            removed=counts.removed,
            unchanged=counts.unchanged,
            duplicates=counts.duplicates,
        )


class CommittedChangeView(BaseModel):
    """The newest version after a change. `made`: whether the change made it; a change without a
    difference makes none."""

    made: bool
    version: DatasetVersionView
    counts: ChangeCountsView

    @classmethod
    def of(cls, committed: CommittedChange) -> "CommittedChangeView":
        return cls(
            made=committed.counts.makes_version,
            version=DatasetVersionView.of(committed.version),
            counts=ChangeCountsView.of(committed.counts),
        )


class DatasetDraftView(BaseModel):
    """A version that is not finished."""

    id: str
    parent: int
    removes_others: bool
    keeps_existing: bool

    @classmethod
    def of(cls, draft: DatasetDraft) -> "DatasetDraftView":
        return cls(
            id=draft.id,
            parent=draft.parent,
            removes_others=draft.removes_others,
            keeps_existing=draft.keeps_existing,
        )


def _changed_fields(before: DatasetItem, after: DatasetItem) -> list[str]:
    names = DatasetItem.__struct_fields__
    return [name for name in names if getattr(before, name) != getattr(after, name)]
