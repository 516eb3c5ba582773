"""Generates, hashes and checks passwords. Each hash takes 32 MiB and 0.1 s of one core, so only a
few run or wait at a time; further ones are rejected, to keep the server responsive."""

import base64
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import Final

import msgspec

from penstock.infra.crypto import hash_password, password_matches
from penstock.kernel.errors import InvalidRequest, RateLimited

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 200
_RETRY_AFTER_S: Final = 1


class HashLimits(msgspec.Struct, frozen=True):
    """Limits of password hashes that run or wait at the same time."""

    running: int = 1
    """Hashes at a time; each keeps one core busy."""
    admitted: int = 12
    """Running and waiting ones together; each holds one of the web server's 40 threads."""
    unknown_sources: int = 8
    """Of these, the ones from unknown sources; the rest is reserved for known ones."""
    per_source: int = 4
    """Of these, the ones of one unknown source."""


class Passwords:
    """`random_bytes(n)` returns n random bytes; `cost`: see `hash_password`."""

    def __init__(
        self, random_bytes: Callable[[int], bytes], cost: int, limits: HashLimits | None = None
    ) -> None:
        self._random_bytes = random_bytes
        self._cost = cost
        self._slots = _Slots(limits or HashLimits())
        self._dummy = base64.b64encode(random_bytes(32)).decode()

    def generate(self) -> str:
        """Returns a new password of 24 characters with 120 random bits."""
        return base64.b32encode(self._random_bytes(15)).decode().lower()

    def require_usable(self, password: str) -> None:
        """Raises `InvalidRequest` if the password is too short or too long."""
        if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
            raise InvalidRequest(
                f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters.", param="password"
            )

    def hash(self, password: str) -> str:
        """Returns the hash to store. Raises `InvalidRequest` if the password is too short or too
        long, `RateLimited` if too many are being hashed."""
        self.require_usable(password)
        with self._slots.one():
            return hash_password(password, self._random_bytes(16), cost=self._cost)

    def matches(self, password: str, stored: str | None, *, unknown_source: str = "") -> bool:
        """Returns whether the password is right. Raises `RateLimited` if too many are being
        checked. `unknown_source`: the source, if it never signed in. Without a stored hash it
        takes the same time, so that response times do not reveal which addresses exist."""
        with self._slots.one(unknown_source):
            found = password_matches(password[:MAX_LENGTH], stored or self._dummy_hash())
            return found and stored is not None

    def _dummy_hash(self) -> str:
        """Returns a hash that no password matches; random bytes, so that its use costs no setup."""
        return f"scrypt${self._cost}$8$1${self._dummy}${self._dummy}"


class _Slots:
    """Limits how many hashes are computed or wait at a time, in total and by source."""

    def __init__(self, limits: HashLimits) -> None:
        self._limits = limits
        self._running = BoundedSemaphore(limits.running)
        self._lock = Lock()
        self._admitted: Counter[str] = Counter()

    @contextmanager
    def one(self, unknown_source: str = "") -> Generator[None]:
        """Holds a slot while the block runs. Raises `RateLimited` if none is free."""
        self._admit(unknown_source)
        try:
            with self._running:
                yield
        finally:
            with self._lock:
                self._admitted -= Counter({unknown_source: 1})  # drops entries at zero

    def _admit(self, unknown_source: str) -> None:
        limits = self._limits
        with self._lock:
            total = self._admitted.total()
            full = total >= limits.admitted
            if unknown_source:
                full = (
                    full
                    or self._admitted[unknown_source] >= limits.per_source
                    or total - self._admitted[""] >= limits.unknown_sources
                )
            if full:
                raise RateLimited(
                    "Too many users are signing in at the same time.",
                    hint="Try again in a second.",
                    code="sign_in_busy",
                    retry_after_s=_RETRY_AFTER_S,
                )
            self._admitted[unknown_source] += 1
