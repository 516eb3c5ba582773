"""Selects and orders rows of a ledger by what was measured of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from penstock.features.evaluations.model import MeasuredRow
from penstock.features.evaluations.reporting import measurement_of
from penstock.kernel.errors import InvalidRequest
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.metrics import MetricFacts
from penstock.rules.scores.vocabulary import ScoreState

MAX_SLICES: Final = 8  # members of metadata that a selection names; more are refused


class ResultOrder(StrEnum):
    """The order of results: of the dataset, or by the value of a metric."""

    DATASET = "dataset"
    WORST = "worst"
    BEST = "best"


@dataclass(frozen=True, slots=True)
class ResultSelection:
    """Results to choose. `metric`: those that have it, with one of `states`, and with `value` as
    text (`true`, `false`, a label). `slices`: with these values of members of the items'
    metadata. `order` is by the metric, if there is one."""

    metric: str = ""
    states: Sequence[ScoreState] = ()
    value: str = ""
    slices: Mapping[str, str] = field(default_factory=dict[str, str])
    order: ResultOrder = ResultOrder.DATASET

    @property
    def is_all(self) -> bool:
        """Returns whether it chooses all, in the order of the dataset."""
        return self == ResultSelection()

    def check(self, facts: Mapping[str, MetricFacts]) -> None:
        """Raises `InvalidRequest` for a metric that the run does not have, or if one is missing."""
        if self.metric and self.metric not in facts:
            raise InvalidRequest(
                f"The run has no metric {self.metric[:64]!r}.",
                hint=f"It has: {', '.join(facts)}",
                param="metric",
            )
        if not self.metric and (self.states or self.value):
            raise InvalidRequest("`measured` and `value` are of a `metric`: name it.")

    def within(self, rows: Iterable[MeasuredRow]) -> Iterator[MeasuredRow]:
        """Yields the rows of the slices."""
        wanted = self.slices.items()
        return (row for row in rows if all(row.facets.get(name) == it for name, it in wanted))

    def keys(
        self, facts: Mapping[str, MetricFacts], rows: Iterable[MeasuredRow]
    ) -> list[tuple[str, int]]:
        """Returns items and repeats of the chosen rows. Ordered by a metric, those without a number
        come last."""
        found: list[tuple[float, str, int]] = []
        sign = -1.0 if self.order is ResultOrder.BEST else 1.0
        if self.metric and facts[self.metric].higher_is_better is False:
            sign = -sign
        for row in self.within(rows):
            measured = measurement_of(row, self.metric) if self.metric else None
            if self.metric and (measured is None or not self._wants(measured)):
                continue
            found.append((sign * _number(measured), row.item_id, row.repeat))
        if self.metric and self.order is not ResultOrder.DATASET:
            found.sort(key=lambda each: each[0])
        return [(item_id, repeat) for _, item_id, repeat in found]

    def _wants(self, measured: Measurement) -> bool:
        if self.states and measured.state not in self.states:
            return False
        return not self.value or _text(measured) == self.value


def _number(measured: Measurement | None) -> float:
    value = None if measured is None else measured.value
    return float(value) if isinstance(value, bool | int | float) else float("inf")


def _text(measured: Measurement) -> str:
    value = measured.value
    return str(value).lower() if isinstance(value, bool) else str(value)
