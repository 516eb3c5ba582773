"""The clock port, and times as UTC text (RFC 3339)."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

# The last time in nanoseconds since the epoch that fits into 64 bits: 2262-04-11T23:47:16Z.
LATEST_NS: Final = 2**63 - 1

_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_FIRST_S: Final = (datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)
_LAST_S: Final = (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)


class Clock(Protocol):
    """A source of time."""

    def now_ns(self) -> int:
        """Returns nanoseconds since the Unix epoch."""
        ...

    def monotonic(self) -> float:
        """Returns seconds of a clock that never goes back; only differences are meaningful."""
        ...


class SystemClock:
    """The clock of the machine."""

    # called several times for each call: no Python frames of their own
    now_ns = staticmethod(time.time_ns)
    monotonic = staticmethod(time.monotonic)


def utc(unix_s: int) -> datetime:
    """Returns the time in UTC, clamped to the years 1 to 9999. Never raises."""
    return _EPOCH + timedelta(seconds=min(max(unix_s, _FIRST_S), _LAST_S))


def rfc3339(unix_ns: int) -> str:
    """Formats `2026-11-21T09:30:00.123456Z`: UTC with microseconds, clamped to the years 1 to
    9999."""
    seconds, rest = divmod(unix_ns, 1_000_000_000)
    return f"{utc(seconds).replace(tzinfo=None).isoformat()}.{rest // 1000:06d}Z"


def unix_ns(moment: datetime) -> int:
    """Returns nanoseconds since the epoch of a time with a time zone; exact, never raises.

    Does not use `timestamp()` or `astimezone()`: they overflow if the offset leads out of the years
    1 to 9999.
    """
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def stored_ns(unix_ns: int) -> int:
    """Clamps a time to what the column store can represent, for the bounds of a range:
    `to=9999-12-31` means "without end"."""
    return min(max(unix_ns, 0), LATEST_NS)


def parse_rfc3339(text: str) -> int:
    """Returns nanoseconds since the epoch. Raises `ValueError` if the time zone is missing."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write it like 2026-11-21T09:30:00Z")
    return unix_ns(moment)
