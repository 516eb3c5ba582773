"""Each check reports a violation and accepts a valid call."""

from collections import Counter
from typing import Any

import pytest

from tests.laws import violations
from tests.laws.exchange import Answer
from tests.laws.providers import GOOD
from tests.laws.samples import Sample, batch
from tests.laws.trial import honest_call
from tests.laws.world import samples

TRACE = "ab" * 16
CALL = Sample(TRACE, honest_call(stream=False), GOOD[0])
OWN = {"x-penstock-trace-id": TRACE}
ERROR = b'{"error":{"message":"m","type":"t","code":"c"}}'
GOOD_ANSWER = Answer(200, OWN, b"{}", whole=True)


@pytest.mark.parametrize(
    ("answer", "violation"),
    [
        (Answer(silent=True), "neither an answer"),
        (Answer(), "no answer"),
        (Answer(500, OWN, ERROR, whole=True), "status 500"),
        (Answer(302, OWN, ERROR, whole=True), "status 302"),
        (Answer(200, {}, b"{}", whole=True), "trace None"),
        (Answer(502, OWN, ERROR, whole=False), "incomplete error"),
        (Answer(502, OWN, b"Internal server error", whole=True), "another format"),
        (
            Answer(200, OWN | {"content-type": "text/event-stream"}, b"data: {}\n\n", whole=True),
            "without its terminal event",
        ),
    ],
)
def test_an_invalid_answer_is_a_violation(answer: Answer, violation: str) -> None:
    assert violation in " ".join(violations.of_answer(CALL, answer))


@pytest.mark.parametrize(
    "answer", [GOOD_ANSWER, Answer(502, OWN, ERROR, whole=True), Answer(404, OWN, b"x", whole=True)]
)
def test_an_allowed_answer_is_accepted(answer: Answer) -> None:
    assert list(violations.of_answer(CALL, answer)) == []


def test_missing_and_duplicate_records_are_violations() -> None:
    def found(times: int) -> list[str]:
        listed = Counter({TRACE: times})
        return [what for _, what in violations.of_records([CALL], listed, {TRACE: GOOD_ANSWER})]

    assert found(0) == ["no record"]
    assert found(2) == ["2 records"]
    assert found(1) == []


def test_the_detail_has_an_attempt_for_each_request() -> None:
    def span(kind: str, count: int = 1) -> dict[str, Any]:
        return {"kind": kind, "request": "", "response": "", "usage": {"input_tokens": count}}

    good = {"spans": [span("call"), span("attempt")]}
    assert list(violations.of_detail(CALL, good, 1)) == []
    assert "got 2 requests" in " ".join(violations.of_detail(CALL, good, 2))
    negative = {"spans": [span("call", -1)]}
    assert "negative usage" in " ".join(violations.of_detail(CALL, negative, 0))
    odd = {"spans": [span("call") | {"response": "\ud800"}]}
    assert "surrogates" in " ".join(violations.of_detail(CALL, odd, 0))


def test_metrics_that_disappear_or_decrease_are_violations() -> None:
    before = {'a_total{x="1"}': 2.0, "gauge": 5.0}
    assert list(violations.of_metrics(before, before | {"gauge": 1.0})) == []
    assert "decreased" in " ".join(violations.of_metrics(before, before | {'a_total{x="1"}': 1.0}))
    assert "disappeared" in " ".join(violations.of_metrics(before, {"gauge": 5.0}))


@pytest.mark.parametrize("line", ['a{b="c\rd} 1', "a{b=c} 1", 'a{b="x"y"} 1', "a", 'a{b="c"} x'])
def test_an_invalid_prometheus_page_is_reported(line: str) -> None:
    with pytest.raises(AssertionError):
        samples(line + "\n")


def test_the_same_seed_generates_the_same_calls() -> None:
    assert batch(16, 7) == batch(16, 7)
    assert batch(16, 7) != batch(16, 8)
