"""`lowest_latency`: the faster of two random targets.

Two random choices are nearly as good as the best of all, and do not send every call to the one
target that looks fastest. Source: M. Mitzenmacher, The Power of Two Choices in Randomized Load
Balancing (2001).
"""

from collections.abc import Sequence

from penstock.plugins.strategies.weighted import draw
from penstock.spi.strategy import Randomness, RouteCandidate, RoutedCall, RouteStrategy


class LowestLatency:
    """Implements `RouteStrategy`. A target without a measurement is preferred."""

    def choose(
        self,
        call: RoutedCall,  # noqa: ARG002 - a `RouteStrategy`
        candidates: Sequence[RouteCandidate],
        random: Randomness,
    ) -> RouteCandidate:
        """Compares latency times load of two targets that are drawn by weight."""
        first = draw(candidates, random)
        others = [each for each in candidates if each is not first]
        if not others:
            return first
        return min(first, draw(others, random), key=_expected)


def _expected(each: RouteCandidate) -> float:
    return each.latency_s * (each.in_flight + 1)


def create() -> RouteStrategy:
    """The entry point."""
    return LowestLatency()
