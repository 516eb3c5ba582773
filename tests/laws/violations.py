"""Checks a call, its record and the metrics. Pure: returns violations as sentences."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.laws.exchange import Answer
from tests.laws.samples import Sample

LISTED: Final = frozenset(
    (
        *(200, 400, 401, 403, 404, 405, 408, 409, 411, 413, 414, 415, 417, 422, 424, 429, 431),
        *(501, 502, 503, 504, 505),
    )
)
"""The allowed statuses of an answer; 500 is not among them. Provider statuses 2xx are allowed."""

FROM_THE_PROVIDER: Final = frozenset((400, 404, 409, 413, 415, 422, 424, 429))
_DONE: Final = (b"data: [DONE]", b"data:[DONE]", b'.done"', b'.completed"')


def of_answer(call: Sample, answer: Answer) -> Iterator[str]:
    """Checks that the answer has an allowed status, the error format and the trace id."""
    if not call.caller.waits:
        return
    if answer.silent:
        yield "neither an answer nor the end of the connection"
        return
    if not answer.status:
        if call.caller.certain and call.caller.complete:
            yield "no answer"
        return
    if answer.status not in LISTED and not 200 <= answer.status < 300:
        yield f"status {answer.status}: {answer.body[:300]!r}"
    if call.caller.certain and answer.headers.get("x-penstock-trace-id") != call.trace_id:
        yield f"trace {answer.headers.get('x-penstock-trace-id')} in the answer"
    yield from _of_body(call, answer)


def _of_body(call: Sample, answer: Answer) -> Iterator[str]:
    if answer.status < 300:
        streamed = answer.headers.get("content-type", "").startswith("text/event-stream")
        if streamed and answer.whole and not any(done in answer.body for done in _DONE):
            yield f"a stream that ended cleanly without its terminal event: {answer.body[-200:]!r}"
        return
    if not call.caller.certain:
        return
    if not answer.whole:
        yield f"an incomplete error: {answer.body[:200]!r}"
    elif answer.status not in FROM_THE_PROVIDER and not _has_error(answer.body):
        yield f"an error in another format: {answer.body[:200]!r}"


def _has_error(body: bytes) -> bool:
    try:
        error = json.loads(body)["error"]
        return bool(error["message"]) and bool(error["code"]) and bool(error["type"])
    except (ValueError, KeyError, TypeError):
        return False


def of_records(
    calls: list[Sample], listed: Counter[str], answers: Mapping[str, Answer]
) -> Iterator[tuple[Sample, str]]:
    """Checks that each authenticated call has exactly one record, and no other call has one."""
    for call in calls:
        times = listed[call.trace_id]
        if times > 1:
            yield call, f"{times} records"
        elif call.caller.anonymous and times:
            yield call, "a record of an unauthenticated call"
        elif not times and _must_be_recorded(call, answers[call.trace_id]):
            yield call, "no record"


def _must_be_recorded(call: Sample, answer: Answer) -> bool:
    if call.caller.anonymous:
        return False
    if call.caller.certain:
        return call.caller.waits  # else the gateway may not have read the head
    has_trace = answer.headers.get("x-penstock-trace-id") == call.trace_id
    return (
        has_trace and answer.status not in (401, 404, 405) and call.caller.data.startswith(b"POST")
    )


def of_detail(call: Sample, trace: Mapping[str, Any], request_count: int) -> Iterator[str]:
    """Checks that the detail has one call and an attempt for each request to the provider."""
    spans = trace["spans"]
    kinds = Counter(span["kind"] for span in spans)
    if kinds["call"] != 1:
        yield f"{kinds['call']} calls in the detail"
    if request_count > kinds["attempt"]:
        yield f"the provider got {request_count} requests, the trace shows {kinds['attempt']}"
    for span in spans:
        for name in ("request", "response"):
            if not isinstance(span[name], str):
                yield f"the raw {name} is not text"
        usage = span["usage"] or {}
        if any(isinstance(count, int) and count < 0 for count in usage.values()):
            yield f"negative usage: {usage}"
    try:
        json.dumps(trace, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        yield "the detail has surrogates"


def of_metrics(before: Mapping[str, float], after: Mapping[str, float]) -> Iterator[str]:
    """Checks that no series disappears and no counter decreases."""
    for series, value in before.items():
        name = series.partition("{")[0]
        if series not in after:
            yield f"series disappeared: {series}"
        elif name.endswith(("_total", "_count", "_bucket", "_sum")) and after[series] < value:
            yield f"counter decreased: {series} from {value} to {after[series]}"
