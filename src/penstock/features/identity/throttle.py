"""Slows down guessing: after a few wrong passwords an address must wait, twice as long each time.

Kept in memory: the server is one process, and a restart costs a guesser more than it gives.
"""

import math
from dataclasses import dataclass
from threading import Lock
from typing import Final

from penstock.kernel.time import Clock

_FREE_FAILURES: Final = 5
_MAX_WAIT_S: Final = 300.0
_FORGET_AFTER_S: Final = 900.0
_MAX_ADDRESSES: Final = 10_000


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last: float = 0.0


class Throttle:
    """Counts failures by address."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: dict[str, _Failures] = {}
        self._lock = Lock()

    def wait_s(self, address: str) -> int:
        """Whole seconds until the next try is allowed; 0: now."""
        with self._lock:
            failures = self._failures.get(address)
            if failures is None or failures.count < _FREE_FAILURES:
                return 0
            wait = min(2.0 ** (failures.count - _FREE_FAILURES), _MAX_WAIT_S)
            return max(0, math.ceil(failures.last + wait - self._clock.monotonic()))

    def failed(self, address: str) -> None:
        """Counts a wrong password."""
        now = self._clock.monotonic()
        with self._lock:
            self._forget(now)
            failures = self._failures.setdefault(address, _Failures())
            failures.count = failures.count + 1 if now - failures.last < _FORGET_AFTER_S else 1
            failures.last = now

    def succeeded(self, address: str) -> None:
        """Forgets the failures of an address."""
        with self._lock:
            self._failures.pop(address, None)

    def _forget(self, now: float) -> None:
        if len(self._failures) < _MAX_ADDRESSES:
            return
        fresh = {a: f for a, f in self._failures.items() if now - f.last < _FORGET_AFTER_S}
        self._failures = fresh if len(fresh) < _MAX_ADDRESSES else {}
