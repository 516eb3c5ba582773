"""Limits how often a public key and an address may send feedback."""

import math
from threading import Lock
from typing import Final

from penstock.kernel.errors import RateLimited
from penstock.kernel.time import Clock

MAX_REMEMBERED: Final = 20_000  # keys and addresses; above this the oldest are forgotten
_MINUTE_S: Final = 60.0


class RequestRates:
    """Counts requests by name: `per_minute` of them, at most half a minute's at once (GCRA)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next: dict[str, float] = {}  # when the names would have used up what they have sent
        self._lock = Lock()

    def take(self, name: str, per_minute: int) -> None:
        """Counts a request. Raises `RateLimited` if there are too many."""
        every_s = _MINUTE_S / per_minute
        with self._lock:
            now = self._clock.monotonic()
            at = max(self._next.pop(name, 0.0), now)
            wait_s = at - now - max(_MINUTE_S / 2 - every_s, 0.0)
            if wait_s <= 0:
                at += every_s
            self._next[name] = at
            if len(self._next) > MAX_REMEMBERED:
                del self._next[next(iter(self._next))]
        if wait_s > 0:
            raise RateLimited(
                "Too much feedback at once.",
                hint="Send it again later.",
                retry_after_s=math.ceil(wait_s),
            )
