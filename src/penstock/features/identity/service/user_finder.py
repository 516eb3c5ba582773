"""Finds the users of a project, and those behind principals. Functions of other verticals call it
in their own view of the database."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, select

from penstock.features.identity.model import Member
from penstock.features.identity.service.bootstrap import RESET, SYSTEM
from penstock.features.identity.store import users
from penstock.features.identity.store.tables import API_KEYS

_OF_FIRST_ADMIN: Final = frozenset({SYSTEM.id, RESET.id})  # have made the keys of the first admin


class UserFinder:
    """Finds users."""

    def members(self, connection: Connection, project_id: str, limit: int) -> Sequence[Member]:
        """Returns members of a project, ordered by user id."""
        return users.list_members(connection, project_id, "", limit)

    def behind(self, connection: Connection, kind: str, principal_id: str) -> frozenset[str]:
        """Returns the ids of the users who are a principal, or have had a secret of the key that
        it is. The keys that the installation made are of its first admin."""
        if kind == "user":
            return frozenset({principal_id})
        query = select(API_KEYS.c.issuers).where(API_KEYS.c.id == principal_id)
        issuers = set(connection.execute(query).scalar() or ())
        found = frozenset(each for each in issuers if users.find_user(connection, each))
        first = users.first_instance_admin(connection) if _OF_FIRST_ADMIN & issuers else None
        return found | {first.id} if first else found
