"""The table of jobs in both kinds of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.infra.jobs.store import METADATA
from penstock.infra.sql import Database
from penstock.infra.sql.database import sqlite_url
from tests.stores import Cluster, postgres_cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    with postgres_cluster() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        database = Database(sqlite_url(tmp_path / "penstock.db"))
    else:
        running: Cluster = request.getfixturevalue("postgres")
        database = Database(running.new_url())
    METADATA.create_all(database.engine)
    yield database
    database.close()
