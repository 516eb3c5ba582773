"""`sticky`: calls that belong together meet the same target, which keeps its prompt cache warm.

Weighted rendezvous hashing: if a target is added, removed or fails, only its own share of the
calls moves. Source: D. Thaler and C. Ravishankar, Using Name-Based Mappings to Increase Hit Rates
(1998); weights: J. Resch, New Hashing Algorithms for Data Storage (2015).
"""

from collections.abc import Sequence
from hashlib import blake2b
from math import log
from typing import Final

from penstock.spi.strategy import Randomness, RouteCandidate, RoutedCall, RouteStrategy

_HASHES: Final = 2**64


class Sticky:
    """Implements `RouteStrategy`. A target of weight 0 is chosen only if there are no others."""

    def choose(
        self,
        call: RoutedCall,
        candidates: Sequence[RouteCandidate],
        random: Randomness,  # noqa: ARG002 - a `RouteStrategy`
    ) -> RouteCandidate:
        """Returns the target with the highest score for what the calls have in common."""
        key = call.affinity()
        return max(candidates, key=lambda each: (_score(key, each), each.id))


def _score(key: bytes, each: RouteCandidate) -> float:
    digest = blake2b(key, digest_size=8, key=blake2b(each.id.encode()).digest()).digest()
    uniform = (int.from_bytes(digest, "big") + 1) / (_HASHES + 1)
    return each.weight / -log(uniform)


def create() -> RouteStrategy:
    """The entry point."""
    return Sticky()
