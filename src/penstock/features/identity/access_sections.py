"""The snapshot sections of identity: keys and policy, one section per project.

They depend on the stored rows only, not on the time: expired keys stay until they are revoked or
rotated, and the gateway checks the expiry itself. The keys are kept in memory; every change of one
has an audit event in the same transaction, which says what to read again.
"""

import threading
from collections.abc import Iterable

from sqlalchemy import Connection

from penstock.features.identity.key_parts import KeyParts
from penstock.features.identity.store import projects
from penstock.features.identity.store.entries import changed_keys, heads_of_chains, list_entries
from penstock.infra.sql import Database
from penstock.rules.document import Document
from penstock.rules.snapshot.access import KeyEntry, ProjectSection


class AccessSections:
    """Reads the sections `<project_id>/access` of the snapshot. For several threads."""

    def __init__(self, database: Database, pepper: bytes) -> None:
        self._database = database
        self.pepper = pepper.hex()
        self._lock = threading.Lock()
        self._parts: dict[str, KeyParts] = {}  # by project
        self._heads: dict[str, int] | None = None  # audit events that were read, by project

    def documents(self) -> dict[str, Document]:
        """Returns the sections by name."""
        documents: dict[str, Document] = {}
        with self._lock, self._database.read() as connection:
            self._follow(connection)
            for project in projects.list_all(connection):
                documents.update(self._of(project.id).documents(project.policy))
        return documents

    def secrets(self) -> dict[str, str]:
        """Returns no secrets: keys are stored as digests."""
        return {}

    def __call__(self) -> tuple[ProjectSection, ...]:
        """Returns one section per project, by id. A key in rotation has one entry per secret."""
        with self._lock, self._database.read() as connection:
            self._follow(connection)
            return tuple(
                ProjectSection(project.id, tuple(self._of(project.id).entries()), project.policy)
                for project in projects.list_all(connection)
            )

    def _follow(self, connection: Connection) -> None:
        """Reads the keys that have changed since the last time; the first time all."""
        heads = heads_of_chains(connection)
        if self._heads is None:
            self._replace(list_entries(connection), ())
        else:
            seen = {project_id: self._heads.get(project_id, 0) for project_id in heads}
            changed = changed_keys(
                connection, {id_: at for id_, at in seen.items() if at < heads[id_]}
            )
            self._replace(list_entries(connection, changed), changed)
        self._heads = heads

    def _replace(
        self, found: Iterable[tuple[str, KeyEntry]], changed: Iterable[tuple[str, str]]
    ) -> None:
        entries: dict[tuple[str, str], list[KeyEntry]] = {key: [] for key in changed}
        for project_id, entry in found:
            entries.setdefault((project_id, entry.id), []).append(entry)
        for (project_id, key_id), of_key in entries.items():
            self._of(project_id).replace(key_id, of_key)

    def _of(self, project_id: str) -> KeyParts:
        if (parts := self._parts.get(project_id)) is None:
            parts = self._parts[project_id] = KeyParts(project_id)
        return parts
