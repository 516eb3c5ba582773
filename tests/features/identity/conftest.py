"""Identity over each relational store: the same tests hold for SQLite and PostgreSQL."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from penstock.features.access import Principal, Role
from penstock.features.identity.assembly import Identity
from penstock.infra.sql import Database

MASTER_KEY = bytes(range(32))
PASSWORD = "a long enough password"


class HandClock:
    """A clock that advances only when a test advances it."""

    def __init__(self) -> None:
        self.ns = 1_800_000_000_000_000_000

    def now_ns(self) -> int:
        self.ns += 1_000
        return self.ns

    def monotonic(self) -> float:
        return self.ns / 1e9

    def forward(self, seconds: float) -> None:
        self.ns += int(seconds * 1e9)


@dataclass(frozen=True)
class World:
    """A fresh installation after its first start."""

    identity: Identity
    database: Database
    clock: HandClock
    home: Path
    project_id: str
    root: Principal

    def user(self, email: str, role: Role) -> Principal:
        """A new member of the project, as they are when they sign in with `PASSWORD`."""
        invitations = self.identity.invitations
        token = invitations.invite(self.root, self.project_id, email, role).token
        return invitations.redeem(token, email, PASSWORD).principal({self.project_id: role})


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url)
    yield database
    database.close()


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return open_world(tmp_path, database, HandClock())


def open_world(home: Path, database: Database, clock: HandClock) -> World:
    """The installation in `home`, after its first start."""
    identity = Identity(
        home, database, MASTER_KEY, clock=clock, random_bytes=os.urandom, password_cost=2
    )
    identity.prepare()
    project_id = identity.first_project_id()
    admin = identity.members.list_page(project_id, "", 1)[0]
    root = Principal("user", admin.user_id, admin.email, {project_id: Role.OWNER}, True)
    return World(identity, database, clock, home, project_id, root)
