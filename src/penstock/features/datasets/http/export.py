"""`…/datasets/{name}/export`: the items of a version as a file."""

from typing import Annotated
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.datasets.http.datasets import PREFIX, TAGS
from penstock.features.datasets.model import ItemFilter
from penstock.features.datasets.service.reading import DatasetReader


class JsonLines(StreamingResponse):
    """A file with a JSON document in each line."""

    media_type = "application/jsonl"


def dataset_export_routes(require: RequirePermission, reader: DatasetReader) -> APIRouter:
    """Returns the route of files."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_read = Depends(require(Permission.DATASETS_READ))

    @router.get("/{name}/export", response_class=JsonLines)
    def export_dataset_items(
        access: Annotated[Access, may_read],
        name: str,
        *,
        version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
        split: Annotated[str | None, Query(max_length=200)] = None,
    ) -> JsonLines:
        """Returns the items of a version, by default the newest, as JSON lines. An import of them
        keeps their ids and origins."""
        _, found = reader.version(access.project_id, name, version)
        chosen = ItemFilter(split=split)
        items = reader.all_items(access.project_id, name, found.version, chosen)
        file = f"{name}-v{found.version}{f'-{split}' if split else ''}.jsonl"
        return JsonLines(
            (msgspec.json.encode(each.item) + b"\n" for each in items),
            headers={"content-disposition": f"attachment; filename*=UTF-8''{quote(file, safe='')}"},
        )

    return router
