"""The keys of a project as documents of the snapshot, in memory: a change renews few of them.

A part with too many keys is split in two by the next bit of their digests, and two that have few
are one again. So a change renews one part or two, whatever the number of keys, and the parts depend
on the keys only, not on the order of the changes.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from penstock.rules.document import Document
from penstock.rules.snapshot.access import (
    ACCESS,
    KEYS_PER_SECTION,
    KeyEntry,
    ProjectPolicy,
    ProjectSection,
)

_DIGITS: Final = 16  # of a digest, in hex, by which keys are split
_BITS: Final = 4 * _DIGITS

# The entries of a part: key id, and the place among the entries of that key.
Members = dict[tuple[str, int], KeyEntry]


class KeyParts:
    """The parts of a project by the first bits of their digests, as text. Documents that are not
    changed stay the same objects, so that nothing is compiled again."""

    def __init__(self, project_id: str) -> None:
        self.project_id = project_id
        self._policy = ProjectPolicy()
        self._entries: dict[str, Sequence[KeyEntry]] = {}  # by key id
        self._members: dict[str, Members] = {"": {}}  # by part
        self._documents: dict[str, Document] = {}  # by part

    def replace(self, key_id: str, entries: Sequence[KeyEntry]) -> None:
        """Replaces the entries of a key; none if it was revoked."""
        for place, entry in enumerate(self._entries.pop(key_id, ())):
            part = self._part(entry)
            del self._members[part][key_id, place]
            self._documents.pop(part, None)
            self._merge(part)
        if entries:
            self._entries[key_id] = entries
        for place, entry in enumerate(entries):
            part = self._part(entry)
            self._members[part][key_id, place] = entry
            self._documents.pop(part, None)
            self._split(part)

    def documents(self, policy: ProjectPolicy) -> dict[str, Document]:
        """Returns the documents by section name."""
        if policy != self._policy:
            self._policy = policy
            self._documents.clear()
        for part in self._members.keys() - self._documents.keys():
            self._documents[part] = self._document(part)
        return {
            ACCESS.name(self.project_id, part): document
            for part, document in self._documents.items()
        }

    def entries(self) -> Iterable[KeyEntry]:
        """Returns all entries by key id."""
        return [entry for key_id in sorted(self._entries) for entry in self._entries[key_id]]

    def _part(self, entry: KeyEntry) -> str:
        bits = _bits(entry)
        return next(bits[:count] for count in range(_BITS + 1) if bits[:count] in self._members)

    def _split(self, part: str) -> None:
        """Splits a part until none has too many entries."""
        members = self._members[part]
        if len(members) <= KEYS_PER_SECTION or len(part) == _BITS:
            return
        del self._members[part]
        halves: dict[str, Members] = {part + "0": {}, part + "1": {}}
        for at, entry in members.items():
            halves[_bits(entry)[: len(part) + 1]][at] = entry
        self._members |= halves
        for half in halves:
            self._split(half)

    def _merge(self, part: str) -> None:
        """Merges a part with its other half as long as both have few entries."""
        while part:
            other = part[:-1] + ("1" if part[-1] == "0" else "0")
            if other not in self._members:
                return
            both = self._members[part] | self._members[other]
            if len(both) > KEYS_PER_SECTION:
                return
            for half in (part, other):
                del self._members[half]
                self._documents.pop(half, None)
            part = part[:-1]
            self._members[part] = both

    def _document(self, part: str) -> ProjectSection:
        members = self._members[part]
        keys = tuple(members[at] for at in sorted(members))
        return ProjectSection(self.project_id, keys, self._policy)


def _bits(entry: KeyEntry) -> str:
    """Returns the first bits of the digest of an entry."""
    return f"{int(entry.digest[:_DIGITS], 16):0{_BITS}b}"
