"""Strategies that choose the target with the lowest value of something."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from penstock.plugins.strategies.weighted import draw
from penstock.spi.strategy import Randomness, RouteCandidate, RoutedCall, RouteStrategy


@dataclass(frozen=True, slots=True)
class Lowest:
    """Implements `RouteStrategy`: the lowest value wins; among equal ones the weights decide."""

    value: Callable[[RouteCandidate], float]

    def choose(
        self,
        call: RoutedCall,  # noqa: ARG002 - a `RouteStrategy`
        candidates: Sequence[RouteCandidate],
        random: Randomness,
    ) -> RouteCandidate:
        """Compares all candidates."""
        values = [self.value(each) for each in candidates]
        least = min(values)
        best = [each for each, value in zip(candidates, values, strict=True) if value == least]
        return best[0] if len(best) == 1 else draw(best, random)


def least_busy() -> RouteStrategy:
    """`least_busy`: the fewest calls in progress, in proportion to the weight."""
    return Lowest(lambda each: (each.in_flight + 1) / max(each.weight, 1))


def lowest_cost() -> RouteStrategy:
    """`lowest_cost`: the lowest estimated cost of this call; unpriced targets go last."""
    return Lowest(lambda each: each.cost())


def lowest_usage() -> RouteStrategy:
    """`lowest_usage`: the fewest tokens of the last minute, in proportion to the weight."""
    return Lowest(lambda each: each.recent_tokens / max(each.weight, 1))
