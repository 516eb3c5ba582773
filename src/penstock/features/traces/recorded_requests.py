"""Finds the request of an attempt in the stored calls."""

import re
from collections.abc import Mapping
from typing import Final

from penstock.features.traces.model import RecordedRequest, SpanRecord
from penstock.features.traces.payload import decode, items, mapping, string
from penstock.features.traces.spans import StoredCall, spans_of
from penstock.features.traces.store import TraceStore
from penstock.features.traces.stored_text import payload_of, restore
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound

_TRACE: Final = re.compile("[0-9a-f]{32}")
_SPAN: Final = re.compile("[0-9a-f]{16}")
_SHOWN: Final = 8  # spans of a trace that an error names
_CREDENTIALS: Final = "penstock.credentials"
_ORIGIN: Final = "penstock.cache.span_id"
_CHECKS: Final = "penstock.guardrails"


def find_recorded(store: TraceStore, project_id: str, wanted: str) -> RecordedRequest:
    """Returns the request of an attempt: `wanted` is its span, or its call's span or trace, which
    means the attempt that answered. For an answer from the cache it is the attempt that got the
    answer. Raises `NotFound`, `InvalidRequest`, and `Conflict` for a trace of several calls."""
    call = _find(store, project_id, wanted)
    origin = string(decode(call.attributes.get(_ORIGIN, "")))
    found = store.call_of_span(project_id, origin) if origin and not call.attempts else None
    if found is not None:
        return _recorded(project_id, found, origin, cached=True)
    return _recorded(project_id, call, wanted, cached="penstock.cache.hit" in call.attributes)


def _find(store: TraceStore, project_id: str, wanted: str) -> StoredCall:
    if _TRACE.fullmatch(wanted):
        return _of_trace(store, project_id, wanted)
    if not _SPAN.fullmatch(wanted):
        raise InvalidRequest(
            f"{wanted[:64]!r} is no id of a trace or a span.",
            hint="A trace has 32, a span 16 hexadecimal digits.",
            param="span_id",
        )
    found = store.call_of_span(project_id, wanted)
    if found is None:
        raise NotFound(
            f"This project has no span {wanted}.",
            hint="A call appears within two seconds after its response.",
        )
    return found


def _of_trace(store: TraceStore, project_id: str, trace_id: str) -> StoredCall:
    found = store.calls_of_trace(project_id, trace_id, _SHOWN + 1)
    if not found:
        raise NotFound(
            f"This project has no trace {trace_id}.",
            hint="A call appears within two seconds after its response.",
        )
    if len(found) > 1:
        spans = ", ".join(found[:_SHOWN])
        raise Conflict(
            f"The trace {trace_id} has several calls.",
            hint=f"Name the span of one of them: {spans}.",
            code="several_calls",
        )
    return _find(store, project_id, found[0])


def _recorded(project_id: str, call: StoredCall, wanted: str, *, cached: bool) -> RecordedRequest:
    spans = spans_of([call])
    attempts = [span for span in spans if span.span_id != call.span_id]
    named = next((span for span in attempts if span.span_id == wanted), None)
    attempt = named or (attempts[-1] if attempts else None)
    text = restore(call.request, call.request_blobs)
    return RecordedRequest(
        project_id=project_id,
        call=call,
        attempt=attempt,
        body=payload_of(text, call.request_source),
        credential=_credential(call, attempt),
        cached=cached,
        redacted=any(_changed(check) for check in items(decode(call.attributes.get(_CHECKS, "")))),
    )


def _changed(check: object) -> bool:
    found: Mapping[str, object] = mapping(check)
    return found.get("action") == "redact" and found.get("place") != "output"


def _credential(call: StoredCall, attempt: SpanRecord | None) -> str:
    names = items(decode(call.attributes.get(_CREDENTIALS, "")))
    ids = [one.span_id for one in call.attempts]
    at = ids.index(attempt.span_id) if attempt is not None else len(names)
    return string(names[at]) if at < len(names) else ""
