"""The services of datasets over a fresh installation."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from penstock.features.access import Principal, Role
from penstock.features.context import Context
from penstock.features.datasets.service.changes import DatasetChange, DatasetChanges
from penstock.features.datasets.service.datasets import DatasetService
from penstock.features.datasets.service.reading import DatasetReader
from penstock.features.feedback.store import schema
from penstock.features.traces.schema import FAMILY, STEPS
from penstock.infra.columns import ColumnStore, apply_steps, open_columns
from penstock.infra.sql import Database
from penstock.rules.evaluation.items import DatasetItem
from tests.features.datasets.recorded import Recorded
from tests.features.identity.conftest import HandClock, World, open_world
from tests.stores import Cluster, migrated_sqlite


@dataclass
class Datasets:
    """The services, and one dataset `faq`."""

    world: World
    context: Context
    service: DatasetService
    changes: DatasetChanges
    reader: DatasetReader
    editor: Principal

    @property
    def project(self) -> str:
        return self.world.project_id

    def change(self, *items: DatasetItem, **fields: Any) -> int:
        """Changes `faq` and returns its newest version."""
        change = DatasetChange(items=items, **fields)
        done = self.changes.change(self.editor, self.project, "faq", change)
        return done.version.version

    def inputs(self, version: int | None = None) -> list[object]:
        """The inputs of a version, in order."""
        page = self.reader.items(self.project, "faq", version, limit=500)
        return [each.item.input for each in page.items]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """An installation over each relational store."""
    folder = tmp_path_factory.mktemp("datasets")
    if request.param == "sqlite":
        yield from _opened(folder, migrated_sqlite(folder / "penstock.db"))
        return
    running: Cluster = request.getfixturevalue("postgres")
    with running.migrated() as url:
        yield from _opened(folder, url)


def _opened(folder: Path, url: str) -> Iterator[World]:
    database = Database(url)
    yield open_world(folder, database, HandClock())
    database.close()


@pytest.fixture
def datasets(world: World) -> Iterator[Datasets]:
    context = world.identity.context
    editor = Principal("user", "usr_3", "eve@example.org", {world.project_id: Role.EDITOR})
    made = Datasets(
        world,
        context,
        DatasetService(context),
        DatasetChanges(context),
        DatasetReader(context),
        editor,
    )
    made.service.add(editor, made.project, "faq")
    yield made
    for dataset, _ in made.service.list_page(made.project, "", 100):
        made.service.remove(editor, made.project, dataset.name)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ColumnStore]:
    store = open_columns(f"chdb://{tmp_path_factory.mktemp('home') / 'columns'}")
    apply_steps(store, FAMILY, STEPS)
    apply_steps(store, schema.FAMILY, schema.STEPS)
    yield store
    store.close()


@pytest.fixture
def recorded(store: ColumnStore, tmp_path: Path) -> Recorded:
    return Recorded(store, tmp_path)
