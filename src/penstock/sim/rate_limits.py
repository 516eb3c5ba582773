"""Limits of the simulator: a token bucket for each API key, and a number of calls at once."""

import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from penstock.kernel.errors import RateLimited

_FULL_AGAIN_S: Final = 1  # the `Retry-After` of a call above the limit of calls at once


@dataclass(slots=True)
class _Bucket:
    left: float
    at_s: float


@dataclass(frozen=True, slots=True)
class RateLimitState:
    """The rate limit of a key after a request. `retry_after_s` is 0 if the request was allowed."""

    limit: int
    remaining: int
    retry_after_s: float

    def check(self) -> None:
        """Raises `RateLimited` if the request was not allowed."""
        if self.retry_after_s > 0:
            raise RateLimited(
                f"Rate limit reached: {self.limit} requests per minute.",
                retry_after_s=math.ceil(self.retry_after_s),
            )


class RateLimit:
    """Limits the requests per minute of each API key; 0 = no limit."""

    def __init__(self, requests_per_minute: float) -> None:
        self._limit = requests_per_minute
        self._buckets: dict[str, _Bucket] = {}

    def take(self, key: str, now_s: float) -> RateLimitState | None:
        """Counts a request of `key` at the monotonic time `now_s`. Returns None if unlimited."""
        if self._limit <= 0:
            return None
        bucket = self._buckets.setdefault(key, _Bucket(self._limit, now_s))
        per_second = self._limit / 60
        bucket.left = min(self._limit, bucket.left + (now_s - bucket.at_s) * per_second)
        bucket.at_s = now_s
        if bucket.left < 1:
            return RateLimitState(int(self._limit), 0, (1 - bucket.left) / per_second)
        bucket.left -= 1
        return RateLimitState(int(self._limit), int(bucket.left), 0.0)


class CallLimit:
    """Limits the calls that are served at once; 0 = no limit."""

    def __init__(self, concurrent_calls: int) -> None:
        self._most = concurrent_calls
        self._served = 0

    @contextmanager
    def place(self) -> Generator[Callable[[], None]]:
        """Holds a place for a call until its end, or until the function is called that it yields.
        Raises `RateLimited` if there is none."""
        if 0 < self._most <= self._served:
            raise RateLimited(
                f"Too many calls at once: at most {self._most}.", retry_after_s=_FULL_AGAIN_S
            )
        held = 1
        self._served += held

        def free() -> None:
            nonlocal held
            self._served -= held
            held = 0

        try:
            yield free
        finally:
            free()
