"""The place of a call's answer in the cache."""

from dataclasses import dataclass
from typing import Protocol

from penstock.rules.answer_cache import CachedAnswer


class EntryLock(Protocol):
    """Held by the call whose answer others wait for."""

    def release(self) -> None: ...


@dataclass(slots=True)
class CacheEntry:
    """`place` names the answer, which is kept for `keep_s` seconds. `request` is the digest of a
    request with an idempotency key. `found` is the answer that was there and was sent."""

    place: str
    keep_s: int
    request: str = ""
    found: CachedAnswer | None = None
    lock: EntryLock | None = None

    def release(self) -> None:
        """Releases the lock, so that calls with the same idempotency key go on."""
        if self.lock is not None:
            self.lock.release()
            self.lock = None
