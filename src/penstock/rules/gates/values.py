"""The values of one metric over a run, and the differences of two runs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.scores.vocabulary import ScoreState
from penstock.rules.statistics.comparisons import mcnemar, permutation_test
from penstock.rules.statistics.distributions import rate_at_most, t_outside
from penstock.rules.statistics.intervals import (
    Interval,
    clustered_error,
    clustered_interval,
    mean_of,
    standard_error,
    t_interval,
    wilson,
)
from penstock.rules.statistics.paired_rates import paired_rates_interval

FLIPPED_UP_TO: Final = 100  # clusters that differ; for more, flips take long and say the same


@dataclass(frozen=True, slots=True)
class MetricValues:
    """The measurements of one metric in a run: the values of each item's repeats that were scored,
    booleans as 0 and 1, and how many measurements ended in each state."""

    values: Mapping[str, Sequence[float]]
    states: Mapping[ScoreState, int] = field(default_factory=dict[ScoreState, int])

    def per_item(self) -> dict[str, float]:
        """Returns the mean over repeats of each item that has a value."""
        return {
            item: values[0] if len(values) == 1 else mean_of(values)
            for item, values in self.values.items()
            if values
        }

    def plus(self, other: "MetricValues") -> "MetricValues":
        """Returns the values of both, as those of more repeats."""
        names = self.values.keys() | other.values.keys()
        states = self.states.keys() | other.states.keys()
        return MetricValues(
            {name: [*self.values.get(name, ()), *other.values.get(name, ())] for name in names},
            {state: self.states.get(state, 0) + other.states.get(state, 0) for state in states},
        )


@dataclass(frozen=True, slots=True)
class Advantages:
    """The differences of a candidate to its bound, item by item; worse is negative. Items of a
    cluster depend on each other; without clusters none depends on another."""

    values: Sequence[float]
    clusters: Sequence[str]
    is_rate: bool  # each is the difference of two rates, or of a rate and a bound

    def p_worse(self, random: Random) -> float:
        """Returns the one-sided p-value of a mean below 0: exact for pass or fail, by flipping the
        signs of clusters otherwise, and by Student's t for many."""
        sums = self._sums()
        signed = [each for each in sums if each]
        if len({abs(each) for each in signed}) <= 1:
            ups = sum(each > 0 for each in signed)
            both = mcnemar(ups, len(signed) - ups)
        elif len(signed) > FLIPPED_UP_TO and (error := self.error()):
            both = t_outside(abs(mean_of(self.values)) / error, len(sums) - 1)
        else:
            both = permutation_test(signed, random)
        return both / 2 if sum(signed) < 0 else 1 - both / 2

    def interval(self, level: float) -> Interval | None:
        """Returns the interval of the mean; none where the data do not show how much they vary."""
        if self.clusters:
            return clustered_interval(self.values, self.clusters, level)
        if self.is_rate and set(self.values) <= {-1.0, 0.0, 1.0}:
            better, worse = self.values.count(1.0), self.values.count(-1.0)
            return paired_rates_interval(better, worse, len(self.values), level)
        return t_interval(self.values, level)

    def error(self) -> float | None:
        """Returns the standard error of the mean; none without variation."""
        if self.clusters:
            return clustered_error(self.values, self.clusters) or None
        return standard_error(self.values)

    def _sums(self) -> Sequence[float]:
        """Returns the sum of each cluster."""
        if not self.clusters:
            return self.values
        sums: dict[str, float] = {}
        for value, cluster in zip(self.values, self.clusters, strict=True):
            sums[cluster] = sums.get(cluster, 0.0) + value
        return list(sums.values())


def advantages(
    facts: MetricFacts,
    candidate: Mapping[str, float],
    baseline: Mapping[str, float],
    groups: Mapping[str, str],
    *,
    margin: float = 0.0,
    ratio: float = 1.0,
) -> Advantages:
    """Returns the candidate's advantages over `ratio` times the baseline, plus `margin`, on the
    items that both have. An item without a group is a cluster of its own."""
    shared = [item for item in candidate if item in baseline]
    sign = -1.0 if facts.higher_is_better is False else 1.0
    return Advantages(
        [sign * (candidate[item] - ratio * baseline[item]) + margin for item in shared],
        _clusters(shared, groups),
        is_rate=facts.kind is MetricKind.RATE and ratio == 1 and margin == 0,
    )


def mean_interval(
    facts: MetricFacts, values: Mapping[str, float], groups: Mapping[str, str], level: float
) -> Interval | None:
    """Returns the interval of a metric's mean over items."""
    found, clusters = list(values.values()), _clusters(values, groups)
    if clusters:
        return clustered_interval(found, clusters, level)
    if facts.kind is MetricKind.RATE and set(found) <= {0.0, 1.0}:
        return wilson(round(sum(found)), len(found), level)
    return t_interval(found, level)


def p_below(
    facts: MetricFacts, values: Mapping[str, float], groups: Mapping[str, str], bound: float
) -> float | None:
    """Returns the one-sided p-value of a mean below the bound: exact for rates, by Student's t
    otherwise. None for means that do not show how much they vary."""
    found, clusters = list(values.values()), _clusters(values, groups)
    if not clusters and facts.kind is MetricKind.RATE and set(found) <= {0.0, 1.0}:
        return rate_at_most(round(sum(found)), len(found), bound)
    error = clustered_error(found, clusters) if clusters else standard_error(found)
    if not error:
        return None
    t = (mean_of(found) - bound) / error
    outside = t_outside(abs(t), len(set(clusters) or found) - 1)
    return outside / 2 if t < 0 else 1 - outside / 2


def _clusters(items: Collection[str], groups: Mapping[str, str]) -> list[str]:
    """Returns the cluster of each item, its group or itself; none if each item is alone."""
    if not groups:
        return []
    found = [f"group {group}" if (group := groups.get(item)) else f"item {item}" for item in items]
    return found if len(set(found)) < len(found) else []
