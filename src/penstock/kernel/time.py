"""Time as an argument: the clock port, and UTC on the wire (RFC 3339)."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def now_ns(self) -> int:
        """Nanoseconds since the Unix epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds that only go forward; differences mean something, values do not."""
        ...


class SystemClock:
    """The machine's own clock."""

    now_ns = staticmethod(time.time_ns)  # asked six times a call: no frame of our own

    def monotonic(self) -> float:
        return time.monotonic()


def rfc3339(unix_ns: int) -> str:
    """`2026-11-21T09:30:00.123456Z`: UTC with microseconds."""
    seconds, rest = divmod(unix_ns, 1_000_000_000)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{rest // 1000:06d}Z"


def parse_rfc3339(text: str) -> int:
    """Nanoseconds since the epoch; `ValueError` unless the text carries a time zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write it like 2026-11-21T09:30:00Z")
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * 1_000_000_000 + moment.microsecond * 1000
