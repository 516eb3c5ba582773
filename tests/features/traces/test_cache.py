"""What the cache did, from the records of calls."""

from decimal import Decimal

from features.traces import calls
from penstock.features.traces.model import CacheMeasures, Filter, TimeRange
from penstock.features.traces.service import Traces
from penstock.rules.call import Usage

HOUR = TimeRange(calls.START_NS, calls.START_NS + 3600 * 10**9)


def test_hits_and_their_saving_add_up(traces: Traces, project: str) -> None:
    hit = {"from_cache": True, "attempts": (), "usage": Usage(), "cost": ""}
    calls.store(
        traces,
        calls.call(project),
        calls.call(project, calls.START_NS + 1, saved="0.000425", **hit),
        calls.call(project, calls.START_NS + 2, saved="1.5", **hit),
        calls.call(project, calls.START_NS + 3, saved="", **hit),
        calls.call(project, calls.START_NS - 1, saved="9", **hit),
    )
    found = traces.cache(project, HOUR, Filter())
    assert found == CacheMeasures(requests=4, hits=3, unpriced=1, saved=Decimal("1.500425"))
    listed = traces.list_calls(project, HOUR, Filter(cached_only=True), after=None, limit=10)
    assert len(listed.items) == 3


def test_without_calls_nothing_was_saved(traces: Traces, project: str) -> None:
    found = traces.cache(project, HOUR, Filter())
    assert found == CacheMeasures(requests=0, hits=0, unpriced=0, saved=Decimal(0))
