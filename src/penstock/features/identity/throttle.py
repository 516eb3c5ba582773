"""Slows down password guessing: attempts are counted before a password is checked, and the waiting
time doubles.

The rules ensure that an attacker cannot lock out other users; see
docs/decisions/0023-sign-in-throttle.md. The counters are in memory: the server is one process.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock
from typing import NamedTuple

import msgspec

from penstock.kernel.errors import RateLimited
from penstock.kernel.time import Clock


class ThrottleLimits(msgspec.Struct, frozen=True):
    """Limits of the throttle."""

    source_failures: int = 5
    """Wrong passwords from one source for one account before it must wait."""
    account_failures: int = 30
    """Wrong passwords for one account from all sources that never signed in to it, before they must
    wait."""
    max_wait_s: float = 300.0
    """The longest wait. It starts at one second and doubles with each wrong password."""
    forget_after_s: float = 900.0
    """How long after its last wrong password an entry is deleted."""
    max_remembered: int = 20_000
    """Entries of sources and accounts; above this the oldest are deleted."""


class Source(NamedTuple):
    """The origin of an attempt: the peer's address, and the device if this account has signed in
    from it before (else empty)."""

    peer: str = ""
    device: str = ""


class SignInAttempt(NamedTuple):
    """A counted attempt: its counters, each with the number of failures without a wait."""

    keys: Sequence[tuple[bytes, int]]
    known: bytes = b""  # stored as known if the attempt succeeds


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last: float = 0.0


class Throttle:
    """Counts attempts by source and account."""

    def __init__(self, clock: Clock, limits: ThrottleLimits | None = None) -> None:
        self._clock = clock
        self._limits = limits or ThrottleLimits()
        self._failures: dict[bytes, _Failures] = {}
        self._known: dict[bytes, None] = {}
        self._lock = Lock()

    def begin(self, account: str, source: Source) -> SignInAttempt:
        """Counts an attempt as failed in advance. Raises `RateLimited` if it must wait."""
        attempt = self._attempt(account, source)
        with self._lock:
            now = self._clock.monotonic()
            wait_s = max(self._wait_s(key, free, now) for key, free in attempt.keys)
            if wait_s:
                raise RateLimited(
                    "Too many wrong passwords.",
                    hint=f"Try again in {wait_s} s.",
                    code="sign_in_throttled",
                    retry_after_s=wait_s,
                )
            for key, _ in attempt.keys:
                self._count(key, now)
        return attempt

    def succeeded(self, attempt: SignInAttempt) -> None:
        """Deletes the failures of the attempt's source and stores the source as known. Failures of
        other sources stay counted."""
        with self._lock:
            own, *others = attempt.keys
            self._failures.pop(own[0], None)
            self._release(others)
            if attempt.known:
                self._known.pop(attempt.known, None)
                self._known[attempt.known] = None
                if len(self._known) > self._limits.max_remembered:
                    del self._known[next(iter(self._known))]

    def cancel(self, attempt: SignInAttempt) -> None:
        """Removes an attempt whose password was not checked from the counters."""
        with self._lock:
            self._release(attempt.keys)

    def remembered(self) -> int:
        """Returns how many entries are kept."""
        return len(self._failures) + len(self._known)

    def _attempt(self, account: str, source: Source) -> SignInAttempt:
        free = self._limits.source_failures
        if source.device:
            return SignInAttempt([(_key("device", source.device), free)])
        own = _key("peer", account, source.peer)
        if own in self._known:
            return SignInAttempt([(own, free)], own)
        return SignInAttempt(
            [(own, free), (_key("account", account), self._limits.account_failures)], own
        )

    def _wait_s(self, key: bytes, free: int, now: float) -> int:
        failures = self._failures.get(key)
        if failures is None or failures.count < free:
            return 0
        # The exponent is bounded: 2.0**1024 overflows.
        wait = min(2.0 ** min(failures.count - free, 60), self._limits.max_wait_s)
        return max(0, math.ceil(failures.last + wait - now))

    def _count(self, key: bytes, now: float) -> None:
        """Counts one failure. The entry moves to the end, so that the oldest come first."""
        failures = self._failures.pop(key, None)
        if failures is None or now - failures.last >= self._limits.forget_after_s:
            failures = _Failures()
        self._failures[key] = _Failures(failures.count + 1, now)
        if len(self._failures) > self._limits.max_remembered:
            del self._failures[next(iter(self._failures))]

    def _release(self, keys: Sequence[tuple[bytes, int]]) -> None:
        for key, _ in keys:
            failures = self._failures.get(key)
            if failures is not None:
                failures.count -= 1
                if failures.count <= 0:
                    del self._failures[key]


def _key(*parts: str) -> bytes:
    """Returns a digest of 16 bytes, so that long texts take no memory."""
    return blake2b("\0".join(parts).encode(), digest_size=16).digest()
