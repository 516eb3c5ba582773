"""Moments on the wire: the one type for a time that a caller sets, and how times are shown."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

from penstock.kernel.time import LATEST_NS, unix_ns, utc


def _within_bounds(moment: datetime) -> datetime:
    if not 0 <= unix_ns(moment) <= LATEST_NS:
        raise ValueError("should be between the years 1970 and 2262")
    return moment


# A time that is stored: refused (422) where 64 bits of nanoseconds cannot hold it.
Moment = Annotated[AwareDatetime, AfterValidator(_within_bounds)]


def unix_ms(moment: datetime) -> int:
    """Milliseconds since the epoch."""
    return unix_ns(moment) // 1_000_000


def moment_of(ms: int) -> datetime:
    """The moment of a number of milliseconds since the epoch, in UTC. Never raises: stores may
    hold values from before there were bounds, and a list must show them."""
    seconds, rest = divmod(ms, 1000)
    return utc(seconds).replace(microsecond=rest * 1000)
