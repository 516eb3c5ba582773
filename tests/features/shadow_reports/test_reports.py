"""What a shadow answered beside what its callers got, from a real column store."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from features.traces import calls
from penstock.features.feedback.service.scores import ScoreService
from penstock.features.feedback.store import schema
from penstock.features.rollouts.model import StoredRollout
from penstock.features.shadow_reports.model import difference_of, quantile
from penstock.features.shadow_reports.service import ShadowReports
from penstock.features.shadow_reports.store import ShadowCalls
from penstock.features.traces.schema import FAMILY, STEPS
from penstock.features.traces.service import Traces
from penstock.infra.columns import ColumnStore, apply_steps, open_columns
from penstock.kernel.errors import NotFound
from penstock.kernel.time import SystemClock
from penstock.rules.call import CallEnd, Caller, CallStatus
from penstock.rules.rollouts.documents import Rollout, RolloutArm, ShadowArm
from penstock.rules.scores.score import Score

RELEASE = "ab" * 32
ROLLOUT = Rollout(
    "support",
    "dev",
    1,
    (RolloutArm("cd" * 32),),
    shadow=ShadowArm(RELEASE, 50.0, Decimal(1)),
)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ColumnStore]:
    store = open_columns(f"chdb://{tmp_path_factory.mktemp('home') / 'columns'}")
    apply_steps(store, FAMILY, STEPS)
    apply_steps(store, schema.FAMILY, schema.STEPS)
    yield store
    store.close()


@pytest.fixture
def traces(columns: ColumnStore, tmp_path: Path) -> Traces:
    quarantine, unknown = calls.new_quarantine(tmp_path), calls.unknown_records(tmp_path)
    return Traces(lambda: columns, SystemClock(), lambda project_id, span: [], quarantine, unknown)


def reports(columns: ColumnStore, traces: Traces, rollout: Rollout = ROLLOUT) -> ShadowReports:
    return ShadowReports(
        ShadowCalls(lambda: columns),
        lambda project_id, *_: StoredRollout(project_id, rollout, 0),
        traces.get_trace,
        traces.answer_of,
        SystemClock(),
    )


def original(project: str, text: str, **fields: object) -> CallEnd:
    others = {"arm": "main", "arm_basis": "weight", "release": "cd" * 32}
    caller = Caller(key_id="key_1", use_case="support", environment="dev", others=others)
    return calls.call(project, caller=caller, response=calls.answer(text), **fields)


def shadow(of: CallEnd, text: str, **fields: object) -> CallEnd:
    others = {"arm": "shadow", "arm_basis": "shadow", "release": RELEASE}
    begin = of.begin
    return calls.call(
        begin.project_id,
        of.end_ns + 1000,
        caller=replace(begin.caller, others=others),
        response=calls.answer(text),
        shadow_of=begin.trace_id,
        **fields,
    )


def test_both_sides_of_each_pair_are_measured(columns: ColumnStore, traces: Traces) -> None:
    project = calls.new_project()
    same, other, failing = (
        original(project, text) for text in ("blue fox", "the red fox ran", "x")
    )
    shadows = [
        shadow(same, "blue fox", cost="0.002"),
        shadow(other, "the blue fox ran", duration_ns=9_000_000, cost="0.004"),
        shadow(failing, "", status=CallStatus.ERROR, error_type="variable_missing", cost=""),
    ]
    alone = original(project, "no shadow")
    calls.store(traces, same, other, failing, alone, *shadows)
    scores = ScoreService(lambda: columns, SystemClock())
    for call, value in ((same, 1.0), (other, 0.5), (shadows[0], 0.25)):
        score = Score(name="helpful", value=value, trace_id=call.begin.trace_id, span_id="")
        scores.submit_one(project, score, "key_1")
    report = reports(columns, traces).report(project, "support", "dev", DAY)
    assert (report.release, report.pairs) == (RELEASE, 3)
    assert (report.shadow.calls, report.shadow.errors) == (3, 1)
    assert (report.original.calls, report.original.errors) == (3, 0)
    assert (report.shadow.p50_ms, report.shadow.p95_ms) == (5.0, 9.0)
    assert report.shadow.cost == pytest.approx(0.003)
    assert report.original.cost == pytest.approx(0.000425)
    (helpful,) = report.scores
    assert (helpful.shadow, helpful.shadow_calls) == (0.25, 1)
    assert (helpful.original, helpful.original_calls) == (0.75, 2)
    found = {each.original_trace_id: each for each in report.latest}
    assert found[same.begin.trace_id].difference == 0
    assert found[other.begin.trace_id].difference == pytest.approx(0.25)  # one of four words
    failed = found[failing.begin.trace_id]
    assert (failed.difference, failed.error) == (None, "variable_missing")
    assert report.difference == pytest.approx(0.125)


def test_the_original_is_the_last_call_of_its_trace_before_the_shadow(
    columns: ColumnStore, traces: Traces
) -> None:
    project = calls.new_project()
    first = original(project, "one", cost="0.1")
    second = original(project, "two", cost="0.2")
    begin = replace(
        second.begin, trace_id=first.begin.trace_id, start_ns=first.begin.start_ns + 10**6
    )
    second = replace(second, begin=begin)
    calls.store(traces, first, second, shadow(second, "two"))
    report = reports(columns, traces).report(project, "support", "dev", DAY)
    assert report.original.cost == pytest.approx(0.2)
    assert report.difference == 0


def test_without_calls_nothing_is_measured_and_without_a_shadow_it_says_so(
    columns: ColumnStore, traces: Traces
) -> None:
    project = calls.new_project()
    report = reports(columns, traces).report(project, "support", "dev", DAY)
    assert (report.pairs, report.shadow.p50_ms, report.difference) == (0, None, None)
    with pytest.raises(NotFound, match="has no shadow"):
        reports(columns, traces, replace(ROLLOUT, shadow=None)).report(
            project, "support", "dev", DAY
        )


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        ("", "", 0),
        ("a b", "", 1),
        ("a b c d", "a b c d", 0),
        ("a b", "c d", 1),
        ("a b", "a", 1 / 3),
    ],
)
def test_the_difference_of_texts_is_a_share_of_their_words(
    before: str, after: str, share: float
) -> None:
    assert difference_of(after, before) == pytest.approx(share)
    assert difference_of(before, after) == pytest.approx(share)


def test_a_quantile_is_one_of_the_values() -> None:
    assert [quantile([3, 1, 2], share) for share in (0.5, 0.95)] == [2, 3]
    assert quantile([], 0.5) is None
