"""Forecasts of limits: what will be used at the end of the window, if it goes on like this."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_TOO_EARLY: Final = 100  # no forecast from less than this part of a window


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A time range in Unix milliseconds."""

    start_ms: int
    end_ms: int

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class Forecast:
    """The use at the end of a window, and when the limit is used up: 0 if not in this window."""

    at_end: Decimal
    used_up_ms: int = 0


def forecast(
    used: Decimal, amount: Decimal, window: TimeSpan, now_ms: int, recent: tuple[Decimal, int]
) -> Forecast | None:
    """Returns the forecast for the end of the window, where `recent` is an amount and the
    milliseconds in which it was used; `None` while those are too few to say anything."""
    of_recent, in_ms = recent
    left_ms = window.end_ms - now_ms
    if left_ms < 0 or in_ms * _TOO_EARLY < window.length_ms:
        return None
    at_end = used + of_recent * left_ms / in_ms
    if used >= amount:
        return Forecast(at_end, now_ms)
    if at_end < amount:
        return Forecast(at_end)
    return Forecast(at_end, now_ms + int((amount - used) * in_ms / of_recent))
