"""The mean of values that come one after the other, with its interval: they are not kept."""

from math import sqrt

from penstock.rules.statistics.distributions import t_quantile
from penstock.rules.statistics.intervals import Interval, wilson


class _Moments:
    """The number, mean and sum of squared deviations of values.

    B. P. Welford, Note on a Method for Calculating Corrected Sums of Squares and Products (1962).
    """

    __slots__ = ("count", "mean", "squares")

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self.squares = 0.0

    def add(self, value: float) -> None:
        self.count += 1
        before = value - self.mean
        self.mean += before / self.count
        self.squares += before * (value - self.mean)


class RunningMean:
    """A mean. Values of the same cluster depend on each other; those without one depend on none.
    The memory grows with the number of clusters only."""

    def __init__(self) -> None:
        self._all = _Moments()
        self._alone = _Moments()
        self._clusters: dict[str, _Moments] = {}
        self._total = 0.0
        self._passes = True  # all values are 0 or 1

    @property
    def count(self) -> int:
        """Returns the number of values."""
        return self._all.count

    @property
    def mean(self) -> float | None:
        """Returns the mean; none without values."""
        return self._total / self._all.count if self._all.count else None

    def add(self, value: float, cluster: str = "") -> None:
        """Adds a value."""
        self._all.add(value)
        self._total += value
        self._passes = self._passes and value in (0.0, 1.0)
        if cluster:
            self._clusters.setdefault(cluster, _Moments()).add(value)
        else:
            self._alone.add(value)

    def interval(self, level: float, *, is_rate: bool) -> Interval | None:
        """Returns the interval: Wilson's for a rate of passes that depend on none, else that of
        Student's t with clustered errors, as `clustered_interval` has it. None where the values do
        not show how much they vary."""
        count, mean = self._all.count, self._all.mean
        groups = len(self._clusters) + self._alone.count
        if is_rate and self._passes and groups == count:
            return wilson(round(self._total), count, level)
        squares = self._alone.squares + self._alone.count * (self._alone.mean - mean) ** 2
        squares += sum((each.count * (each.mean - mean)) ** 2 for each in self._clusters.values())
        if groups < 2 or not squares:
            return None
        error = sqrt(groups / (groups - 1) * squares) / count
        half = t_quantile(level, groups - 1) * error
        mean = self._total / count
        return Interval(mean, mean - half, mean + half)
