"""Passwords: made, hashed and checked. Each hash takes 32 MiB and a tenth of a second of one core,
so few run at a time, few wait, and the rest is refused at once: the server has other work."""

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
    """How many passwords are hashed or wait for it at a time."""

    running: int = 1
    """Hashes at a time; each keeps one core busy."""
    admitted: int = 12
    """Running and waiting ones together; each holds one of the web server's 40 threads."""
    strangers: int = 8
    """Of these, the ones from sources that never signed in: the rest is kept for known ones."""
    per_source: int = 4
    """Of these, the ones of one source."""


class Passwords:
    """`random_bytes(n)` returns n random bytes; `cost`: see `hash_password`."""

    def __init__(
        self, random_bytes: Callable[[int], bytes], cost: int, limits: HashLimits | None = None
    ) -> None:
        self._random_bytes = random_bytes
        self._cost = cost
        self._slots = _Slots(limits or HashLimits())
        self._nobody = base64.b64encode(random_bytes(32)).decode()

    def generate(self) -> str:
        """A new password of 24 characters: 120 random bits, easy to read aloud."""
        return base64.b32encode(self._random_bytes(15)).decode().lower()

    def require_usable(self, password: str) -> None:
        """`InvalidRequest` if the password is too short or too long."""
        if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
            raise InvalidRequest(
                f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters.", param="password"
            )

    def hash(self, password: str) -> str:
        """What is stored; `InvalidRequest` if the password is too short or too long,
        `RateLimited` if too many are being hashed."""
        self.require_usable(password)
        with self._slots.one():
            return hash_password(password, self._random_bytes(16), cost=self._cost)

    def matches(self, password: str, stored: str | None, *, stranger: str = "") -> bool:
        """Whether the password is right; `RateLimited` if too many are being checked. `stranger`:
        who asks, if nobody knows them. With nothing stored it is not right, but takes as long, so
        that an answer's time does not tell which addresses exist."""
        with self._slots.one(stranger):
            found = password_matches(password[:MAX_LENGTH], stored or self._stored_for_nobody())
            return found and stored is not None

    def _stored_for_nobody(self) -> str:
        """A hash of no password; made of random bytes, so that the first use takes no longer."""
        return f"scrypt${self._cost}$8$1${self._nobody}${self._nobody}"


class _Slots:
    """Who hashes now and who waits for it."""

    def __init__(self, limits: HashLimits) -> None:
        self._limits = limits
        self._running = BoundedSemaphore(limits.running)
        self._lock = Lock()
        self._admitted: Counter[str] = Counter()

    @contextmanager
    def one(self, stranger: str = "") -> Generator[None]:
        """A slot for as long as the block runs, or `RateLimited` at once."""
        self._admit(stranger)
        try:
            with self._running:
                yield
        finally:
            with self._lock:
                self._admitted -= Counter({stranger: 1})  # drops what falls to zero

    def _admit(self, stranger: str) -> None:
        limits = self._limits
        with self._lock:
            total = self._admitted.total()
            full = total >= limits.admitted
            if stranger:
                full = (
                    full
                    or self._admitted[stranger] >= limits.per_source
                    or total - self._admitted[""] >= limits.strangers
                )
            if full:
                raise RateLimited(
                    "Too many sign-ins at a time.",
                    hint="Try again in a second.",
                    code="sign_in_busy",
                    retry_after_s=_RETRY_AFTER_S,
                )
            self._admitted[stranger] += 1
