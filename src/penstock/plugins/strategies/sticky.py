"""`sticky`: calls that belong together meet the same target, which keeps its prompt cache warm.

Weighted rendezvous hashing: if a target is added, removed or fails, only its own share of the
calls moves.
"""

from collections.abc import Sequence

from penstock.rules.rendezvous import hash_of_option, waiting_time
from penstock.spi.strategy import Randomness, RouteCandidate, RoutedCall, RouteStrategy


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
    return each.weight / waiting_time(hash_of_option(each.id.encode()), key)


def create() -> RouteStrategy:
    """The entry point."""
    return Sticky()
