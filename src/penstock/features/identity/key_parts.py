"""The keys of a project as documents of the snapshot, in memory: a change renews few of them."""

from collections.abc import Iterable, Sequence

from penstock.rules.document import Document
from penstock.rules.snapshot.access import (
    ACCESS,
    KeyEntry,
    ProjectPolicy,
    ProjectSection,
    prefix_digits,
)


class KeyParts:
    """Splits keys as `access_documents` does. Documents that are not changed stay the same objects,
    so that nothing is compiled again."""

    def __init__(self, project_id: str) -> None:
        self.project_id = project_id
        self._policy = ProjectPolicy()
        self._entries: dict[str, Sequence[KeyEntry]] = {}  # by key id
        self._entry_count = 0
        self._digits = 0
        self._members: dict[str, set[str]] = {}  # key ids by prefix of a digest
        self._documents: dict[str, Document] = {}  # by prefix

    def replace(self, key_id: str, entries: Sequence[KeyEntry]) -> None:
        """Replaces the entries of a key; none if it was revoked."""
        before = self._entries.pop(key_id, ())
        for entry in before:
            self._remove_member(key_id, entry.digest[: self._digits])
        if entries:
            self._entries[key_id] = entries
        self._entry_count += len(entries) - len(before)
        self._add_members(key_id, entries)
        for entry in (*before, *entries):
            self._documents.pop(entry.digest[: self._digits], None)

    def documents(self, policy: ProjectPolicy) -> dict[str, Document]:
        """Returns the documents by section name."""
        if (digits := prefix_digits(self._entry_count)) != self._digits:
            self._split(digits)
        if policy != self._policy:
            self._policy = policy
            self._documents.clear()
        for prefix in self._members if digits else ("",):
            if prefix not in self._documents:
                self._documents[prefix] = self._document(prefix)
        return {
            ACCESS.name(self.project_id, prefix): document
            for prefix, document in self._documents.items()
        }

    def entries(self) -> Iterable[KeyEntry]:
        """Returns all entries by key id."""
        return [entry for key_id in sorted(self._entries) for entry in self._entries[key_id]]

    def _split(self, digits: int) -> None:
        self._digits = digits
        self._members = {}
        self._documents.clear()
        for key_id, entries in self._entries.items():
            self._add_members(key_id, entries)

    def _remove_member(self, key_id: str, prefix: str) -> None:
        if members := self._members.get(prefix):
            members.discard(key_id)
            if not members:
                del self._members[prefix]

    def _add_members(self, key_id: str, entries: Sequence[KeyEntry]) -> None:
        for entry in entries:
            self._members.setdefault(entry.digest[: self._digits], set()).add(key_id)

    def _document(self, prefix: str) -> ProjectSection:
        keys = tuple(
            entry
            for key_id in sorted(self._members.get(prefix, ()))
            for entry in self._entries[key_id]
            if entry.digest.startswith(prefix)
        )
        return ProjectSection(self.project_id, keys, self._policy)
