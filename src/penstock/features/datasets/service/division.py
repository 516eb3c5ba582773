"""Divides the items of a dataset over splits, as one new version."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import Final

from msgspec.structs import replace

from penstock.features.access import Principal
from penstock.features.datasets.model import CommittedChange
from penstock.features.datasets.service.changes import DatasetChanges
from penstock.features.datasets.service.reading import DatasetReader
from penstock.kernel.errors import InvalidRequest, Overloaded
from penstock.rules.evaluation.item_groups import ItemGroups
from penstock.rules.evaluation.items import DatasetItem
from penstock.rules.evaluation.splits import check_shares, split_of

MAX_DIVIDED: Final = 20_000  # items; it takes about a millisecond for each of them
_PUT_AT_ONCE: Final = 500  # items of one transaction


@dataclass(frozen=True, slots=True)
class Division:
    """A division of items. `shares`: by split, 1 together. Inputs that are at least so similar
    (0 to 1) stay together. Another `seed` gives another division."""

    shares: Mapping[str, float]
    seed: int
    similarity: float

    @property
    def message(self) -> str:
        """Returns what a version says of it."""
        parts = ", ".join(f"{name}={share:g}" for name, share in self.shares.items())
        return f"Splits {parts}, seed {self.seed}"


class DatasetDivider:
    """Divides datasets, one after the other."""

    def __init__(self, reader: DatasetReader, changes: DatasetChanges) -> None:
        self._reader = reader
        self._changes = changes
        self._lock = Lock()

    def divide(
        self, actor: Principal, project_id: str, name: str, division: Division
    ) -> CommittedChange:
        """Divides the items of the newest version; groups and near-duplicates stay together.
        Raises `InvalidRequest` for shares that are not valid and for too many items, `Overloaded`
        while another dataset is divided."""
        check_shares(division.shares)
        version = self._reader.version(project_id, name)[1]
        if version.item_count > MAX_DIVIDED:
            raise InvalidRequest(
                f"The server divides at most {MAX_DIVIDED:,} items.",
                hint=f"Use the command line: penstock dataset split {name} --share test=0.2 …",
                code="dataset_too_large",
            )
        if not self._lock.acquire(blocking=False):
            raise Overloaded("Another dataset is being divided.", hint="Try again in a minute.")
        try:
            return self._divide(actor, project_id, name, version.version, division)
        finally:
            self._lock.release()

    def _divide(
        self, actor: Principal, project_id: str, name: str, version: int, division: Division
    ) -> CommittedChange:
        moved = self._moved(project_id, name, version, division)
        draft = self._changes.start(project_id, name, parent=version)
        try:
            while batch := list(islice(moved, _PUT_AT_ONCE)):
                placed = [(f"items.{at}", item) for at, item in enumerate(batch)]
                self._changes.put(project_id, name, draft.id, placed)
            return self._changes.commit(actor, project_id, name, draft.id, division.message)
        except BaseException:
            self._changes.discard(project_id, name, draft.id)
            raise

    def _moved(
        self, project_id: str, name: str, version: int, division: Division
    ) -> Iterator[DatasetItem]:
        """Yields the items whose split becomes another one. Reads all twice: they may be large."""

        def items() -> Iterator[DatasetItem]:
            return (each.item for each in self._reader.all_items(project_id, name, version))

        groups = ItemGroups.of(items(), division.similarity)
        for number, item in enumerate(items()):
            split = split_of(groups.key(number), division.shares, division.seed)
            if split != item.split:
                yield replace(item, split=split)
