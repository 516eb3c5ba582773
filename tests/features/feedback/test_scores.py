"""Scores over a real column store."""

import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.feedback.conftest import MovedClock
from features.traces import calls
from penstock.features.feedback.model import WAITS_NS, Link, ScoreFilter, StoredScore
from penstock.features.feedback.service.scores import Accepted, ScoreService
from penstock.features.traces.model import TimeRange
from penstock.features.traces.service import Traces
from penstock.infra.columns import ColumnStore
from penstock.kernel.errors import NotFound, PenstockError
from penstock.kernel.time import SystemClock
from penstock.rules.call import CallEnd, Caller
from penstock.rules.scores.score import Score, check_score
from penstock.rules.scores.vocabulary import MAX_BATCH, ScoreKind, ScoreSource, ScoreState

ALWAYS = TimeRange(0, 2**63 - 1)
SESSION = "s-1"


def of_call(call: CallEnd, **fields: Any) -> Score:
    begin = call.begin
    target = {"trace_id": begin.trace_id, "span_id": begin.span_id}
    return Score(**{"name": "quality", "value": 0.5} | fields | target)


def stored(scores: ScoreService, project: str, **fields: Any) -> list[StoredScore]:
    return scores.list_scores(project, ALWAYS, ScoreFilter(**fields), after=None, limit=500)


def made(traces: Traces, project: str, **fields: object) -> CallEnd:
    caller = Caller(key_id="key_1", use_case="support", session=SESSION)
    call = calls.call(project, time.time_ns() - 10**9, caller=caller, **fields)
    calls.store(traces, call)
    return call


def test_a_score_takes_over_what_its_call_has(
    scores: ScoreService, traces: Traces, project: str
) -> None:
    call = made(traces, project)
    accepted = scores.submit_one(project, of_call(call), "key_9")
    assert accepted.link is Link.FOUND
    (found,) = stored(scores, project)
    assert (found.id, found.number, found.use_case, found.of_session) == (
        accepted.id,
        0.5,
        "support",
        SESSION,
    )
    assert (found.model, found.written_by, found.status) == ("gpt-4o", "key_9", "new")


def test_a_trace_and_a_session_have_scores_of_their_own(
    scores: ScoreService, traces: Traces, project: str
) -> None:
    call = made(traces, project)
    scores.submit_one(project, Score(name="q", value=True, trace_id=call.begin.trace_id), "k")
    scores.submit_one(project, Score(name="q", value="good", session=SESSION), "k")
    found = stored(scores, project)
    assert {each.link for each in found} == {"found"}
    assert {each.use_case for each in found} == {"support"}
    assert [each.session for each in stored(scores, project, session=SESSION) if each.session] == [
        SESSION
    ]


def test_the_same_author_judges_a_target_once(
    scores: ScoreService, traces: Traces, project: str
) -> None:
    call = made(traces, project)
    for value in (0.1, 0.9):
        scores.submit_one(project, of_call(call, value=value), "k")
    scores.submit_one(project, of_call(call, author="other"), "k")
    assert sorted(each.number or 0 for each in stored(scores, project)) == [0.5, 0.9]


def test_an_earlier_judgement_that_arrives_later_changes_nothing(
    scores: ScoreService, traces: Traces, project: str
) -> None:
    call, now = made(traces, project), time.time_ns()
    scores.submit_one(project, of_call(call, value=1.0, time_ns=now), "k")
    scores.submit_one(project, of_call(call, value=0.0, time_ns=now - 1), "k")
    scores.submit_one(project, of_call(call, value=1.0, time_ns=now), "k")
    assert [each.number for each in stored(scores, project)] == [1.0]


def test_a_score_with_an_id_replaces_the_score_of_this_id(
    scores: ScoreService, traces: Traces, project: str
) -> None:
    first, second = made(traces, project), made(traces, project)
    scores.submit_one(project, of_call(first, id="a"), "k")
    scores.submit_one(project, of_call(second, id="a", value=0.7), "k")
    assert [(each.span_id, each.number) for each in stored(scores, project)] == [
        (second.begin.span_id, 0.7)
    ]


def test_a_score_waits_for_its_call(scores: ScoreService, traces: Traces, project: str) -> None:
    call = calls.call(project, time.time_ns() - 10**9, caller=Caller(use_case="late"))
    assert scores.submit_one(project, of_call(call), "k").link is Link.WAITING
    scores.join_waiting()
    assert stored(scores, project)[0].link == "waiting"
    calls.store(traces, call)
    assert scores.join_waiting() == 1
    (found,) = stored(scores, project)
    assert (found.link, found.use_case) == ("found", "late")
    scores.submit_one(project, of_call(call, time_ns=found.scored_ns), "k")  # sent again
    assert stored(scores, project) == [found]


def test_scores_whose_calls_never_come_delay_neither_other_projects_nor_always_their_own(
    scores: ScoreService, traces: Traces, project: str
) -> None:
    other = calls.new_project()
    for each in (other, project):
        unknown = [of_call(calls.call(each)) for _ in range(MAX_BATCH + 200)]
        scores.submit(each, unknown[:MAX_BATCH], "k")
        scores.submit(each, unknown[MAX_BATCH:], "k")
    quiet = calls.new_project()
    late = [calls.call(each, time.time_ns() - 10**9) for each in (quiet, project)]
    for each, call in zip((quiet, project), late, strict=True):
        scores.submit_one(each, of_call(call, name="late"), "k")
    calls.store(traces, *late)
    scores.join_waiting()
    assert [each.link for each in stored(scores, quiet)] == ["found"]
    for _ in range(200):  # the probability of each look is nearly a half
        (found,) = stored(scores, project, only={"name": ("late",)})
        if found.link == "found":
            return
        scores.join_waiting()
    pytest.fail("the score has never had its turn")


def test_a_score_does_not_wait_for_ever(
    scores: ScoreService, project: str, clock: MovedClock
) -> None:
    unknown = calls.call(project)
    scores.submit_one(project, of_call(unknown), "k")
    clock.offset_ns = WAITS_NS + 10**9
    scores.join_waiting()
    assert [each.link for each in stored(scores, project)] == ["missing"]
    assert scores.measures(project, ALWAYS, ScoreFilter())[0].waiting == 0


def test_a_span_of_another_project_is_refused(
    scores: ScoreService, traces: Traces, project: str
) -> None:
    foreign = made(traces, calls.new_project())
    with pytest.raises(NotFound) as refused:
        scores.submit_one(project, of_call(foreign), "k")
    assert refused.value.code == "span_of_another_project"
    assert stored(scores, project) == []


def test_one_bad_record_costs_one_record(
    scores: ScoreService, traces: Traces, project: str
) -> None:
    call = made(traces, project)
    batch = [of_call(call), of_call(call, name="Not valid"), of_call(call, name="b", value="x")]
    first, second, third = scores.submit(project, batch, "k")
    assert isinstance(second, PenstockError)
    assert second.param == "name"
    assert isinstance(first, Accepted)
    assert isinstance(third, Accepted)
    assert {each.name for each in stored(scores, project)} == {"quality", "b"}


def test_states_are_counted_apart(scores: ScoreService, traces: Traces, project: str) -> None:
    batch = [
        *(of_call(made(traces, project), value=value) for value in (0.0, 1.0, 1.0)),
        *(
            of_call(made(traces, project), value=None, state=state)
            for state in ScoreState
            if state != "scored"
        ),
        *(of_call(made(traces, project), name="tone", value=label) for label in ("a", "b", "a")),
    ]
    scores.submit(project, batch, "k")
    quality, tone = scores.measures(project, ALWAYS, ScoreFilter(only={"state": ("scored",)}))
    assert (quality.count, quality.labels, tone.labels) == (3, {}, {"a": 2, "b": 1})
    assert quality.mean == pytest.approx(2 / 3)
    assert quality.variance == pytest.approx(1 / 3)
    none, *_ = scores.measures(project, ALWAYS, ScoreFilter(only={"name": ("quality",)}))
    states = (none.abstained, none.unmeasured, none.judge_error, none.infrastructure_error)
    assert (none.type, none.count, states) == ("", 0, (1, 1, 1, 1))


def test_measures_have_groups(scores: ScoreService, traces: Traces, project: str) -> None:
    for _ in range(2):
        scores.submit_one(project, of_call(made(traces, project)), "k")
    (by,) = scores.measures(project, ALWAYS, ScoreFilter(), by="use_case")
    assert (by.by, by.count) == ("support", 2)
    (at,) = scores.measures(project, ALWAYS, ScoreFilter(), by="time", width_ns=10**15)
    assert int(at.by) % 10**15 == 0


TEXT = st.text(max_size=5)


@given(
    st.builds(
        Score,
        kind=st.sampled_from(ScoreKind),
        name=st.sampled_from(["quality", "resolved", "thumbs", "rating", "", "Ä", "a\0"]) | TEXT,
        value=st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
        state=st.sampled_from(ScoreState),
        comment=TEXT,
        source=st.sampled_from(ScoreSource),
        author=TEXT,
        trace_id=st.sampled_from(["", "a" * 32, "A" * 32, "a" * 31]),
        span_id=st.sampled_from(["", "b" * 16, "x"]),
        session=TEXT,
        amount=st.none() | st.decimals() | st.just(Decimal("1e999999")),
        id=TEXT,
        time_ns=st.integers(-1, 2**70),
    )
)
def test_whatever_is_sent_is_stored_or_refused_with_a_sentence(
    columns: ColumnStore, score: Score
) -> None:
    scores = ScoreService(lambda: columns, SystemClock())
    (result,) = scores.submit("prj_law", [score], "k")
    if isinstance(result, Accepted):
        check_score(score)
        found = ScoreFilter(only={"id": (result.id,)})
        (kept,) = scores.list_scores("prj_law", ALWAYS, found, after=None, limit=2)
        assert (kept.name, kept.comment, kept.amount) == (score.name, score.comment, score.amount)
    else:
        assert result.message
