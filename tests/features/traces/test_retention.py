"""What is kept, and for how long: no doubles after a restore, bounds for calls of no project."""

from pathlib import Path

import pytest

from features.traces import calls
from penstock.features.traces.schema import FAMILY, STEPS, retention
from penstock.features.traces.service import Traces
from penstock.features.traces.unclaimed import UnclaimedLimits
from penstock.infra.columns import ColumnStore, apply_steps, open_columns
from penstock.kernel.time import SystemClock


class Hours(SystemClock):
    """A clock that a test advances."""

    hours = 0.0

    def monotonic(self) -> float:
        return self.hours * 3600


def open_at(folder: Path) -> ColumnStore:
    return open_columns(f"chdb://{folder}")


def traces_on(store: ColumnStore, folder: Path) -> Traces:
    quarantine, unknown = calls.new_quarantine(folder), calls.unknown_records(folder)
    return Traces(lambda: store, SystemClock(), lambda *_: [], quarantine, unknown)


def test_a_batch_in_a_backup_that_is_sent_again_after_the_restore_is_not_duplicated(
    tmp_path: Path,
) -> None:
    project, name = calls.new_project(), calls.new_batch()
    data = calls.frames(calls.call(project) for _ in range(20))
    store = open_at(tmp_path / "first")
    apply_steps(store, FAMILY, STEPS)
    traces_on(store, tmp_path).ingest(name, data)
    store.backup(tmp_path / "backup")
    store.close()

    restored = open_at(tmp_path / "second")
    restored.restore(tmp_path / "backup")
    apply_steps(restored, FAMILY, STEPS)
    traces = traces_on(restored, tmp_path)
    for _ in range(2):
        assert traces.ingest(name, data).stored == 20
        assert calls.counts(restored, project) == (20, 20)
    other = calls.new_batch()
    traces.ingest(other, calls.frames([calls.call(project)]))
    assert calls.counts(restored, project) == (21, 21)
    restored.close()


@pytest.mark.parametrize("stored", [0, 13, 20])
def test_a_batch_whose_insert_was_interrupted_is_completed_by_the_next_process(
    tmp_path: Path, stored: int
) -> None:
    """The engine may know its token although not all rows are there."""
    project, name = calls.new_project(), calls.new_batch()
    ends = [calls.call(project) for _ in range(20)]
    store = open_at(tmp_path / "columns")
    apply_steps(store, FAMILY, STEPS)
    traces_on(store, tmp_path).ingest(name, calls.frames(ends))
    lost = ",".join(f"'{end.begin.span_id}'" for end in ends[stored:]) or "''"
    store.command(f"DELETE FROM calls WHERE span_id IN ({lost})")
    assert calls.counts(store, project) == (stored, stored)
    traces = traces_on(store, tmp_path)
    for _ in range(2):
        assert traces.ingest(name, calls.frames(ends)).stored == 20
        assert calls.counts(store, project) == (20, 20)
    store.close()


@pytest.fixture
def kept(tmp_path: Path) -> ColumnStore:
    store = open_at(tmp_path / "columns")
    apply_steps(store, FAMILY, STEPS)
    return store


def test_calls_of_no_project_go_after_their_days_and_no_others(
    kept: ColumnStore, tmp_path: Path
) -> None:
    traces, project = traces_on(kept, tmp_path), calls.new_project()
    calls.store(traces, calls.call(""), calls.call(project))
    kept.command(  # the same, stored eight days ago
        "INSERT INTO calls SELECT * REPLACE (stored_time - INTERVAL 8 DAY AS stored_time)"
        " FROM calls"
    )
    before = calls.counts(kept, ""), calls.counts(kept, project)
    for statement in retention(7):
        kept.command(statement)
    kept.command("OPTIMIZE TABLE calls FINAL")
    after = calls.counts(kept, ""), calls.counts(kept, project)
    kept.close()
    assert before == ((2, 1), (2, 1))
    assert after == ((1, 1), (2, 1))


def test_of_calls_of_no_project_a_bounded_number_is_stored_in_an_hour(
    kept: ColumnStore, tmp_path: Path
) -> None:
    clock, project = Hours(), calls.new_project()
    quarantine = calls.new_quarantine(tmp_path)
    limits = UnclaimedLimits(per_hour=10)
    unknown = calls.unknown_records(tmp_path)
    traces = Traces(lambda: kept, clock, lambda *_: [], quarantine, unknown, unclaimed=limits)

    def ingest(count: int) -> tuple[int, int]:
        ends = [calls.call("") for _ in range(count)] + [calls.call(project)]
        done = traces.ingest(calls.new_batch(), calls.frames(ends))
        return done.stored, done.skipped

    found = [ingest(8), ingest(8), ingest(8)]
    clock.hours = 1.0
    found.append(ingest(8))
    kept.close()
    assert found == [(9, 0), (3, 6), (1, 8), (9, 0)]
