"""The `Retry-After` header (RFC 9110, section 10.2.3): seconds, or a date."""

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

MAX_RETRY_AFTER_S: Final = 86_400  # a day; longer values are cut to it
MAX_VALUE_BYTES: Final = 64  # the longest date has 33


def read_retry_after(value: bytes, now_s: float) -> int | None:
    """Returns seconds from now, from 0 to a day; `None` if `value` is neither number nor date."""
    text = value.strip()
    if text.isdigit():
        few = text.lstrip(b"0")[:18] or b"0"  # more digits exceed the limit anyway
        return min(int(few), MAX_RETRY_AFTER_S)
    if not text or len(text) > MAX_VALUE_BYTES:
        return None
    try:
        moment = parsedate_to_datetime(text.decode("ascii"))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = moment.timestamp() - now_s
    except (ValueError, OverflowError):
        return None
    return int(min(max(seconds, 0), MAX_RETRY_AFTER_S))
