"""`…/datasets/{name}/splits`: how many items each split has, and another division."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.datasets.http.datasets import PREFIX, TAGS
from penstock.features.datasets.http.views import CommittedChangeView
from penstock.features.datasets.service.division import DatasetDivider, Division
from penstock.features.datasets.service.reading import DatasetReader
from penstock.infra.web.schemas import RequestBody
from penstock.rules.evaluation.near_duplicates import LEAST_SIMILARITY
from penstock.rules.evaluation.splits import MAX_SPLITS

_Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
_Name = Annotated[str, Field(max_length=63)]


class DivisionBody(RequestBody):
    """The share of each split, 1 together. Items whose inputs are at least as similar as
    `similarity` stay together, and those of a group. Another `seed` gives another division."""

    shares: Annotated[dict[_Name, _Share], Field(min_length=1, max_length=MAX_SPLITS)]
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    similarity: Annotated[float, Field(ge=0.1, le=1, allow_inf_nan=False)] = LEAST_SIMILARITY


class SplitView(BaseModel):
    """A split and the number of its items. The name is empty for items without a split."""

    name: str
    item_count: int


class SplitsView(BaseModel):
    """The splits of a version by name."""

    items: list[SplitView]


def dataset_split_routes(
    require: RequirePermission, reader: DatasetReader, divider: DatasetDivider
) -> APIRouter:
    """Returns the routes of splits."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_read = Depends(require(Permission.DATASETS_READ))
    may_write = Depends(require(Permission.DATASETS_WRITE))

    @router.get("/{name}/splits")
    def list_dataset_splits(
        access: Annotated[Access, may_read],
        name: str,
        version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    ) -> SplitsView:
        """Lists the splits of a version, by default the newest."""
        found = reader.splits(access.project_id, name, version)
        return SplitsView(
            items=[SplitView(name=split, item_count=count) for split, count in found.items()]
        )

    @router.post("/{name}/splits")
    def divide_dataset(
        access: Annotated[Access, may_write], name: str, body: DivisionBody
    ) -> CommittedChangeView:
        """Divides the items over splits: one new version, or none if all stay where they are. It
        takes about a millisecond for each item."""
        division = Division(body.shares, body.seed, body.similarity)
        return CommittedChangeView.of(
            divider.divide(access.principal, access.project_id, name, division)
        )

    return router
