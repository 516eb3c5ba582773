"""What is known of a rollout when it is decided on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from penstock.rules.statistics.sequential import Tally


@dataclass(frozen=True)
class ArmPeriod:
    """An arm while weights did not change: units that met the rollout for the first time, and for
    each guard metric (by its name) one value of each such unit."""

    units: int
    metrics: Mapping[str, Tally]


@dataclass(frozen=True)
class WeightPeriod:
    """A time without changes of weights. Both mappings are by arm."""

    weights: Mapping[str, int]
    arms: Mapping[str, ArmPeriod]


@dataclass(frozen=True)
class RolloutObserved:
    """A rollout at a time. Telemetry is complete up to `until`; `periods` are in order.

    `step` is the index in the plan's steps, since `since`; `references` are the baseline's means
    before the rollout, by metric.
    """

    baseline: str
    periods: tuple[WeightPeriod, ...]
    until: datetime
    since: datetime
    step: int | None
    references: Mapping[str, float]

    @property
    def candidates(self) -> list[str]:
        """The arms with a weight now, without the baseline."""
        weights = self.periods[-1].weights
        return sorted(name for name, each in weights.items() if each and name != self.baseline)
