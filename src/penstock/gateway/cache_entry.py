"""The place of a call's answer in the cache."""

from dataclasses import dataclass

from penstock.rules.answer_cache import CacheChoice, CachedAnswer


@dataclass(slots=True)
class CacheEntry:
    """`digest` names the answer; `found` is the one that was there and was sent."""

    digest: str
    choice: CacheChoice
    found: CachedAnswer | None = None
