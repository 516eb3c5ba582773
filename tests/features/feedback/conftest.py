"""A real column store with calls and scores; tests keep apart by project ids of their own."""

from collections.abc import Iterator

import pytest

from features.traces import calls
from features.traces.calls import new_project
from penstock.features.feedback.service.scores import ScoreService
from penstock.features.feedback.store import schema
from penstock.features.traces.schema import FAMILY, STEPS
from penstock.features.traces.service import Traces
from penstock.infra.columns import ColumnStore, apply_steps, open_columns
from penstock.kernel.time import SystemClock


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ColumnStore]:
    store = open_columns(f"chdb://{tmp_path_factory.mktemp('home') / 'columns'}")
    apply_steps(store, FAMILY, STEPS)
    apply_steps(store, schema.FAMILY, schema.STEPS)
    yield store
    store.close()


@pytest.fixture(scope="module")
def traces(columns: ColumnStore, tmp_path_factory: pytest.TempPathFactory) -> Traces:
    quarantine = calls.new_quarantine(tmp_path_factory.mktemp("spool"))
    unknown = calls.unknown_records(tmp_path_factory.mktemp("unknown"))
    return Traces(lambda: columns, SystemClock(), lambda project_id, span: [], quarantine, unknown)


class MovedClock(SystemClock):
    """The clock of the machine, moved by `offset_ns`."""

    offset_ns = 0

    def now_ns(self) -> int:
        return SystemClock.now_ns() + self.offset_ns


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def scores(columns: ColumnStore, clock: MovedClock) -> ScoreService:
    return ScoreService(lambda: columns, clock)


@pytest.fixture
def project() -> str:
    return new_project()
