"""Recorded calls as items, over a real column store."""

import json

import pytest

from penstock.features.datasets.rules import CallSelection
from penstock.infra.columns import ColumnStore
from penstock.rules.evaluation.recorded import input_of, text_of
from tests.features.datasets.recorded import Recorded
from tests.features.traces import calls


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
    found = recorded.reader.find(recorded.project, within, CallSelection(text="pear"), 10)
    assert found == [pear.begin.span_id]
    assert len(recorded.reader.find(recorded.project, within, CallSelection(), 1)) == 1


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
