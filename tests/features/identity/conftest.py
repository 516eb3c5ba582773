"""Identity over each relational store: the same tests hold for SQLite and PostgreSQL."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from penstock.features.identity.assembly import Identity
from penstock.features.identity.model import Principal, Role
from penstock.infra.sql import Database
from penstock.infra.sql.database import sqlite_url
from penstock.infra.sql.migrate import migrate
from tests.stores import Cluster, cluster, postgres_binaries

MASTER_KEY = bytes(range(32))


class HandClock:
    """A clock that goes on only when told."""

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
        """A new member of the project, as they are when they sign in."""
        new = self.identity.members.add(self.root, self.project_id, email, role)
        return Principal("user", new.member.user_id, email, {self.project_id: role})


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip(
            "half of the contract unproven: apt-get install postgresql"
        )  # needs: postgresql
    with cluster(binaries) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    if request.param == "sqlite":
        return lambda: sqlite_url(tmp_path / "penstock.db")
    running: Cluster = request.getfixturevalue("postgres")
    return running.new_url


@pytest.fixture
def database(new_url: Callable[[], str]) -> Iterator[Database]:
    database = Database(new_url())
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    clock = HandClock()
    identity = Identity(
        tmp_path, database, MASTER_KEY, clock=clock, entropy=os.urandom, password_cost=2
    )
    assert identity.prepare()
    root = Principal("user", "usr_root", "root", {}, instance_admin=True)
    project = identity.projects.list_visible(root)[0]
    return World(identity, database, clock, tmp_path, project.id, root)
