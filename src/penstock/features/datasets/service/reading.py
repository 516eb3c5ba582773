"""Reads versions of datasets: for the API, and for evaluations."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from penstock.features.context import Context
from penstock.features.datasets.model import (
    Dataset,
    DatasetVersion,
    ItemDifference,
    ItemFilter,
    ItemPage,
    VersionItem,
)
from penstock.features.datasets.service.datasets import get_dataset, get_version
from penstock.features.datasets.store import datasets as store
from penstock.features.datasets.store import items as item_store
from penstock.kernel.errors import InvalidRequest

_READ_AT_ONCE: Final = 500  # items in memory while all are read


class DatasetReader:
    """The versions of datasets and their items. Methods raise `NotFound` for a name or a version
    that does not exist; `version` of `None` is the newest one."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def version(
        self, project_id: str, name: str, version: int | None = None
    ) -> tuple[Dataset, DatasetVersion]:
        """Returns a dataset and one of its versions."""
        with self._context.database.read() as connection:
            dataset = get_dataset(connection, project_id, name)
            return dataset, get_version(connection, dataset, version)

    def versions(
        self, project_id: str, name: str, before: int | None, limit: int
    ) -> list[DatasetVersion]:
        """Returns versions, newest first."""
        with self._context.database.read() as connection:
            dataset = get_dataset(connection, project_id, name)
            return store.list_versions(connection, dataset.id, before, limit)

    def items(
        self,
        project_id: str,
        name: str,
        version: int | None = None,
        *,
        after: int = 0,
        limit: int = 100,
        chosen: ItemFilter | None = None,
    ) -> ItemPage:
        """Returns up to `limit` items of a version in order. Begins after a position: 0, or `after`
        of the page before. A page ends early when its items are large."""
        with self._context.database.read() as connection:
            dataset = get_dataset(connection, project_id, name)
            found = get_version(connection, dataset, version)
            wanted = chosen or ItemFilter()
            return item_store.read_page(
                connection, dataset.id, found.version, wanted, after=after, limit=limit
            )

    def items_by_id(
        self, project_id: str, name: str, version: int | None, ids: Collection[str]
    ) -> Sequence[VersionItem]:
        """Returns those of the named items that are in a version and fit into one page, in
        order."""
        chosen = ItemFilter(ids=tuple(ids))
        page = self.items(project_id, name, version, limit=max(1, len(ids)), chosen=chosen)
        return page.items if ids else ()

    def all_items(
        self, project_id: str, name: str, version: int | None, chosen: ItemFilter | None = None
    ) -> Iterator[VersionItem]:
        """Yields the items of a version in order, page by page: memory does not grow with it."""
        after: int | None = 0
        while after is not None:
            page = self.items(
                project_id, name, version, after=after, limit=_READ_AT_ONCE, chosen=chosen
            )
            yield from page.items
            after = page.after

    def splits(self, project_id: str, name: str, version: int | None) -> dict[str, int]:
        """Returns the number of items of each split of a version; "" is none."""
        with self._context.database.read() as connection:
            dataset = get_dataset(connection, project_id, name)
            found = get_version(connection, dataset, version)
            return item_store.count_splits(connection, dataset.id, found.version)

    def difference(
        self, project_id: str, name: str, versions: tuple[int, int], after: int, limit: int
    ) -> tuple[list[ItemDifference], int | None]:
        """Returns what differs between an older and a newer version (0: no items), and where the
        next page begins. Raises `InvalidRequest` for versions in the wrong order."""
        older, newer = versions
        if older > newer:
            raise InvalidRequest(
                f"Version {older} is newer than {newer}.", hint="Exchange them.", param="from"
            )
        with self._context.database.read() as connection:
            dataset = get_dataset(connection, project_id, name)
            for version in versions:
                if version:
                    get_version(connection, dataset, version)
            return item_store.read_difference(connection, dataset.id, versions, after, limit)
