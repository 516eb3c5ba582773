"""Rows of datasets and of their versions. Functions take a connection and return values."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from penstock.features.datasets.model import Dataset, DatasetVersion, PersonalDataPolicy
from penstock.features.datasets.store.tables import (
    DATASETS,
    DRAFT_ITEMS,
    DRAFTS,
    ITEMS,
    RULES,
    VERSIONS,
)


def add_dataset(connection: Connection, dataset: Dataset) -> None:
    """Stores a new dataset."""
    connection.execute(insert(DATASETS).values(asdict(dataset)))


def save_dataset(connection: Connection, dataset: Dataset) -> None:
    """Stores a changed dataset."""
    connection.execute(update(DATASETS).where(DATASETS.c.id == dataset.id).values(asdict(dataset)))


def find_dataset(
    connection: Connection, project_id: str, name: str, *, lock: bool = False
) -> Dataset | None:
    """Returns a dataset. With `lock`, other writers of it wait until this transaction ends."""
    query = select(DATASETS).where(DATASETS.c.project_id == project_id, DATASETS.c.name == name)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _dataset(row)


def list_datasets(
    connection: Connection, project_id: str, after: str, limit: int
) -> list[tuple[Dataset, DatasetVersion | None]]:
    """Returns datasets by name, each with its newest version."""
    newest = (VERSIONS.c.dataset_id == DATASETS.c.id) & (VERSIONS.c.version == DATASETS.c.version)
    query = select(DATASETS).where(DATASETS.c.project_id == project_id, DATASETS.c.name > after)
    rows = connection.execute(query.order_by(DATASETS.c.name).limit(limit)).all()
    found = [_dataset(row) for row in rows]
    versions = connection.execute(
        select(VERSIONS).join(DATASETS, newest).where(DATASETS.c.id.in_([d.id for d in found]))
    )
    by_id = {row.dataset_id: DatasetVersion(*row) for row in versions}
    return [(dataset, by_id.get(dataset.id)) for dataset in found]


def count_datasets(connection: Connection, project_id: str) -> int:
    """Returns how many datasets a project has."""
    query = select(func.count()).select_from(DATASETS).where(DATASETS.c.project_id == project_id)
    return connection.execute(query).scalar_one()


def remove_dataset(connection: Connection, dataset_id: str) -> None:
    """Deletes a dataset with everything in it."""
    drafts = select(DRAFTS.c.id).where(DRAFTS.c.dataset_id == dataset_id)
    connection.execute(delete(DRAFT_ITEMS).where(DRAFT_ITEMS.c.draft_id.in_(drafts)))
    for table in (RULES, DRAFTS, ITEMS, VERSIONS):
        connection.execute(delete(table).where(table.c.dataset_id == dataset_id))
    connection.execute(delete(DATASETS).where(DATASETS.c.id == dataset_id))


def add_version(connection: Connection, version: DatasetVersion) -> None:
    """Stores a version."""
    connection.execute(insert(VERSIONS).values(asdict(version)))


def find_version(connection: Connection, dataset_id: str, version: int) -> DatasetVersion | None:
    """Returns a version, if it exists."""
    query = select(VERSIONS).where(
        VERSIONS.c.dataset_id == dataset_id, VERSIONS.c.version == version
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else DatasetVersion(*row)


def list_versions(
    connection: Connection, dataset_id: str, before: int | None, limit: int
) -> list[DatasetVersion]:
    """Returns versions, newest first."""
    query = select(VERSIONS).where(VERSIONS.c.dataset_id == dataset_id)
    if before is not None:
        query = query.where(VERSIONS.c.version < before)
    rows = connection.execute(query.order_by(VERSIONS.c.version.desc()).limit(limit))
    return [DatasetVersion(*row) for row in rows]


def _dataset(row: Row[*tuple[Any, ...]]) -> Dataset:
    return Dataset(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        description=row.description,
        personal_data=PersonalDataPolicy(row.personal_data),
        version=row.version,
        positions=row.positions,
        created_ms=row.created_ms,
        updated_ms=row.updated_ms,
    )
