"""What the store refuses costs one record: without its content if that helps, else quarantined."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from features.traces import calls
from penstock.features.traces.ingest import UnreadableRecord
from penstock.features.traces.model import Filter
from penstock.features.traces.quarantine import Quarantine
from penstock.features.traces.service import Traces
from penstock.infra.columns import ColumnStore
from penstock.infra.spool.frame import Frame, Kind, scan
from penstock.infra.spool.frame import encode as frame
from penstock.infra.spool.quarantine import (
    QUARANTINED,
    UNKNOWN,
    QuarantineLimits,
    list_quarantined,
)
from penstock.infra.spool.unknown import requeue_record
from penstock.kernel.errors import PenstockError
from penstock.kernel.time import SystemClock
from penstock.rules.call import decode_end


@contextmanager
def constraint(columns: ColumnStore, check: str) -> Iterator[None]:
    """A store that refuses some values, as a bug of ours or of the engine would make it do."""
    columns.command(f"ALTER TABLE calls ADD CONSTRAINT odd CHECK {check}")
    try:
        yield
    finally:
        columns.command("ALTER TABLE calls DROP CONSTRAINT odd")


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def strict(columns: ColumnStore, spool: Path) -> Traces:
    quarantine, unknown = calls.new_quarantine(spool), calls.unknown_records(spool)
    return Traces(lambda: columns, SystemClock(), lambda *_: [], quarantine, unknown)


def test_a_row_that_the_store_refuses_is_stored_without_its_content(
    strict: Traces, columns: ColumnStore, project: str, spool: Path
) -> None:
    ends = [calls.call(project) for _ in range(7)]
    ends[4] = calls.call(project, request=calls.chat("refuse me"))
    name, data = calls.new_batch(), calls.frames(ends)
    with constraint(columns, "NOT like(request, '%refuse me%')"):
        for _ in range(2):  # the second time nothing is added
            done = strict.ingest(name, data)
            assert (done.stored, done.quarantined) == (7, 0)
    assert calls.counts(columns, project) == (7, 7)
    [span, _] = strict.get_trace(project, ends[4].begin.trace_id).spans
    assert span.request == ""
    assert span.input_tokens == 100
    assert "constraint" in span.attributes["penstock.content.missing"].lower()
    [other, _] = strict.get_trace(project, ends[3].begin.trace_id).spans
    assert other.request
    assert not list_quarantined(spool)


def test_a_row_that_the_store_never_takes_is_quarantined_and_the_others_are_stored(
    strict: Traces, columns: ColumnStore, project: str, spool: Path
) -> None:
    ends = [calls.call(project) for _ in range(6)]
    ends[0] = calls.call(project, response_id="odd")
    with constraint(columns, "response_id != 'odd'"):
        done = strict.ingest(calls.new_batch(), calls.frames(ends))
    assert (done.stored, done.quarantined) == (5, 1)
    assert len(strict.list_calls(project, calls.ALWAYS, Filter(), after=None, limit=9).items) == 5
    [file] = list_quarantined(spool)
    assert file.state == QUARANTINED
    assert "constraint" in file.detail.lower()
    [kept] = (spool / QUARANTINED).glob("*.record")
    [record] = scan(kept.read_bytes())
    assert isinstance(record, Frame)
    assert decode_end(record.payload) == ends[0]


def test_a_requeued_record_is_stored_once(
    strict: Traces, columns: ColumnStore, project: str, spool: Path
) -> None:
    ends = [calls.call(project) for _ in range(3)]
    ends[1] = calls.call(project, response_id="odd")
    name, data = calls.new_batch(), calls.frames(ends)
    with constraint(columns, "response_id != 'odd'"):
        strict.ingest(name, data)
        [file] = list_quarantined(spool)
        requeue_record(spool, file.name, "2026-11-21T09:30:00Z")
        assert [one.state for one in list_quarantined(spool)] == [UNKNOWN]
        strict.store_kept()  # the cause is still there
    [file] = list_quarantined(spool)
    assert file.state == QUARANTINED
    requeue_record(spool, file.name, "2026-11-21T09:30:00Z")
    for _ in range(2):
        strict.store_kept()
    assert not list_quarantined(spool)
    assert calls.counts(columns, project) == (3, 3)


def test_damaged_bytes_cannot_be_requeued(strict: Traces, spool: Path) -> None:
    strict.ingest(calls.new_batch(), frame(Kind.END, b"x")[:-1])
    [file] = list_quarantined(spool)
    with pytest.raises(ValueError, match="no whole record"):
        requeue_record(spool, file.name, "2026-11-21T09:30:00Z")
    assert list_quarantined(spool) == [file]


def test_calls_of_hundreds_of_months_in_one_batch_are_all_stored(
    strict: Traces, columns: ColumnStore, project: str, spool: Path
) -> None:
    """An insert may touch a hundred months only; a clock that jumps can make more."""
    month = 31 * 86_400 * 10**9
    ends = [calls.call(project, number * month, attempts=()) for number in range(150)]
    assert strict.ingest(calls.new_batch(), calls.frames(ends)).stored == 150
    assert calls.counts(columns, project) == (150, 150)
    assert not list_quarantined(spool)


def test_a_store_that_fails_for_another_reason_quarantines_nothing(
    strict: Traces, columns: ColumnStore, project: str, spool: Path
) -> None:
    columns.command("RENAME TABLE calls TO away")
    try:
        with pytest.raises(PenstockError):
            strict.ingest(calls.new_batch(), calls.frames([calls.call(project)]))
    finally:
        columns.command("RENAME TABLE away TO calls")
    assert not list_quarantined(spool)


def test_what_is_no_record_is_kept_with_its_reason(strict: Traces, spool: Path) -> None:
    strict.ingest(calls.new_batch(), frame(Kind.END, b"no record"))
    [file] = list_quarantined(spool)
    assert file.state == QUARANTINED
    assert "DecodeError" in file.detail or "ValidationError" in file.detail


def test_the_quarantine_keeps_its_bounds_and_drops_the_oldest(spool: Path) -> None:
    limits = QuarantineLimits(files=5, bytes=1000)
    quarantine = Quarantine(spool, SystemClock(), logging.getLogger("test"), limits)
    for size, kept in ((10, 5), (300, 3), (5000, 0)):
        for _ in range(10):
            quarantine.keep(calls.new_batch(), bytes(size), [UnreadableRecord(0, size, "odd")])
        assert len(list_quarantined(spool)) == kept
        files = list((spool / QUARANTINED).iterdir())
        assert len(files) == 2 * kept
