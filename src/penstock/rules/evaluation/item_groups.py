"""The items of a dataset that belong together: near-duplicates, and those with the same group."""

from collections.abc import Iterable

import msgspec

from penstock.rules.evaluation.items import DatasetItem
from penstock.rules.evaluation.near_duplicates import NearDuplicates


class ItemGroups:
    """The groups of items, which are added in order. It takes about a millisecond for each item."""

    def __init__(self, similarity: float) -> None:
        self._near = NearDuplicates(similarity)
        self._ids = list[str]()
        self._named = dict[str, int]()

    @classmethod
    def of(cls, items: Iterable[DatasetItem], similarity: float) -> "ItemGroups":
        """Returns the groups of items whose inputs are so similar (0 to 1)."""
        groups = cls(similarity)
        for item in items:
            groups.add(item)
        return groups

    def add(self, item: DatasetItem) -> None:
        """Adds the next item."""
        number = self._near.add(text_of_input(item))
        self._ids.append(item.id)
        if item.group:
            self._near.join(number, self._named.setdefault(item.group, number))

    def key(self, number: int) -> str:
        """Returns the id of the first item of the group of an item, by its number in order."""
        return self._ids[self._near.group(number)]


def text_of_input(item: DatasetItem) -> str:
    """Returns the input as a text, for comparing."""
    return item.input if isinstance(item.input, str) else msgspec.json.encode(item.input).decode()
