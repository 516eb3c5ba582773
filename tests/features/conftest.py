"""A fresh installation for each test, made once and copied: its first password takes a while. And
one server for the tests of the REST API, and one PostgreSQL for those of stores."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.features.world import World, open_world
from tests.ports import free_port
from tests.server.running import Caller, Server, running
from tests.stores import Cluster, migrated_sqlite, postgres_cluster


@pytest.fixture(scope="session")
def fresh_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("fresh") / "home"
    home.mkdir()
    open_world(home).database.close()
    return home


@pytest.fixture
def home(fresh_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fresh_home, tmp_path / "home"))


@pytest.fixture
def installed(home: Path) -> Iterator[World]:
    world = open_world(home)
    yield world
    world.database.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    with postgres_cluster() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a new database with the current schema, on each relational store."""
    if request.param == "sqlite":
        yield migrated_sqlite(tmp_path / "penstock.db")
        return
    running: Cluster = request.getfixturevalue("postgres")
    with running.migrated() as url:
        yield url


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without a gateway, whose project has the provider `mine`. Its tests leave it as they
    found it, or use names of their own."""
    nobody = f"http://127.0.0.1:{free_port()}"
    home = tmp_path_factory.mktemp("server") / "home"
    with running(home, gateway_url=nobody) as server:
        server.wait_for("/readyz")
        new = {"name": "mine", "base_url": "https://models.example.org/v1", "models": []}
        path = f"/api/v1/projects/{server.project_id()}/providers"
        assert server.call("POST", path, server.root, new).status == 201
        yield server


@pytest.fixture(scope="session")
def viewer(server: Server) -> Caller:
    return server.join(server.project_id(), "vic@example.org", "viewer")


@pytest.fixture(scope="session")
def editor(server: Server) -> Caller:
    return server.join(server.project_id(), "ed@example.org", "editor")
