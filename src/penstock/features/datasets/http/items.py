"""`/api/v1/projects/{project_id}/datasets/{name}/items` and `/diff`: what versions have."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.datasets.http.datasets import PREFIX, TAGS
from penstock.features.datasets.http.views import DatasetItemView, ItemDifferenceView
from penstock.features.datasets.model import ItemFilter
from penstock.features.datasets.service.reading import DatasetReader
from penstock.infra.web.pages import Cursor, Limit, Page, decode_position, encode_cursor

_Version = Annotated[int, Query(ge=0, le=2**31 - 1)]
_Id = Annotated[str, Query(max_length=200)]


def dataset_item_routes(require: RequirePermission, reader: DatasetReader) -> APIRouter:
    """Returns the routes that read items."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_read = Depends(require(Permission.DATASETS_READ))

    @router.get("/{name}/items")
    def list_dataset_items(
        access: Annotated[Access, may_read],
        name: str,
        *,
        version: _Version | None = None,
        item_id: Annotated[list[_Id] | None, Query(alias="id", max_length=500)] = None,
        split: _Id | None = None,
        q: Annotated[str, Query(max_length=400, description="A text in the item.")] = "",
        cursor: Cursor = "",
        limit: Limit = 100,
    ) -> Page[DatasetItemView]:
        """Lists the items of a version, by default the newest, in the order they were added. A page
        may have fewer items than `limit` if they are large."""
        chosen = ItemFilter(ids=tuple(item_id or ()), split=split, text=q)
        page = reader.items(
            access.project_id,
            name,
            version,
            after=decode_position(cursor) or 0,
            limit=limit,
            chosen=chosen,
        )
        return Page(
            items=[DatasetItemView.of(each) for each in page.items],
            next_cursor=None if page.after is None else encode_cursor(str(page.after)),
        )

    @router.get("/{name}/diff")
    def diff_dataset_versions(
        access: Annotated[Access, may_read],
        name: str,
        *,
        older: Annotated[_Version, Query(alias="from")],
        newer: Annotated[_Version, Query(alias="to")],
        cursor: Cursor = "",
        limit: Limit = 100,
    ) -> Page[ItemDifferenceView]:
        """Lists what differs between two versions. Version 0 has no items."""
        found, after = reader.difference(
            access.project_id, name, (older, newer), decode_position(cursor) or 0, limit
        )
        return Page(
            items=[ItemDifferenceView.of(each) for each in found],
            next_cursor=None if after is None else encode_cursor(str(after)),
        )

    return router
