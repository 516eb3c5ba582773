"""A fresh installation for each test, made once and copied: its first password takes a while."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.features.world import World, open_world


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
