"""W3C Trace Context: continues a caller's `traceparent` and passes it on to the provider."""

import re
from typing import Final, NamedTuple

_TRACEPARENT: Final = re.compile(
    rb"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)


class TraceParent(NamedTuple):
    """The parent of a call's span; ids are lower-case hex."""

    trace_id: str
    span_id: str
    flags: str


def read_traceparent(value: bytes | None) -> TraceParent | None:
    """Parses the header; `None` if it is absent or invalid: then the call starts a new trace."""
    if not value:
        return None
    match = _TRACEPARENT.fullmatch(value)
    if match is None:
        return None
    trace, span, flags = (part.decode("ascii") for part in match.group(1, 2, 3))
    return TraceParent(trace, span, flags) if trace.strip("0") and span.strip("0") else None


def write_traceparent(trace_id: str, span_id: str, flags: str) -> bytes:
    """Formats the header, version 00."""
    return f"00-{trace_id}-{span_id}-{flags}".encode("ascii")
