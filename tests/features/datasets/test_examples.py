"""Recorded calls as items, over a real column store."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from penstock.features.datasets.service.examples import ExampleReader, input_of, text_of
from penstock.features.feedback.service.scores import ScoreService
from penstock.features.feedback.store import schema
from penstock.features.traces.model import Filter
from penstock.features.traces.schema import FAMILY, STEPS
from penstock.features.traces.service import Traces
from penstock.infra.columns import ColumnStore, apply_steps, open_columns
from penstock.kernel.time import SystemClock
from penstock.rules.call import CallEnd, Caller
from penstock.rules.scores.score import Score
from penstock.rules.scores.vocabulary import ScoreKind, ScoreSource
from tests.features.traces import calls


class Recorded:
    """A store of calls with its services, and one project."""

    def __init__(self, store: ColumnStore, folder: Path) -> None:
        self.project = calls.new_project()
        self.traces = Traces(
            lambda: store,
            SystemClock(),
            lambda project_id, span: [],
            calls.new_quarantine(folder),
            calls.unknown_records(folder),
        )
        self.scores = ScoreService(lambda: store, SystemClock())
        self.reader = ExampleReader(self.traces, self.scores.list_scores)

    def call(self, text: str = "hello", **fields: Any) -> CallEnd:
        caller = Caller(key_id="key_1", use_case="support")
        made = calls.call(self.project, time.time_ns() - 10**9, caller=caller, **fields)
        request = fields.get("request", calls.chat(text))
        begin = msgspec.structs.replace(made.begin, request_size=len(request))
        made = msgspec.structs.replace(made, begin=begin, request=request)
        calls.store(self.traces, made)
        return made

    def correct(self, call: CallEnd, text: str) -> None:
        score = Score(
            name="correction",
            comment=text,
            kind=ScoreKind.FEEDBACK,
            source=ScoreSource.USER,
            trace_id=call.begin.trace_id,
            span_id=call.begin.span_id,
        )
        self.scores.submit_one(self.project, score, "key_9")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ColumnStore]:
    store = open_columns(f"chdb://{tmp_path_factory.mktemp('home') / 'columns'}")
    apply_steps(store, FAMILY, STEPS)
    apply_steps(store, schema.FAMILY, schema.STEPS)
    yield store
    store.close()


@pytest.fixture
def recorded(store: ColumnStore, tmp_path: Path) -> Recorded:
    return Recorded(store, tmp_path)


def test_a_call_becomes_an_item(recorded: Recorded) -> None:
    call = recorded.call("What is up?")
    (item,) = recorded.reader.read(recorded.project, [call.begin.span_id]).others
    assert item.input == [{"role": "user", "content": "What is up?"}]
    assert item.metadata == {"use_case": "support", "model": "gpt-4o", "output": "hello yourself"}
    assert (item.source.kind, item.source.span_id) == ("span", call.begin.span_id)
    assert item.expected is None


def test_a_correction_is_what_is_expected(recorded: Recorded) -> None:
    call, other = recorded.call("one"), recorded.call("two")
    recorded.correct(call, "first")
    recorded.correct(call, "second")
    spans = [call.begin.span_id, other.begin.span_id]
    found = recorded.reader.read(recorded.project, spans, keep_output=False)
    (corrected,), (plain,) = found.corrected, found.others
    assert (corrected.expected, corrected.source.kind) == ("second", "feedback")
    assert (plain.expected, "output" in plain.metadata) == (None, False)
    again = recorded.call("one")
    (same,) = recorded.reader.read(recorded.project, [again.begin.span_id]).others
    assert same.id == corrected.id


def test_a_call_without_content_is_skipped_with_the_reason(recorded: Recorded) -> None:
    cut = recorded.call(request=b"")
    spans = [cut.begin.span_id, "ab" * 8, "no id"]
    found = recorded.reader.read(recorded.project, spans)
    assert (found.corrected, found.others) == ((), ())
    codes = [each.code for each in found.skipped]
    assert codes == ["content_not_recorded", "not_found", "invalid_request"]


def test_calls_of_other_projects_are_not_there(recorded: Recorded, store: ColumnStore) -> None:
    call = recorded.call()
    found = recorded.reader.read(calls.new_project(), [call.begin.span_id])
    assert [each.code for each in found.skipped] == ["not_found"]


def test_calls_are_found_by_filter(recorded: Recorded) -> None:
    recorded.call("apple")
    pear = recorded.call("pear")
    within = calls.ALWAYS
    found = recorded.reader.find(recorded.project, within, Filter(text="pear"), 10)
    assert found == [pear.begin.span_id]
    assert len(recorded.reader.find(recorded.project, within, Filter(), 1)) == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"model": "support", "variables": {"q": "x"}}, {"q": "x"}),
        ({"messages": [{"role": "user", "content": "x"}]}, [{"role": "user", "content": "x"}]),
        ({"input": "x"}, "x"),
        ({"system": "s", "messages": []}, [{"role": "user", "content": "read"}]),
    ],
)
def test_the_input_is_what_a_release_is_called_with(body: object, expected: object) -> None:
    messages = [{"role": "user", "parts": [{"type": "text", "content": "read"}]}]
    assert input_of(json.dumps(body).encode(), messages) == expected
    assert text_of(messages) == "read"
