"""The time that one of twenty calls exceeds, from a stream of times and in constant space.

Each time moves the estimate by a factor, up nineteen times as far as down, so that it rests where
one of twenty is above it. Source: Robbins and Monro 1951; Ma, Muthukrishnan and Sandler 2013.
"""

from math import exp
from typing import Final

ABOVE: Final = 0.05  # of the times
FEWEST: Final = 50  # times that an estimate needs
_STEP: Final = 0.1
_UP: Final = exp(_STEP * (1 - ABOVE))
_DOWN: Final = exp(-_STEP * ABOVE)


class SlowQuantile:
    """Seconds; `None` before there are enough times."""

    __slots__ = ("_count", "_value")

    def __init__(self) -> None:
        self._value = 0.0
        self._count = 0

    def observe(self, seconds: float) -> None:
        """Adds one time, which is more than 0."""
        if not self._count:
            self._value = seconds
        self._value *= _UP if seconds > self._value else _DOWN
        self._count += 1

    @property
    def value(self) -> float | None:
        """The estimate."""
        return self._value if self._count >= FEWEST else None
