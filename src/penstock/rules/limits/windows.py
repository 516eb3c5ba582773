"""Calendar windows in a named time zone: their first moment and the one after their last."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from penstock.kernel.time import LATEST_NS, unix_ns, utc

SECOND_NS: Final = 1_000_000_000


class WindowUnit(StrEnum):
    """The length of a window. Weeks begin on Monday."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


# The units of rates; longer windows are counted from one date to the next.
LENGTHS_NS: Final = {
    WindowUnit.SECOND: SECOND_NS,
    WindowUnit.MINUTE: 60 * SECOND_NS,
    WindowUnit.HOUR: 3_600 * SECOND_NS,
}


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo | None:
    """Returns the time zone with an IANA name; `None` if this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return None


def window_at(now_ns: int, unit: WindowUnit, zone: ZoneInfo) -> tuple[int, int]:
    """Returns the window that a moment is in, as nanoseconds since the epoch: from, until.

    Moments before 1970 and after 2262 count as these years.
    """
    now_ns = min(max(now_ns, 0), LATEST_NS - 40 * 86_400 * SECOND_NS)
    if (length := LENGTHS_NS.get(unit)) is not None:
        offset = _offset_ns(now_ns, zone) if unit == WindowUnit.HOUR else 0
        start = (now_ns + offset) // length * length - offset
        return start, start + length
    today = utc(now_ns // SECOND_NS).astimezone(zone).date()
    for day in (today, today + timedelta(days=1)):  # a day may seem to go on after its end
        first = _first_day(day, unit)
        start, end = _midnight(first, zone), _midnight(_next(first, unit), zone)
        if start <= now_ns < end:
            return start, end
    raise AssertionError(f"no {unit} in {zone} has {now_ns}")


def _offset_ns(now_ns: int, zone: ZoneInfo) -> int:
    offset = utc(now_ns // SECOND_NS).astimezone(zone).utcoffset() or timedelta()
    return int(offset.total_seconds()) * SECOND_NS


def _first_day(day: date, unit: WindowUnit) -> date:
    match unit:
        case WindowUnit.WEEK:
            return day - timedelta(days=day.weekday())
        case WindowUnit.MONTH:
            return day.replace(day=1)
        case _:
            return day


def _next(first: date, unit: WindowUnit) -> date:
    match unit:
        case WindowUnit.WEEK:
            return first + timedelta(days=7)
        case WindowUnit.MONTH:
            return (first + timedelta(days=31)).replace(day=1)
        case _:
            return first + timedelta(days=1)


def _midnight(day: date, zone: ZoneInfo) -> int:
    """Returns the first moment of a day. Where a clock change makes midnight happen twice or not
    at all, it is the later reading."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return max(unix_ns(midnight.replace(fold=fold).astimezone(UTC)) for fold in (0, 1))
