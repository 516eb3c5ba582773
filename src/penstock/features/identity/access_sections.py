"""The snapshot sections of identity: keys and policy, one section per project.

They depend on the stored rows only, not on the time: expired keys stay until they are revoked or
rotated, and the gateway checks the expiry itself.
"""

from collections import defaultdict

from penstock.features.identity.store import projects
from penstock.features.identity.store.entries import list_entries
from penstock.infra.sql import Database
from penstock.rules.snapshot import Document, KeyEntry, ProjectSection, access_documents


class AccessSections:
    """Reads the sections `<project_id>/access` of the snapshot."""

    def __init__(self, database: Database, pepper: bytes) -> None:
        self._database = database
        self.pepper = pepper.hex()

    def documents(self) -> dict[str, Document]:
        """Returns the sections by name."""
        return access_documents(self())

    def secrets(self) -> dict[str, str]:
        """Returns no secrets: keys are stored as digests."""
        return {}

    def __call__(self) -> tuple[ProjectSection, ...]:
        """Returns one section per project, by id. A key in rotation has one entry per secret."""
        with self._database.read() as connection:
            entries: dict[str, list[KeyEntry]] = defaultdict(list)
            for project_id, entry in list_entries(connection):
                entries[project_id].append(entry)
            return tuple(
                ProjectSection(project.id, tuple(entries[project.id]), project.policy)
                for project in projects.list_all(connection)
            )
