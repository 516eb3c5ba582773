"""Spans of stored calls: one for the call, one for each attempt."""

from collections.abc import Iterable, Iterator
from typing import Final

from penstock.features.traces.model import ATTEMPT, SpanRecord
from penstock.features.traces.rows import AttemptRow

_OF_ATTEMPT: Final = tuple(name for name in AttemptRow.__struct_fields__ if name != "start_time")


class StoredCall(SpanRecord, frozen=True, kw_only=True):
    """A call as the store returns it; `attempt_starts` has the start of each attempt in ns."""

    attempts: list[AttemptRow]
    attempt_starts: list[int]


def spans_of(calls: Iterable[StoredCall]) -> list[SpanRecord]:
    """Returns the spans of all calls in order of their start, a call before its attempts."""
    found = [span for call in calls for span in (call, *_attempts(call))]
    return sorted(found, key=lambda span: (span.start_ns, span.kind == ATTEMPT, span.span_id))


def _attempts(call: StoredCall) -> Iterator[SpanRecord]:
    for attempt, start_ns in zip(call.attempts, call.attempt_starts, strict=True):
        yield SpanRecord(
            kind=ATTEMPT,
            trace_id=call.trace_id,
            parent_span_id=call.span_id,
            start_ns=start_ns,
            stored_ns=call.stored_ns,
            operation=call.operation,
            request_model=call.request_model,
            stream=call.stream,
            key_id=call.key_id,
            caller=call.caller,
            tags=call.tags,
            snapshot=call.snapshot,
            writer=call.writer,
            **{name: getattr(attempt, name) for name in _OF_ATTEMPT},
        )
