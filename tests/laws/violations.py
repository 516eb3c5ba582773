"""What must hold of one call and of its record: pure functions from what was seen to complaints."""

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
"""Statuses a caller may be answered with; 500 is none of them. 2xx of providers pass."""

FROM_THE_PROVIDER: Final = frozenset((400, 404, 409, 413, 415, 422, 424, 429))
_DONE: Final = (b"data: [DONE]", b"data:[DONE]")


def of_answer(call: Sample, answer: Answer) -> Iterator[str]:
    """The answer is of a listed kind, in the surface's shape, and says which call it was."""
    if not call.caller.stays:
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
            yield f"a stream that ended well without its terminal event: {answer.body[-200:]!r}"
        return
    if not call.caller.certain:
        return
    if not answer.whole:
        yield f"an error that is cut off: {answer.body[:200]!r}"
    elif answer.status not in FROM_THE_PROVIDER and not _has_error(answer.body):
        yield f"an error of another shape: {answer.body[:200]!r}"


def _has_error(body: bytes) -> bool:
    try:
        error = json.loads(body)["error"]
        return bool(error["message"]) and bool(error["code"]) and bool(error["type"])
    except (ValueError, KeyError, TypeError):
        return False


def of_records(
    calls: list[Sample], listed: Counter[str], answers: Mapping[str, Answer]
) -> Iterator[tuple[Sample, str]]:
    """Exactly one record for each authenticated call; none is doubled; no stranger has one."""
    for call in calls:
        times = listed[call.trace_id]
        if times > 1:
            yield call, f"{times} records"
        elif call.caller.anonymous and times:
            yield call, "a record in a project whose key was not shown"
        elif not times and _must_be_recorded(call, answers[call.trace_id]):
            yield call, "no record"


def _must_be_recorded(call: Sample, answer: Answer) -> bool:
    if call.caller.anonymous:
        return False
    if call.caller.certain:
        return call.caller.stays  # of others the gateway may never have seen the head
    told = answer.headers.get("x-penstock-trace-id") == call.trace_id
    return told and answer.status not in (401, 404, 405) and call.caller.data.startswith(b"POST")


def of_detail(call: Sample, trace: Mapping[str, Any], asked: int) -> Iterator[str]:
    """The detail has the call and its attempts: as many as the provider has seen."""
    spans = trace["spans"]
    kinds = Counter(span["kind"] for span in spans)
    if kinds["call"] != 1:
        yield f"{kinds['call']} calls in the detail"
    if asked > kinds["attempt"]:
        yield f"the provider was asked {asked} times, the trace shows {kinds['attempt']}"
    for span in spans:
        for name in ("request", "response"):
            if not isinstance(span[name], str):
                yield f"the raw {name} is no text"
        usage = span["usage"] or {}
        if any(isinstance(count, int) and count < 0 for count in usage.values()):
            yield f"negative usage: {usage}"
    try:
        json.dumps(trace, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        yield "the detail has surrogates"


def of_metrics(before: Mapping[str, float], after: Mapping[str, float]) -> Iterator[str]:
    """No series is lost, no counter goes back."""
    for series, value in before.items():
        name = series.partition("{")[0]
        if series not in after:
            yield f"series lost: {series}"
        elif name.endswith(("_total", "_count", "_bucket", "_sum")) and after[series] < value:
            yield f"counter went back: {series} from {value} to {after[series]}"
