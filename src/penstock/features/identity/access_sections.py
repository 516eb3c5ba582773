"""What gateways need to know of identity: keys and policies, one section per project.

Depends on what is stored alone, not on the time: expired keys stay until they are revoked or
rotated away, and the gateway looks at the clock.
"""

from collections import defaultdict

from penstock.features.identity.store import projects
from penstock.features.identity.store.entries import list_entries
from penstock.infra.sql import Database
from penstock.rules.snapshot import KeyEntry, ProjectSection


class AccessSections:
    """Reads the sections `<project_id>/access` of the snapshot."""

    def __init__(self, database: Database, pepper: bytes) -> None:
        self._database = database
        self.pepper = pepper.hex()

    def __call__(self) -> tuple[ProjectSection, ...]:
        """One section per project, by id; a key in rotation has one entry per secret."""
        with self._database.read() as connection:
            entries: dict[str, list[KeyEntry]] = defaultdict(list)
            for project_id, entry in list_entries(connection):
                entries[project_id].append(entry)
            return tuple(
                ProjectSection(project.id, tuple(entries[project.id]), project.policy)
                for project in projects.list_all(connection)
            )
