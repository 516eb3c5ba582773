"""All keys of a snapshot by digest. A change of a few sections reads only those."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self

from penstock.infra.crypto import HASHED
from penstock.rules.snapshot.access import ACCESS, AccessIndex, KeyContext


class KeyTable(NamedTuple):
    """`has_hashed`: some keys were imported, and only their hashes are known."""

    keys: Mapping[str, KeyContext]
    has_hashed: bool

    @classmethod
    def of(cls, parts: Mapping[str, object]) -> Self:
        """Returns the keys of all sections."""
        keys: dict[str, KeyContext] = {}
        for _, index in ACCESS.all(parts):
            keys |= index.keys
        return cls(keys, _has_hashed(keys))

    def changed(
        self, before: Mapping[str, object], after: Mapping[str, object], names: Iterable[str]
    ) -> "KeyTable":
        """Returns the keys after the sections of these names have changed."""
        keys, names = dict(self.keys), tuple(names)
        for index in _indexes(before, names):
            for digest in index.keys:
                keys.pop(digest, None)
        has_hashed = self.has_hashed
        for index in _indexes(after, names):
            keys |= index.keys
            has_hashed = has_hashed or _has_hashed(index.keys)
        return KeyTable(keys, has_hashed)


def _indexes(parts: Mapping[str, object], names: Iterable[str]) -> list[AccessIndex]:
    found = [parts.get(name) for name in names]
    return [part for part in found if isinstance(part, AccessIndex)]


def _has_hashed(keys: Iterable[str]) -> bool:
    return any(digest.endswith(HASHED) for digest in keys)
