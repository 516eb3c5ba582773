"""The times of a cron expression in a time zone. Pure.

Five fields, as in Debian's cron: also for the hours that a change of the clocks skips or repeats.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from itertools import islice, pairwise, takewhile
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from penstock.kernel.errors import InvalidRequest

MIN_GAP_S: Final = 300  # between two times of an expression; closer ones are refused
_CHECKED: Final = 100  # times whose distance is checked
_FIELDS: Final = 5
_COUNTED: Final = 1000  # times between two looks; more are not counted


def next_time_ms(cron: str, time_zone: str, after_ms: int) -> int:
    """Returns the first time after another one, in Unix milliseconds; 0 if there is none."""
    return next(_times(cron, time_zone, after_ms), 0)


def count_times(cron: str, time_zone: str, after_ms: int, until_ms: int) -> int:
    """Returns how many times there are after one, until another: at most 1,000."""
    found = islice(_times(cron, time_zone, after_ms), _COUNTED)
    return sum(1 for _ in takewhile(lambda each: each <= until_ms, found))


def shown_time(at_ms: int, time_zone: str) -> str:
    """Returns a time in its zone: `2026-11-30T06:00+01:00`."""
    moment = datetime.fromtimestamp(at_ms / 1000, _zone(time_zone))
    return moment.isoformat(timespec="minutes")


def check_times(cron: str, time_zone: str) -> None:
    """Raises `InvalidRequest` unless an expression has times, far enough from each other."""
    if len(cron.split()) != _FIELDS:
        raise _invalid("A cron expression has five fields, such as `0 6 * * 1-5`.", "cron")
    _zone(time_zone)
    try:
        found = list(islice(_times(cron, time_zone, 0), _CHECKED))
    except CronSimError as error:
        raise _invalid(f"The cron expression is wrong: {error}.", "cron") from error
    if not found:
        raise _invalid("The cron expression has no time.", "cron")
    if any(later - earlier < MIN_GAP_S * 1000 for earlier, later in pairwise(found)):
        raise _invalid(f"Two times are at least {MIN_GAP_S // 60} minutes apart.", "cron")


def _times(cron: str, time_zone: str, after_ms: int) -> Iterator[int]:
    """Yields times in their order: where clocks go back, the library begins with an earlier one,
    where they go forward, it has one several times."""
    last, begin = after_ms, datetime.fromtimestamp(after_ms / 1000, UTC)
    for each in CronSim(cron, begin.astimezone(_zone(time_zone))):
        found = int(each.timestamp()) * 1000
        if found > last:
            yield found
            last = found


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # unknown, no name, a folder
        raise _invalid(
            f"{name[:64]!r} is no time zone: use a name such as Europe/Berlin.", "time_zone"
        ) from error


def _invalid(message: str, param: str) -> InvalidRequest:
    return InvalidRequest(message, code="evaluation_schedule_invalid", param=param)
