"""Counters that were lost are restored from the records of calls."""

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from features.traces import calls
from penstock.features.limits.assembly import CounterFileStore
from penstock.features.limits.model import StoredLimit
from penstock.features.limits.recorded import RecordedUse
from penstock.features.limits.restoring import UseRestoring
from penstock.features.traces.schema import FAMILY, STEPS
from penstock.features.traces.service import Traces
from penstock.infra.columns import apply_steps, open_columns
from penstock.infra.counters import CounterFile
from penstock.infra.redis import RedisView
from penstock.kernel.errors import Overloaded
from penstock.kernel.ids import new_id
from penstock.kernel.time import SystemClock
from penstock.rules.call import Caller, Usage, UsageSource
from penstock.rules.claims import CounterState
from penstock.rules.limits.documents import LimitEntry, Measure
from penstock.rules.limits.index import Amounts, Limit
from penstock.rules.limits.windows import WindowUnit
from penstock.spi.counters import CountersUnavailable, Reservation
from tests.redis_server import redis_server

CLOCK = SystemClock()
OLD_MS = time.time_ns() // 1_000_000 - 40 * 86_400_000  # when the limits were added
NANO = 10**9


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traces]:
    folder = tmp_path_factory.mktemp("home")
    store = open_columns(f"chdb://{folder / 'columns'}")
    apply_steps(store, FAMILY, STEPS)
    quarantine = calls.new_quarantine(folder / "spool")
    unknown = calls.unknown_records(folder / "unknown")
    yield Traces(lambda: store, CLOCK, lambda project_id, span: [], quarantine, unknown)
    store.close()


def limit(measure: Measure = Measure.SPEND, **changes: object) -> LimitEntry:
    fields: dict[str, object] = {
        "id": new_id("lim", OLD_MS * 10**6, bytes(10)),
        "name": "week",
        "measure": measure,
        "amount": Decimal(100),
        "window": WindowUnit.MONTH,
    }
    return LimitEntry(**(fields | changes))  # pyright: ignore[reportArgumentType] - fields of a test's choice


class Lost:
    """A project with recorded calls, and a counter file that began after them."""

    def __init__(self, traces: Traces, path: Path, entry: LimitEntry) -> None:
        self.project = calls.new_project()
        self.entry = entry
        self.path = path
        self._limit = Limit(self.project, entry)
        self._traces = traces
        self.window_start = self._limit.window(CLOCK.now_ns())[0]
        CounterFile.open(path, CLOCK).close()
        self.reader = CounterFileStore(path, CLOCK)

    def record(self, cost: str, *, before_window: bool = False, **caller: object) -> None:
        start = self.window_start - 1 if before_window else self.window_start
        who = Caller(**caller)  # pyright: ignore[reportArgumentType] - fields of a test's choice
        usage = Usage(100, 20, source=UsageSource.PROVIDER)
        made = calls.call(self.project, start, caller=who, cost=cost, usage=usage)
        calls.store(self._traces, made)

    def restore(self) -> int:
        limits = [StoredLimit(self.project, self.entry, 0)]
        restoring = UseRestoring(
            lambda: limits,
            self.reader.counted_since,
            self.reader.as_writer,
            RecordedUse(self._traces.used),
            CLOCK,
        )
        return restoring.restore()

    def state(self, *values: str) -> CounterState:
        return self.reader.read(self._limit.claim(values, Amounts(0), CLOCK.now_ns()))


def test_the_spend_of_the_window_is_restored_once(traces: Traces, tmp_path: Path) -> None:
    lost = Lost(traces, tmp_path / "counters", limit())
    for cost in ("1.000000000001", "2.5", ""):
        lost.record(cost)
    lost.record("50", before_window=True)
    assert lost.restore() == 1
    assert lost.state().used == 3_500_000_001
    assert lost.restore() == 0
    assert lost.state().used == 3_500_000_001


def test_a_counter_is_never_lowered(traces: Traces, tmp_path: Path) -> None:
    lost = Lost(traces, tmp_path / "counters", limit())
    lost.record("2")
    counters = CounterFile.open(lost.path, CLOCK)
    claim = Limit(lost.project, lost.entry).claim((), Amounts(spend=5 * NANO), CLOCK.now_ns())
    reserved = counters.reserve([claim])
    assert isinstance(reserved, Reservation)
    counters.settle(reserved, [5 * NANO])
    counters.close()
    assert lost.restore() == 0
    assert lost.state().used == 5 * NANO


@pytest.mark.parametrize(
    ("measure", "used"), [(Measure.REQUESTS, 2), (Measure.TOKENS, 240), (Measure.SPEND, 3 * NANO)]
)
def test_each_value_and_condition_is_restored(
    traces: Traces, tmp_path: Path, measure: Measure, used: int
) -> None:
    only = {"team": ("search",), "model": ("openai/gpt-*",), "tag:plan": ("gold",)}
    lost = Lost(traces, tmp_path / "counters", limit(measure, only=only, per=("user", "tag:shop")))
    gold = {"plan": "gold", "shop": "x'y"}
    lost.record("1", team="search", user="ann", tags=gold)
    lost.record("2", team="search", user="ann", tags=gold)
    lost.record("4", team="search", user="bob", tags=gold)
    lost.record("8", team="ads", user="ann", tags=gold)
    lost.record("16", team="search", user="ann", tags={"plan": "free", "shop": "x'y"})
    assert lost.restore() == 2
    assert lost.state("ann", "x'y").used == used


def test_what_began_after_the_counters_needs_nothing(traces: Traces, tmp_path: Path) -> None:
    young = new_id("lim", CLOCK.now_ns(), bytes(10))
    rate = {"measure": Measure.REQUESTS, "window": WindowUnit.MINUTE}
    for number, changes in enumerate(({"id": young}, rate, {"measure": Measure.CONCURRENCY})):
        lost = Lost(traces, tmp_path / str(number), limit(**changes))  # pyright: ignore[reportArgumentType] - fields of a test's choice
        lost.record("1")
        assert lost.restore() == 0


def test_without_a_counter_file_or_records_nothing_is_changed(
    traces: Traces, tmp_path: Path
) -> None:
    nothing = CounterFileStore(tmp_path / "none", CLOCK)
    restoring = UseRestoring(
        lambda: [StoredLimit("prj_1", limit(), 0)],
        nothing.counted_since,
        nothing.as_writer,
        RecordedUse(traces.used),
        CLOCK,
    )
    assert restoring.restore() == 0
    assert not (tmp_path / "none").exists()

    def closed(*_: object, **__: object) -> list[object]:
        raise Overloaded("The store is closed.")

    CounterFile.open(tmp_path / "some", CLOCK).close()
    some = CounterFileStore(tmp_path / "some", CLOCK)
    other = UseRestoring(
        lambda: [StoredLimit("prj_1", limit(), 0)],
        some.counted_since,
        some.as_writer,
        RecordedUse(closed),  # pyright: ignore[reportArgumentType] - it raises
        CLOCK,
    )
    with pytest.raises(Overloaded):
        other.restore()


def test_counters_that_redis_has_lost_are_restored_and_never_lowered(
    traces: Traces, tmp_path: Path
) -> None:
    lost = Lost(traces, tmp_path / "counters", limit())
    lost.record("2.5")
    claim = Limit(lost.project, lost.entry).claim((), Amounts(0), CLOCK.now_ns())
    with redis_server() as server:
        view = RedisView.open(server.url, CLOCK)
        limits = [StoredLimit(lost.project, lost.entry, 0)]
        restoring = UseRestoring(
            lambda: limits, view.counted_since, view.as_writer, RecordedUse(traces.used), CLOCK
        )
        assert restoring.restore() == 1
        assert view.read(claim).used == 2_500_000_000
        assert restoring.restore() == 0
        assert view.raise_used(claim, 9 * NANO)
        with server.client() as client:
            client.script_flush()
        assert restoring.restore() == 0
        assert view.read(claim).used == 9 * NANO
        with server.client() as client:
            client.flushall()
        assert restoring.restore() == 1
        server.kill()
        for _ in range(2):
            with pytest.raises(CountersUnavailable):
                view.read(claim)
        assert "Redis" in view.notices()[0]
        view.close()
