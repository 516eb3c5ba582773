"""What limits have used over time, and which of their counters, from the records of calls."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from features.traces import calls
from penstock.features.limits.history import MAX_COUNTERS, UseHistory
from penstock.features.limits.model import LimitUse, StoredLimit
from penstock.features.traces.schema import FAMILY, STEPS
from penstock.features.traces.service import Traces
from penstock.infra.columns import apply_steps, open_columns
from penstock.kernel.ids import new_id
from penstock.kernel.time import SystemClock, unix_ns
from penstock.rules.call import Caller, Usage, UsageSource
from penstock.rules.limits.documents import LimitEntry, Measure
from penstock.rules.limits.windows import WindowUnit

HOUR = 3600 * 10**9
# Wednesday noon in Berlin: the week is two and a half days old.
NOW_NS = unix_ns(datetime(2026, 11, 18, 11, tzinfo=UTC))
MONDAY_NS = NOW_NS - 60 * HOUR
OLD_MS = NOW_NS // 10**6 - 40 * 86_400_000
NOTHING = LimitUse(Decimal(0), Decimal(0), Decimal(100), Decimal(0))


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traces]:
    folder = tmp_path_factory.mktemp("home")
    store = open_columns(f"chdb://{folder / 'columns'}")
    apply_steps(store, FAMILY, STEPS)
    quarantine = calls.new_quarantine(folder / "spool")
    unknown = calls.unknown_records(folder / "unknown")
    yield Traces(lambda: store, SystemClock(), lambda project_id, span: [], quarantine, unknown)
    store.close()


def stored(**changes: object) -> StoredLimit:
    fields: dict[str, object] = {
        "id": new_id("lim", OLD_MS * 10**6, bytes(10)),
        "name": "week",
        "measure": Measure.SPEND,
        "amount": Decimal(100),
        "window": WindowUnit.WEEK,
        "time_zone": "Europe/Berlin",
    }
    entry = LimitEntry(**(fields | changes))  # pyright: ignore[reportArgumentType] - fields of a test's choice
    return StoredLimit(calls.new_project(), entry, 0)


def record(
    traces: Traces, limit: StoredLimit, start_ns: int, cost: str = "1", **caller: object
) -> None:
    who = Caller(**caller)  # pyright: ignore[reportArgumentType] - fields of a test's choice
    usage = Usage(100, 20, source=UsageSource.PROVIDER)
    calls.store(traces, calls.call(limit.project_id, start_ns, caller=who, cost=cost, usage=usage))


def test_the_spend_of_a_window_is_in_buckets_with_a_forecast_of_the_last_day(
    traces: Traces,
) -> None:
    limit = stored()
    for start_ns, cost in ((MONDAY_NS - 1, "9"), (MONDAY_NS, "5"), (NOW_NS - HOUR // 2, "24")):
        record(traces, limit, start_ns, cost)
    used = LimitUse(Decimal(29), Decimal(0), Decimal(71), Decimal(0))
    found = UseHistory(traces.used).read(limit, (), used, NOW_NS)
    assert found.start_ms * 10**6 == MONDAY_NS
    assert found.bucket_ms == 2 * 3_600_000
    assert len(found.used) == 31
    assert (found.used[0], found.used[-2], sum(found.used)) == (5, 24, 29)
    assert found.recent_ms == 24 * 3_600_000
    assert found.recent is not None
    assert found.recent.at_end == 29 + Decimal(24) * 108 / 24
    assert found.recent.used_up_ms == NOW_NS // 10**6 + 71 * 3_600_000


@pytest.mark.parametrize(("measure", "used"), [(Measure.REQUESTS, 2), (Measure.TOKENS, 240)])
def test_a_rate_shows_its_last_hour_by_minutes(traces: Traces, measure: Measure, used: int) -> None:
    only = {"team": ("search",), "tag:plan": ("gold",), "model": ("openai/gpt-*",)}
    limit = stored(measure=measure, window=WindowUnit.MINUTE, only=only, per=("user",))
    gold = {"plan": "gold"}
    for number in range(2):
        start_ns = NOW_NS - 60 * 10**9 + number
        record(traces, limit, start_ns, team="search", user="ann", tags=gold)
    record(traces, limit, NOW_NS, team="search", user="bob", tags=gold)
    record(traces, limit, NOW_NS, team="ads", user="ann", tags=gold)
    record(traces, limit, NOW_NS, team="search", user="ann", tags={"plan": "free"})
    found = UseHistory(traces.used).read(limit, ("ann",), NOTHING, NOW_NS)
    assert (len(found.used), found.bucket_ms, found.recent) == (60, 60_000, None)
    assert (found.used[-2], sum(found.used)) == (used, used)


def test_concurrency_has_no_history(traces: Traces) -> None:
    limit = stored(measure=Measure.CONCURRENCY, window=None)
    assert UseHistory(traces.used).read(limit, (), NOTHING, NOW_NS).used == ()


def test_the_values_that_used_most_come_first_and_are_bounded(traces: Traces) -> None:
    limit = stored(per=("user", "model"))
    calls.store(
        traces,
        *(
            calls.call(
                limit.project_id, NOW_NS - HOUR, caller=Caller(user=f"u{number}"), cost=str(number)
            )
            for number in range(MAX_COUNTERS + 10)
        ),
    )
    record(traces, limit, MONDAY_NS - HOUR, "999", user="last week")
    values = UseHistory(traces.used).values(limit, NOW_NS)
    assert len(values) == MAX_COUNTERS
    assert tuple(values[0]) == (f"u{MAX_COUNTERS + 9}", "openai/gpt-4o")


def test_values_of_concurrency_are_those_of_the_last_day(traces: Traces) -> None:
    limit = stored(measure=Measure.CONCURRENCY, window=None, per=("key",))
    for start_ns, key in ((NOW_NS - HOUR, "key_a"), (NOW_NS - 30 * HOUR, "key_b")):
        record(traces, limit, start_ns, key_id=key)
    assert UseHistory(traces.used).values(limit, NOW_NS) == [("key_a",)]
