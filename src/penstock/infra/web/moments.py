"""Times in the REST API: the type of a time that clients send, and conversions."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

from penstock.kernel.time import LATEST_NS, unix_ns, utc


def _within_bounds(moment: datetime) -> datetime:
    if not 0 <= unix_ns(moment) <= LATEST_NS:
        raise ValueError("should be between the years 1970 and 2262")
    return moment


# A time to store: rejected (422) if 64 bits of nanoseconds cannot hold it.
Moment = Annotated[AwareDatetime, AfterValidator(_within_bounds)]


def unix_ms(moment: datetime) -> int:
    """Returns milliseconds since the Unix epoch."""
    return unix_ns(moment) // 1_000_000


def moment_of(ms: int) -> datetime:
    """Returns the time of a number of milliseconds since the Unix epoch, in UTC. Never raises:
    older versions may have stored values out of range, which lists must show."""
    seconds, rest = divmod(ms, 1000)
    return utc(seconds).replace(microsecond=rest * 1000)
