"""What gateways need to know of identity: keys and policies, one section per project.

Depends on what is stored alone, not on the time: expired keys stay until they are revoked or
rotated away, and the gateway looks at the clock.
"""

from collections import defaultdict

from penstock.features.identity.model import ApiKey
from penstock.features.identity.store import keys, projects
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
            for key in keys.list_unrevoked(connection):
                entries[key.project_id] += _entries(key)
            return tuple(
                ProjectSection(project.id, tuple(entries[project.id]), project.policy)
                for project in projects.list_all(connection)
            )


def _entries(key: ApiKey) -> list[KeyEntry]:
    fixed = key.attributes
    return [
        KeyEntry(
            id=key.id,
            digest=secret.digest,
            name=key.name,
            allowed_models=key.allowed_models,
            expires_ms=_sooner(key.expires_ms, secret.expires_ms),
            team=fixed.team,
            user=fixed.user,
            use_case=fixed.use_case,
            environment=fixed.environment,
            segment=fixed.segment,
        )
        for secret in key.secrets
    ]


def _sooner(first: int | None, second: int | None) -> int | None:
    return min((limit for limit in (first, second) if limit is not None), default=None)
