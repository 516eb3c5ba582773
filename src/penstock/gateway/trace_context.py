"""W3C Trace Context: a caller's `traceparent` is continued, and handed on to the provider."""

import re
from typing import Final, NamedTuple

_TRACEPARENT: Final = re.compile(
    rb"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)


class TraceParent(NamedTuple):
    """Where a call hangs: hex ids as on the wire."""

    trace_id: str
    span_id: str
    flags: str


def read_traceparent(value: bytes | None) -> TraceParent | None:
    """`None` for what is absent or breaks the standard: then a trace of its own begins."""
    if not value:
        return None
    match = _TRACEPARENT.fullmatch(value)
    if match is None:
        return None
    trace, span, flags = (part.decode("ascii") for part in match.group(1, 2, 3))
    return TraceParent(trace, span, flags) if trace.strip("0") and span.strip("0") else None


def write_traceparent(trace_id: str, span_id: str, flags: str) -> bytes:
    """Version 00."""
    return f"00-{trace_id}-{span_id}-{flags}".encode("ascii")
