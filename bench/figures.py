"""Statistics: percentiles, medians over rounds, ratios. Pure."""

from collections.abc import Iterable, Sequence
from math import ceil
from statistics import median


def percentile(values: Sequence[int], share: float) -> int:
    """Returns the nearest-rank percentile, `share` in (0, 100]; 0 for no values."""
    if not values:
        return 0
    return sorted(values)[ceil(len(values) * share / 100) - 1]


def medians(rounds: Iterable[dict[str, float]]) -> dict[str, float]:
    """The median of each figure over the rounds in which it was measured."""
    collected: dict[str, list[float]] = {}
    for figures in rounds:
        for name, value in figures.items():
            collected.setdefault(name, []).append(value)
    return {name: median(values) for name, values in collected.items()}


def ratio(value: float, baseline: float) -> float:
    """Returns `value / baseline`, or 0 if the baseline is 0."""
    return value / baseline if baseline else 0.0
