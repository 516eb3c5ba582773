"""Lists filter as they say, and pages and tails neither skip nor repeat a call."""

import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.traces import calls
from penstock.features.traces.model import (
    CallItem,
    Cursor,
    Filter,
    TimeRange,
)
from penstock.features.traces.service import Traces
from penstock.infra.columns import ColumnStore
from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.rules.call import CallEnd, Caller, CallStatus

MS = 1_000_000


def listed(
    traces: Traces, project: str, wanted: Filter | None = None, **more: Any
) -> list[CallItem]:
    page = traces.list_calls(
        project, calls.ALWAYS, wanted or Filter(), **{"after": None, "limit": 500, **more}
    )
    return page.items


def spans(found: list[CallItem]) -> list[str]:
    return [item.span_id for item in found]


def test_the_newest_call_is_on_top_with_what_a_list_shows(traces: Traces, project: str) -> None:
    old, new = (calls.call(project, calls.START_NS + n) for n in (1, 2))
    calls.store(traces, new, old)
    top, bottom = listed(traces, project)
    assert spans([top, bottom]) == [new.begin.span_id, old.begin.span_id]
    assert (top.input_preview, top.output_preview) == ("hello", "hello yourself")
    assert (top.cost, top.input_tokens) == (Decimal("0.000425"), 100)
    assert (top.ttft_ns, top.duration_ns) == (2_500_000, 5_000_000)


def test_only_calls_of_the_project_and_the_time_are_listed(traces: Traces, project: str) -> None:
    inside, at_end = calls.call(project), calls.call(project, calls.START_NS + 10)
    calls.store(traces, inside, at_end, calls.call("prj_other"))
    time_range = TimeRange(calls.START_NS, calls.START_NS + 10)
    page = traces.list_calls(project, time_range, Filter(), after=None, limit=9)
    assert spans(page.items) == [inside.begin.span_id]


TEAMS = ("search", "support", "O'Brien \\ \n\t", "")
varied = st.fixed_dictionaries(
    {
        "team": st.sampled_from(TEAMS),
        "status": st.sampled_from(list(CallStatus)),
        "duration_ms": st.integers(0, 20),
        "cost": st.sampled_from(["", "0", "0.000000000001", "0.5", "12.25"]),
        "word": st.sampled_from(
            ["alpha", "Beta_Blocker", "50% off", "ÄRGER", 'say "hi"', "日本語"]
        ),
    }
)
filters = st.builds(
    Filter,
    only=st.fixed_dictionaries(
        {},
        optional={
            "team": st.lists(st.sampled_from(TEAMS), max_size=2).map(tuple),
            "status": st.lists(st.sampled_from(list(CallStatus)), max_size=2).map(tuple),
        },
    ),
    errors_only=st.booleans(),
    text=st.sampled_from(
        ["", "alpha", "LPH", "beta_blocker", "a_b", "50%", "5_%", "ärger", '"hi"', "本", "absent"]
    ),
    min_duration_ms=st.none() | st.integers(0, 20).map(float),
    max_duration_ms=st.none() | st.integers(0, 20).map(float),
    min_cost=st.none() | st.sampled_from([Decimal(0), Decimal("0.5")]),
    max_cost=st.none() | st.sampled_from([Decimal("0.5"), Decimal(100)]),
)


def lets_through(wanted: Filter, made: dict[str, Any]) -> bool:
    """The filter's meaning, implemented again in Python."""
    cost = Decimal(made["cost"]) if made["cost"] else None
    checks = [not values or made[dimension] in values for dimension, values in wanted.only.items()]
    checks.append(not wanted.errors_only or made["status"] != "ok")
    checks.append(wanted.text.lower() in made["word"].lower())
    checks.append(wanted.min_duration_ms is None or made["duration_ms"] >= wanted.min_duration_ms)
    checks.append(wanted.max_duration_ms is None or made["duration_ms"] <= wanted.max_duration_ms)
    checks.append(wanted.min_cost is None or (cost is not None and cost >= wanted.min_cost))
    checks.append(wanted.max_cost is None or (cost is not None and cost <= wanted.max_cost))
    return all(checks)


def vary(project: str, number: int, made: dict[str, Any]) -> CallEnd:
    return calls.call(
        project,
        calls.START_NS + number,
        caller=Caller(team=made["team"]),
        duration_ns=made["duration_ms"] * MS,
        status=made["status"],
        cost=made["cost"],
        request=calls.chat(made["word"]),
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(varied, min_size=1, max_size=8), st.lists(filters, min_size=1, max_size=6))
def test_a_filter_selects_exactly_the_matching_calls(
    traces: Traces, made: list[dict[str, Any]], wanted: list[Filter]
) -> None:
    project = calls.new_project()
    stored = [vary(project, number, one) for number, one in enumerate(made)]
    calls.store(traces, *stored)
    for one in wanted:
        expected = [
            end.begin.span_id
            for end, values in zip(stored, made, strict=True)
            if lets_through(one, values)
        ]
        assert spans(listed(traces, project, one)) == expected[::-1], one


@given(st.text(max_size=30))
@settings(max_examples=60, deadline=None)
def test_any_text_that_was_said_is_found(traces: Traces, text: str) -> None:
    project = calls.new_project()
    end = calls.call(project, response=calls.answer(f"before {text} after"))
    calls.store(traces, end)
    assert spans(listed(traces, project, Filter(text=text))) == [end.begin.span_id]


def test_a_search_covers_whole_payloads(traces: Traces, project: str) -> None:
    end = calls.call(project, request=calls.chat("x " * 500 + "needle"))
    calls.store(traces, end, calls.call(project))
    assert spans(listed(traces, project, Filter(text="needle"))) == [end.begin.span_id]


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_pages_have_every_call_once_while_others_arrive(
    traces: Traces, project: str, limit: int
) -> None:
    # Ten calls share each start, so that pages also break among equals.
    before = [calls.call(project, calls.START_NS + n // 10) for n in range(60)]
    calls.store(traces, *before)
    seen: list[str] = []
    after = None
    for round_ in itertools.count():
        page = traces.list_calls(project, calls.ALWAYS, Filter(), after=after, limit=limit)
        seen += spans(page.items)
        after = page.next_cursor
        if after is None:
            break
        if round_ < 5:
            calls.store(traces, calls.call(project, calls.START_NS + 1000 + round_))
            calls.store(traces, calls.call(project, calls.START_NS + round_))
    assert len(seen) == len(set(seen))
    assert {end.begin.span_id for end in before} <= set(seen)


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_a_tail_has_every_arrival_once_however_late_it_is(
    traces: Traces, project: str, limit: int
) -> None:
    calls.store(traces, *(calls.call(project, calls.START_NS + n) for n in range(5)))
    first = traces.tail(project, after=None, limit=limit)
    seen, after, stored = spans(first.items), first.next_cursor, []
    for number in range(20):
        batch = [calls.call(project, calls.START_NS - number), calls.call(project)]
        stored += [end.begin.span_id for end in batch]
        calls.store(traces, *batch)
        page = traces.tail(project, after=after, limit=limit)
        seen, after = seen + spans(page.items), page.next_cursor
    while (page := traces.tail(project, after=after, limit=limit)).items:
        seen, after = seen + spans(page.items), page.next_cursor
    assert len(seen) == len(set(seen))
    assert set(stored) <= set(seen)


def test_an_empty_tail_does_not_dig_up_the_past(
    traces: Traces, columns: ColumnStore, project: str
) -> None:
    calls.store(traces, calls.call(project, calls.START_NS - 30 * 86_400 * 10**9))
    columns.command(
        "ALTER TABLE calls UPDATE stored_time = start_time WHERE project_id = {p:String}"
        " SETTINGS mutations_sync = 1",
        {"p": project},
    )
    page = traces.tail(project, after=None, limit=5)
    assert page.items == []
    assert traces.tail(project, after=page.next_cursor, limit=5).items == []


def test_a_tail_begins_with_the_last_arrivals_and_an_empty_one_waits(
    traces: Traces, project: str
) -> None:
    empty = traces.tail(project, after=None, limit=5)
    assert empty.items == []
    end = calls.call(project)
    calls.store(traces, end)
    assert spans(traces.tail(project, after=empty.next_cursor, limit=5).items) == [
        end.begin.span_id
    ]
    assert spans(traces.tail(project, after=None, limit=5).items) == [end.begin.span_id]


@given(st.integers(0, 2**62), st.text(max_size=40), st.integers(0, 2**62))
def test_a_cursor_survives_a_round_trip(start: int, span: str, stored: int) -> None:
    cursor = Cursor(start, span, stored)
    assert Cursor.parse(cursor.text()) == cursor


@pytest.mark.parametrize("text", ["", "x", "äöü", "WzEs", "bnVsbA"])
def test_a_foreign_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="cursor"):
        Cursor.parse(text)


def test_a_trace_has_its_spans_in_order_and_belongs_to_its_project(
    traces: Traces, columns: ColumnStore, project: str
) -> None:
    end = calls.call(project)
    calls.store(traces, end)
    call, attempt = traces.get_trace(project, end.begin.trace_id).spans
    assert (call.span_id, attempt.parent_span_id) == (end.begin.span_id, end.begin.span_id)
    with pytest.raises(NotFound):
        traces.get_trace("prj_other", end.begin.trace_id)


def test_facets_are_the_values_that_occur(traces: Traces, project: str) -> None:
    calls.store(
        traces,
        calls.call(project, caller=Caller(team="b", user="u")),
        calls.call(project, caller=Caller(team="a")),
    )
    facets = traces.facets(project, calls.ALWAYS)
    assert facets["team"] == ["a", "b"]
    assert facets["user"] == ["u"]
    assert facets["segment"] == []


def test_calls_are_selected_by_tags_in_list_tail_and_overview(traces: Traces, project: str) -> None:
    made = [{"env": "prod", "run": "1"}, {"env": "prod", "run": "2"}, {"env": "dev"}, {}]
    calls.store(traces, *(calls.call(project, caller=Caller(tags=tags)) for tags in made))
    for wanted, found in (
        ({"env": ("prod",)}, made[:2]),
        ({"env": ("prod", "dev")}, made[:3]),
        ({"env": ("prod",), "run": ("2",)}, made[1:2]),
        ({"other": ("x",)}, []),
    ):
        chosen = Filter(tags=wanted)
        page = traces.list_calls(project, calls.ALWAYS, chosen, after=None, limit=9)
        assert sorted(map(str, (item.tags for item in page.items))) == sorted(map(str, found))
        tail = traces.tail(project, after=None, limit=9, wanted=chosen)
        assert {item.span_id for item in tail.items} == {item.span_id for item in page.items}
        assert traces.overview(project, calls.ALWAYS, chosen).totals.requests == len(found)


def test_the_version_of_a_prompt_may_be_named_in_a_tag(traces: Traces, project: str) -> None:
    named = (
        Caller(tags={"prompt_version": "hello@3"}),
        Caller(others={"prompt_version": "5a7b"}, tags={"prompt_version": "hello@4"}),
    )
    calls.store(traces, *(calls.call(project, caller=each) for each in named))
    for version, tag in (("hello@3", "hello@3"), ("5a7b", "hello@4")):
        page = listed(traces, project, Filter(only={"prompt_version": (version,)}))
        assert [item.tags for item in page] == [{"prompt_version": tag}]
