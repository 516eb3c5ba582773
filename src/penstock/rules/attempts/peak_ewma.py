"""A latency that rises at once and falls slowly: the peak-sensitive moving average of Finagle.

It reacts to a target that becomes slow before many calls have gone there.
Source: https://linkerd.io/2016/03/16/beyond-round-robin-load-balancing-for-latency/
"""

from math import exp
from typing import Final

DECAY_S: Final = 10.0


class PeakEwma:
    """Seconds; 0 before the first value."""

    __slots__ = ("_at", "value")

    def __init__(self) -> None:
        self.value = 0.0
        self._at = 0.0

    def observe(self, latency_s: float, now: float) -> None:
        """Adds one latency that was measured at `now`."""
        if latency_s >= self.value:
            self.value = latency_s
        else:
            kept = exp((self._at - now) / DECAY_S)
            self.value = self.value * kept + latency_s * (1 - kept)
        self._at = now
