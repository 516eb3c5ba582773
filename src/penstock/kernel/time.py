"""Time as an argument: the clock port, and UTC on the wire (RFC 3339)."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

# The last moment that nanoseconds since the epoch hold in 64 bits: 2262-04-11T23:47:16Z.
LATEST_NS: Final = 2**63 - 1

_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_FIRST_S: Final = (datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)
_LAST_S: Final = (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)


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


def utc(unix_s: int) -> datetime:
    """The moment in UTC. Never raises: what lies outside the years 1 to 9999 is cut to them."""
    return _EPOCH + timedelta(seconds=min(max(unix_s, _FIRST_S), _LAST_S))


def rfc3339(unix_ns: int) -> str:
    """`2026-11-21T09:30:00.123456Z`: UTC with microseconds; cut to the years 1 to 9999."""
    seconds, rest = divmod(unix_ns, 1_000_000_000)
    return f"{utc(seconds).replace(tzinfo=None).isoformat()}.{rest // 1000:06d}Z"


def unix_ns(moment: datetime) -> int:
    """Nanoseconds since the epoch of a moment with a time zone; exact, never raises.

    Not `timestamp()` or `astimezone()`: they overflow where an offset leads out of the years 1 to
    9999.
    """
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def stored_ns(unix_ns: int) -> int:
    """The nearest time that the column store can hold: for bounds of a range, where
    `to=9999-12-31` means "without end"."""
    return min(max(unix_ns, 0), LATEST_NS)


def parse_rfc3339(text: str) -> int:
    """Nanoseconds since the epoch; `ValueError` unless the text carries a time zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write it like 2026-11-21T09:30:00Z")
    return unix_ns(moment)
