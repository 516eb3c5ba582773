"""`weighted`: each target gets its share of the calls."""

from collections.abc import Sequence

from penstock.spi.strategy import Randomness, RouteCandidate, RoutedCall, RouteStrategy


def draw(candidates: Sequence[RouteCandidate], random: Randomness) -> RouteCandidate:
    """Returns a target with the probability of its weight. Targets of weight 0 are drawn only if
    there are no others."""
    total = sum(each.weight for each in candidates)
    if not total:
        return candidates[int(random.random() * len(candidates))]
    at = random.random() * total
    for each in candidates:
        at -= each.weight
        if at < 0:
            return each
    return candidates[-1]


class Weighted:
    """Implements `RouteStrategy`."""

    def choose(
        self,
        call: RoutedCall,  # noqa: ARG002 - a `RouteStrategy`
        candidates: Sequence[RouteCandidate],
        random: Randomness,
    ) -> RouteCandidate:
        """Draws by weight."""
        return draw(candidates, random)


def create() -> RouteStrategy:
    """The entry point."""
    return Weighted()
