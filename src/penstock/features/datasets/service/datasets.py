"""Datasets: added, described and removed. Their items change by versions (`changes.py`)."""

from dataclasses import replace

from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.datasets.model import (
    MAX_DATASETS,
    Dataset,
    DatasetVersion,
    PersonalDataPolicy,
    check_dataset,
)
from penstock.features.datasets.store import datasets as store
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound


class DatasetService:
    """The datasets of projects."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list_page(
        self, project_id: str, after: str, limit: int
    ) -> list[tuple[Dataset, DatasetVersion | None]]:
        """Returns datasets by name, each with its newest version."""
        with self._context.database.read() as connection:
            return store.list_datasets(connection, project_id, after, limit)

    def get(self, project_id: str, name: str) -> tuple[Dataset, DatasetVersion | None]:
        """Returns a dataset with its newest version. Raises `NotFound`."""
        with self._context.database.read() as connection:
            dataset = get_dataset(connection, project_id, name)
            return dataset, store.find_version(connection, dataset.id, dataset.version)

    def add(
        self,
        actor: Principal,
        project_id: str,
        name: str,
        *,
        description: str = "",
        personal_data: PersonalDataPolicy = PersonalDataPolicy.FLAG,
    ) -> Dataset:
        """Adds a dataset without a version. Raises `InvalidRequest`, and `Conflict` for a name that
        is taken."""
        check_dataset(name, description)
        now = self._context.now_ms()
        added = Dataset(
            id=self._context.new_id("ds"),
            project_id=project_id,
            name=name,
            description=description,
            personal_data=personal_data,
            version=0,
            positions=0,
            created_ms=now,
            updated_ms=now,
        )
        with self._context.database.write() as tx:
            if store.find_dataset(tx.connection, project_id, name) is not None:
                raise Conflict(
                    f"This project has a dataset {name!r} already.",
                    hint="Add items to it, or choose another name.",
                    code="dataset_exists",
                    param="name",
                )
            if store.count_datasets(tx.connection, project_id) >= MAX_DATASETS:
                raise InvalidRequest(f"A project has at most {MAX_DATASETS:,} datasets.")
            store.add_dataset(tx.connection, added)
            self._context.audit_log.append(
                tx, actor, project_id, "dataset.add", name, after=_audit_fields(added)
            )
        return added

    def describe(
        self,
        actor: Principal,
        project_id: str,
        name: str,
        *,
        description: str | None,
        personal_data: PersonalDataPolicy | None,
    ) -> None:
        """Changes what is given. Raises `NotFound`, `InvalidRequest`."""
        with self._context.database.write() as tx:
            before = get_dataset(tx.connection, project_id, name, lock=True)
            after = replace(
                before,
                description=before.description if description is None else description,
                personal_data=personal_data or before.personal_data,
                updated_ms=self._context.now_ms(),
            )
            check_dataset(after.name, after.description)
            store.save_dataset(tx.connection, after)
            self._context.audit_log.append(
                tx,
                actor,
                project_id,
                "dataset.change",
                name,
                before=_audit_fields(before),
                after=_audit_fields(after),
            )

    def remove(self, actor: Principal, project_id: str, name: str) -> None:
        """Removes a dataset with all its versions. Raises `NotFound`."""
        with self._context.database.write() as tx:
            before = get_dataset(tx.connection, project_id, name, lock=True)
            store.remove_dataset(tx.connection, before.id)
            self._context.audit_log.append(
                tx, actor, project_id, "dataset.remove", name, before=_audit_fields(before)
            )


def get_dataset(
    connection: Connection, project_id: str, name: str, *, lock: bool = False
) -> Dataset:
    """Returns a dataset. Raises `NotFound`."""
    if found := store.find_dataset(connection, project_id, name, lock=lock):
        return found
    raise NotFound(
        f"This project has no dataset {name[:63]!r}.",
        hint="List them: penstock dataset list",
        code="dataset_not_found",
    )


def get_version(connection: Connection, dataset: Dataset, version: int | None) -> DatasetVersion:
    """Returns a version, the newest one for `None`. Raises `NotFound`."""
    wanted = dataset.version if version is None else version
    if found := store.find_version(connection, dataset.id, wanted):
        return found
    raise NotFound(
        f"The dataset {dataset.name!r} has no version {wanted}."
        if dataset.version
        else f"The dataset {dataset.name!r} has no items yet.",
        hint=f"Its newest version is {dataset.version}."
        if dataset.version
        else "Add some: penstock dataset import",
        code="dataset_version_not_found",
    )


def _audit_fields(dataset: Dataset) -> dict[str, object]:
    return {
        "id": dataset.id,
        "description": dataset.description,
        "personal_data": dataset.personal_data.value,
        "version": dataset.version,
    }
