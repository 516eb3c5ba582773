"""All keys of a snapshot by digest. A change of a few sections reads only those."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

from penstock.infra.crypto import HASHED
from penstock.rules.snapshot.access import ACCESS, AccessIndex, KeyContext

MAX_CHANGES: Final = 1_000  # beside the whole table; more are written into a new one

Keys = Mapping[str, KeyContext]


@dataclass(frozen=True, slots=True)
class KeyTable:
    """A table that is never changed, and what has changed since it was made: to copy 100,000 keys
    takes 4 to 15 ms, in which a worker does nothing else. `has_hashed`: some keys were
    imported, and only their hashes are known."""

    _whole: Keys
    _changes: Mapping[str, KeyContext | None]  # None: the key is gone
    has_hashed: bool

    @classmethod
    def of(cls, parts: Mapping[str, object]) -> Self:
        """Returns the keys of all sections."""
        keys: dict[str, KeyContext] = {}
        for _, index in ACCESS.all(parts):
            keys |= index.keys
        return cls(keys, {}, _has_hashed(keys))

    def get(self, digest: str) -> KeyContext | None:
        """Returns the key with this digest."""
        if digest in self._changes:
            return self._changes[digest]
        return self._whole.get(digest)

    def all(self) -> Iterator[tuple[str, KeyContext]]:
        """Yields all digests and keys."""
        for digest, context in self._whole.items():
            if digest not in self._changes:
                yield digest, context
        for digest, changed in self._changes.items():
            if changed is not None:
                yield digest, changed

    def changed(
        self, before: Mapping[str, object], after: Mapping[str, object], names: Iterable[str]
    ) -> "KeyTable":
        """Returns the keys after the sections of these names have changed."""
        names = tuple(names)
        old, new = _keys(before, names), _keys(after, names)
        changes = dict(self._changes)
        changes |= dict.fromkeys(old.keys() - new.keys())
        changes |= {digest: key for digest, key in new.items() if old.get(digest) != key}
        table = KeyTable(self._whole, changes, self.has_hashed or _has_hashed(new))
        return table if len(changes) <= MAX_CHANGES else table._merged()

    def _merged(self) -> "KeyTable":
        return KeyTable(dict(self.all()), {}, self.has_hashed)


def _keys(parts: Mapping[str, object], names: Iterable[str]) -> dict[str, KeyContext]:
    keys: dict[str, KeyContext] = {}
    for name in names:
        if isinstance(part := parts.get(name), AccessIndex):
            keys |= part.keys
    return keys


def _has_hashed(keys: Iterable[str]) -> bool:
    return any(digest.endswith(HASHED) for digest in keys)
