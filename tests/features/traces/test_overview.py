"""Sums are right to the last digit, and time is cut without gaps."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from features.traces import calls
from penstock.features.traces.model import (
    TIME,
    Aggregate,
    Filter,
    TimeRange,
    bucket_ns,
    fill_gaps,
)
from penstock.features.traces.service import Traces
from penstock.rules.call import Caller, CallStatus, Usage

SECOND = 10**9
costs = st.decimals(0, 999, places=12).map(lambda cost: f"{cost:f}") | st.just("")


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(costs, st.sampled_from(["a", "b", ""]), st.booleans()), max_size=12))
def test_totals_and_groups_add_up_to_the_last_digit(
    traces: Traces, made: list[tuple[str, str, bool]]
) -> None:
    project = calls.new_project()
    calls.store(
        traces,
        *(
            calls.call(
                project,
                calls.START_NS + number * SECOND,
                cost=cost,
                caller=Caller(team=team),
                status=CallStatus.OK if ok else CallStatus.ERROR,
                usage=Usage(10, 5),
            )
            for number, (cost, team, ok) in enumerate(made)
        ),
    )
    time_range = TimeRange(calls.START_NS, calls.START_NS + 3600 * SECOND)
    overview = traces.overview(project, time_range, Filter())
    total = sum((Decimal(cost) for cost, _, _ in made if cost), Decimal(0))
    assert (overview.totals.cost or 0) == total
    assert overview.totals.requests == len(made)
    assert overview.totals.errors == sum(not ok for _, _, ok in made)
    assert overview.totals.unpriced == sum(not cost for cost, _, _ in made)
    assert overview.totals.output_tokens == 5 * len(made)
    for groups in (overview.series, *overview.by.values()):
        assert sum(group.requests for group in groups) == len(made)
        assert sum((group.cost or Decimal(0) for group in groups), Decimal(0)) == total


def test_percentiles_and_groups_of_known_calls(traces: Traces, project: str) -> None:
    calls.store(
        traces,
        *(
            calls.call(
                project,
                duration_ns=(n + 1) * 1_000_000,
                caller=Caller(team="a" if n < 60 else "b"),
            )
            for n in range(101)
        ),
    )
    overview = traces.overview(project, calls.ALWAYS, Filter())
    assert [round(value or 0) // 1_000_000 for value in overview.totals.duration_ns] == [
        51,
        96,
        100,
    ]
    groups = [(group.value, group.requests) for group in overview.by["team"]]
    assert groups == [("a", 60), ("b", 41)]


def test_the_overview_has_the_previous_period(traces: Traces, project: str) -> None:
    hour = 3600 * SECOND
    now = TimeRange(calls.START_NS, calls.START_NS + hour)
    calls.store(
        traces,
        calls.call(project, calls.START_NS),
        calls.call(project, calls.START_NS - 1),
        calls.call(project, calls.START_NS - hour),
        calls.call(project, calls.START_NS - hour - 1),
    )
    overview = traces.overview(project, now, Filter())
    assert (overview.totals.requests, overview.previous.requests) == (1, 2)


def test_a_filter_and_a_search_narrow_the_sums(traces: Traces, project: str) -> None:
    calls.store(
        traces,
        calls.call(project, request=calls.chat("needle"), duration_ns=1),
        calls.call(project, request=calls.chat("needle"), cost="7"),
        calls.call(project),
    )
    wanted = Filter(text="needle", min_cost=Decimal(1), min_duration_ms=1.0)
    totals = traces.overview(project, calls.ALWAYS, wanted).totals
    assert (totals.requests, totals.cost) == (1, Decimal(7))


def test_an_empty_project_has_empty_sums(traces: Traces, project: str) -> None:
    overview = traces.overview(project, calls.ALWAYS, Filter())
    assert (overview.totals.requests, overview.totals.cost) == (0, None)
    assert all(not groups for groups in overview.by.values())


ranges = st.builds(
    lambda start, length: TimeRange(start, start + length),
    st.integers(0, 2 * 10**18),
    st.integers(1, 60 * 86_400 * SECOND),
)


@given(ranges)
def test_buckets_cover_a_range_without_gaps_in_at_most_61_pieces(time_range: TimeRange) -> None:
    width = bucket_ns(time_range)
    buckets = fill_gaps([], time_range, width)
    starts = [int(bucket.value) for bucket in buckets]
    assert starts[0] <= time_range.start_ns
    assert starts[-1] < time_range.end_ns <= starts[-1] + width
    assert starts == list(range(starts[0], starts[-1] + 1, width))
    assert len(starts) <= 61


def test_found_buckets_keep_their_place() -> None:
    found = Aggregate(by=TIME, value=str(2 * SECOND), requests=3)
    buckets = fill_gaps([found], TimeRange(0, 4 * SECOND), SECOND)
    assert [bucket.requests for bucket in buckets] == [0, 0, 3, 0]
