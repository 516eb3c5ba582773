"""`…/datasets/{name}/changes` and `…/drafts`: new versions, in one request or in many."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.datasets.http.datasets import PREFIX, TAGS
from penstock.features.datasets.http.views import (
    ChangeCountsView,
    CommittedChangeView,
    DatasetDraftView,
)
from penstock.features.datasets.model import MAX_BATCH, MAX_TEXT_CHARS
from penstock.features.datasets.service.changes import DatasetChange, DatasetChanges
from penstock.infra.web.schemas import RequestBody
from penstock.rules.evaluation.items import (
    MAX_ID_CHARS,
    MAX_PLACE_CHARS,
    DatasetItem,
    ItemSource,
)

_Id = Annotated[str, Field(max_length=MAX_ID_CHARS)]
_Place = Annotated[str, Field(max_length=MAX_PLACE_CHARS)]
_Parent = Annotated[int, Field(ge=0, le=2**31 - 1)]
_Message = Annotated[str, Field(max_length=MAX_TEXT_CHARS)]


class ItemSourceBody(RequestBody):
    """The origin of an item; error messages name the `place`."""

    kind: _Place = ""
    trace_id: _Place = ""
    span_id: _Place = ""
    place: _Place = ""


class DatasetItemBody(RequestBody):
    """An item. Without an id it gets one from input, expected and context. An item with the id of a
    present one replaces it."""

    id: _Id = ""
    input: Any = None
    expected: Any = None
    context: Annotated[list[str], Field(default_factory=list[str])]
    metadata: Annotated[dict[str, Any], Field(default_factory=dict[str, Any])]
    split: _Id = ""
    group: _Id = ""
    source: ItemSourceBody = ItemSourceBody()

    def item(self) -> DatasetItem:
        """Returns the item; the service checks it."""
        return DatasetItem(
            id=self.id,
            input=self.input,
            expected=self.expected,
            context=tuple(self.context),
            metadata=self.metadata,
            split=self.split,
            group=self.group,
            source=ItemSource(**self.source.model_dump()),
        )


_Items = Annotated[list[DatasetItemBody], Field(max_length=MAX_BATCH)]


class ItemChangesBody(RequestBody):
    """Items to put and to remove: together one new version. `parent`: the version that the author
    saw; if it is another one now, the answer is 409 `dataset_changed`. `keeps_existing`: an item
    with the id of a present one changes nothing."""

    put: Annotated[_Items, Field(default_factory=list[DatasetItemBody])]
    remove: Annotated[list[_Id], Field(max_length=MAX_BATCH, default_factory=list[str])]
    parent: _Parent | None = None
    message: _Message = ""
    keeps_existing: bool = False


class NewDraftBody(RequestBody):
    """A draft of the version after `parent`. `removes_others`: items that the draft does not have
    are removed."""

    parent: _Parent | None = None
    removes_others: bool = False
    keeps_existing: bool = False


class DraftItemsBody(RequestBody):
    """Items for a draft."""

    items: _Items


class DraftCommitBody(RequestBody):
    """The end of a draft."""

    message: _Message = ""


def dataset_change_routes(require: RequirePermission, changes: DatasetChanges) -> APIRouter:
    """Returns the route of changes in one request."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_write = Depends(require(Permission.DATASETS_WRITE))

    @router.post("/{name}/changes")
    def change_dataset_items(
        access: Annotated[Access, may_write], name: str, body: ItemChangesBody
    ) -> CommittedChangeView:
        """Adds, changes and removes items: one new version, or none if nothing differs."""
        items = [each.item() for each in body.put]
        change = DatasetChange(
            items=() if body.keeps_existing else items,
            additions=items if body.keeps_existing else (),
            remove=body.remove,
            parent=body.parent,
            message=body.message,
        )
        return CommittedChangeView.of(
            changes.change(access.principal, access.project_id, name, change)
        )

    return router


def dataset_draft_routes(require: RequirePermission, changes: DatasetChanges) -> APIRouter:
    """Returns the routes of drafts: many requests that make one version."""
    router = APIRouter(prefix=PREFIX + "/{name}/drafts", tags=[*TAGS])
    may_write = Depends(require(Permission.DATASETS_WRITE))

    @router.post("", status_code=201)
    def start_dataset_draft(
        access: Annotated[Access, may_write], name: str, body: NewDraftBody
    ) -> DatasetDraftView:
        """Begins a draft. It expires after 24 hours without a change."""
        draft = changes.start(
            access.project_id,
            name,
            parent=body.parent,
            removes_others=body.removes_others,
            keeps_existing=body.keeps_existing,
        )
        return DatasetDraftView.of(draft)

    @router.get("/{draft_id}")
    def get_dataset_draft(
        access: Annotated[Access, may_write], name: str, draft_id: str
    ) -> ChangeCountsView:
        """Returns what the draft would do."""
        return ChangeCountsView.of(changes.counts(access.project_id, name, draft_id))

    @router.post("/{draft_id}/items")
    def put_draft_items(
        access: Annotated[Access, may_write], name: str, draft_id: str, body: DraftItemsBody
    ) -> ChangeCountsView:
        """Adds items to the draft, all or none. Returns what was done with these items."""
        placed = [(f"items.{at}", each.item()) for at, each in enumerate(body.items)]
        return ChangeCountsView.of(changes.put(access.project_id, name, draft_id, placed))

    @router.post("/{draft_id}/commit")
    def commit_dataset_draft(
        access: Annotated[Access, may_write], name: str, draft_id: str, body: DraftCommitBody
    ) -> CommittedChangeView:
        """Makes one version of the draft."""
        return CommittedChangeView.of(
            changes.commit(access.principal, access.project_id, name, draft_id, body.message)
        )

    @router.delete("/{draft_id}", status_code=204)
    def discard_dataset_draft(
        access: Annotated[Access, may_write], name: str, draft_id: str
    ) -> None:
        """Removes the draft."""
        changes.discard(access.project_id, name, draft_id)

    return router
