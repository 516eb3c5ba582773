"""`/api/v1/projects/{project_id}/datasets`: datasets and their versions."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.datasets.http.views import DatasetVersionView, DatasetView
from penstock.features.datasets.model import MAX_TEXT_CHARS, PersonalDataPolicy
from penstock.features.datasets.service.datasets import DatasetService
from penstock.features.datasets.service.reading import DatasetReader
from penstock.infra.web.pages import (
    Cursor,
    Limit,
    Page,
    decode_cursor,
    decode_position,
    page_of,
)
from penstock.infra.web.schemas import RequestBody

PREFIX = "/api/v1/projects/{project_id}/datasets"
TAGS = ("datasets",)
_Text = Annotated[str, Field(max_length=MAX_TEXT_CHARS)]


class NewDatasetBody(RequestBody):
    """A dataset to add. `personal_data`: what happens to items with personal data."""

    name: Annotated[str, Field(max_length=63)]
    description: _Text = ""
    personal_data: PersonalDataPolicy = PersonalDataPolicy.FLAG


class DatasetChangeBody(RequestBody):
    """A change of a dataset; its items change by versions."""

    description: _Text | None = None
    personal_data: PersonalDataPolicy | None = None


def dataset_routes(
    require: RequirePermission, datasets: DatasetService, reader: DatasetReader
) -> APIRouter:
    """Returns the routes that read."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_read = Depends(require(Permission.DATASETS_READ))

    @router.get("")
    def list_datasets(
        access: Annotated[Access, may_read], cursor: Cursor = "", limit: Limit = 100
    ) -> Page[DatasetView]:
        """Lists the datasets of the project by name, each with its newest version."""
        found = datasets.list_page(access.project_id, decode_cursor(cursor), limit + 1)
        return page_of(found, limit, lambda each: DatasetView.of(*each), lambda each: each[0].name)

    @router.get("/{name}")
    def get_dataset(access: Annotated[Access, may_read], name: str) -> DatasetView:
        """Returns a dataset."""
        return DatasetView.of(*datasets.get(access.project_id, name))

    @router.get("/{name}/versions")
    def list_dataset_versions(
        access: Annotated[Access, may_read], name: str, cursor: Cursor = "", limit: Limit = 100
    ) -> Page[DatasetVersionView]:
        """Lists the versions of a dataset, newest first."""
        before = decode_position(cursor)
        found = reader.versions(access.project_id, name, before, limit + 1)
        return page_of(found, limit, DatasetVersionView.of, lambda each: str(each.version))

    return router


def dataset_write_routes(require: RequirePermission, datasets: DatasetService) -> APIRouter:
    """Returns the routes that change datasets, apart from their items."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_write = Depends(require(Permission.DATASETS_WRITE))

    @router.post("", status_code=201)
    def add_dataset(access: Annotated[Access, may_write], body: NewDatasetBody) -> DatasetView:
        """Adds a dataset without items."""
        added = datasets.add(
            access.principal,
            access.project_id,
            body.name,
            description=body.description,
            personal_data=body.personal_data,
        )
        return DatasetView.of(added, None)

    @router.patch("/{name}")
    def change_dataset(
        access: Annotated[Access, may_write], name: str, body: DatasetChangeBody
    ) -> DatasetView:
        """Changes the description, or what happens to items with personal data."""
        datasets.describe(
            access.principal,
            access.project_id,
            name,
            description=body.description,
            personal_data=body.personal_data,
        )
        return DatasetView.of(*datasets.get(access.project_id, name))

    @router.delete("/{name}", status_code=204)
    def remove_dataset(access: Annotated[Access, may_write], name: str) -> None:
        """Removes a dataset with all its versions."""
        datasets.remove(access.principal, access.project_id, name)

    return router
