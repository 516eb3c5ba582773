"""A real column store for a module of tests; tests keep apart by project ids of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from features.traces import calls
from features.traces.calls import new_project
from penstock.features.traces.quarantine import Quarantine
from penstock.features.traces.schema import FAMILY, STEPS
from penstock.features.traces.service import Traces
from penstock.infra.columns import ColumnStore, apply_steps, open_columns
from penstock.kernel.time import SystemClock


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ColumnStore]:
    # One path a process is all that chDB allows at a time, so each module gives its own back.
    home: Path = tmp_path_factory.mktemp("home")
    store = open_columns(f"chdb://{home / 'columns'}")
    apply_steps(store, FAMILY, STEPS)
    yield store
    store.close()


@pytest.fixture(scope="module")
def quarantine(tmp_path_factory: pytest.TempPathFactory) -> Quarantine:
    spool: Path = tmp_path_factory.mktemp("spool")
    return calls.new_quarantine(spool)


@pytest.fixture(scope="module")
def traces(
    columns: ColumnStore, quarantine: Quarantine, tmp_path_factory: pytest.TempPathFactory
) -> Traces:
    unknown = calls.unknown_records(tmp_path_factory.mktemp("unknown"))
    return Traces(lambda: columns, SystemClock(), lambda project_id, span: [], quarantine, unknown)


@pytest.fixture
def project() -> str:
    return new_project()
