"""Opening and closing the store of the traces vertical."""

import time
from pathlib import Path

import msgspec
import pytest

from features.traces import calls
from penstock.features.traces.assembly import open_traces
from penstock.features.traces.schema import FAMILY, STEPS, make_steps
from penstock.infra.columns import SchemaStep, apply_steps, open_columns
from penstock.kernel.errors import SetupError
from penstock.kernel.time import SystemClock
from penstock.rules.attributes import CALL_ATTRIBUTES, CallAttribute


def test_the_vertical_answers_before_its_store_is_open_and_waits_to_close(tmp_path: Path) -> None:
    vertical = open_traces(
        f"chdb://{tmp_path / 'columns'}",
        SystemClock(),
        lambda *_: [],
        calls.new_quarantine(tmp_path / "spool"),
        calls.unknown_records(tmp_path / "spool"),
    )
    columns = vertical.wait(30)
    vertical.check()
    end = calls.call("prj_1", time.time_ns())
    vertical.service.ingest(calls.new_batch(), calls.frames([end]))
    assert calls.counts(columns, "prj_1") == (1, 1)
    vertical.close()


def test_tables_of_a_newer_penstock_keep_the_vertical_from_opening(tmp_path: Path) -> None:
    dsn = f"chdb://{tmp_path / 'columns'}"
    store = open_columns(dsn)
    apply_steps(store, FAMILY, [SchemaStep(99, "from the future", ())])
    store.close()
    spool = tmp_path / "spool"
    vertical = open_traces(
        dsn,
        SystemClock(),
        lambda *_: [],
        calls.new_quarantine(spool),
        calls.unknown_records(spool),
    )
    with pytest.raises(SetupError, match="version 99"):
        vertical.wait(30)
    vertical.close()


class Row(msgspec.Struct):
    channel: str


@pytest.mark.parametrize("with_data", [True, False])
def test_a_new_attribute_gets_its_column_in_a_store_with_data_and_in_a_new_one(
    tmp_path: Path, *, with_data: bool
) -> None:
    store = open_columns(f"chdb://{tmp_path / 'columns'}")
    old, new = (msgspec.to_builtins(calls.row(calls.call("prj_1"))) for _ in range(2))
    if with_data:
        apply_steps(store, FAMILY, STEPS)
        store.insert("calls", [old])
    latest = max(step.version for step in STEPS)
    added = CallAttribute("channel", "penstock.channel", since=latest + 1)
    apply_steps(store, FAMILY, make_steps((*CALL_ATTRIBUTES, added)))
    store.insert("calls", [new | {"channel": "web"}])
    for source in ("calls", "spans"):
        found = store.query(f"SELECT DISTINCT channel FROM {source} ORDER BY channel", {}, Row)
        assert [row.channel for row in found] == ([""] if with_data else []) + ["web"]
    store.close()
