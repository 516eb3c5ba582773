"""Makes reports and comparisons of the rows of a ledger."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from penstock.features.evaluations.model import (
    EvaluationPlan,
    FindEvaluator,
    MeasuredRow,
    Result,
    ResultState,
)
from penstock.features.evaluations.values import ValueBlocks
from penstock.kernel.digests import content_hash
from penstock.rules.document import Document
from penstock.rules.eval_reports.report import MetricReport, ReportBuilder, SampledItem
from penstock.rules.eval_reports.summary import (
    COST,
    LATENCY,
    RunSummary,
    measured_metrics,
    quantile,
)
from penstock.rules.evaluation.measurements import Measurement, scored, unmeasured
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind

_OWN: Final = {
    LATENCY: MetricFacts(MetricKind.MEAN, higher_is_better=False, least=0, unit="ms"),
    COST: MetricFacts(MetricKind.MEAN, higher_is_better=False, least=0, unit="USD"),
}


class RunReport(Document, frozen=True):
    """The report of a run. `rows` by state; `cost_usd`: of answers, judges and simulated users
    together, `user_cost_usd` of the last alone."""

    rows: dict[str, int]
    cost_usd: float
    metrics: tuple[MetricReport, ...]
    user_cost_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class EndedRun:
    """The parts of a run that are stored once it has ended."""

    report: dict[str, Any]
    summary: RunSummary
    values: bytes


def facts_of(plan: EvaluationPlan, find: FindEvaluator) -> dict[str, MetricFacts]:
    """Returns what the metrics of a run are: of its evaluators, latency, and cost."""
    chosen = {each.name: find(each.kind).facts(each.options) for each in plan.evaluators}
    return chosen | _OWN


class RunCollector:
    """Collects the rows of a run, in the order of its dataset. Rows are not kept: their values are,
    compressed."""

    def __init__(self, plan: EvaluationPlan, find: FindEvaluator) -> None:
        self._plan = plan
        self._builders = {
            name: ReportBuilder(name, it) for name, it in facts_of(plan, find).items()
        }
        self._blocks = ValueBlocks()
        self._latencies = array("d")
        self._rows: dict[str, int] = {}
        self._cost_usd = 0.0
        self._user_cost_usd = 0.0

    def add(self, row: Result) -> None:
        """Adds a row."""
        self._rows[row.state.value] = self._rows.get(row.state.value, 0) + 1
        self._cost_usd += row.cost_usd
        self._user_cost_usd += row.answer.user_cost_usd
        if row.state is ResultState.ANSWERED:
            return
        if row.answer.latency_ms is not None:
            self._latencies.append(row.answer.latency_ms)
        item = SampledItem(row.item_id, row.group, row.facets)
        measured = row.measurements | self._own_metrics(row)
        self._blocks.add(
            item, {name: measured[name] for name in self._builders if name in measured}
        )
        for name, found in measured.items():
            if name in self._builders:
                self._builders[name].add(item, found)

    def values(self) -> bytes:
        """Returns the values of the rows."""
        return self._blocks.content()

    def ended(self) -> EndedRun:
        """Returns what is stored of the run."""
        metrics = [each.report() for each in self._builders.values()]
        metrics = [each for each in metrics if each.samples or each.name not in _OWN]
        report = RunReport(self._rows, self._cost_usd, tuple(metrics), self._user_cost_usd)
        summary = _summary(self._plan, metrics, sorted(self._latencies))
        return EndedRun(msgspec.to_builtins(report), summary, self.values())

    def _own_metrics(self, row: Result) -> dict[str, Measurement]:
        """Latency and cost: of calls in any case, of recorded outputs where they are known."""
        found = {name: measurement_of(row, name) for name in _OWN}
        return {
            name: each
            for name, each in found.items()
            if each is not None and (self._plan.calls or each.value is not None)
        }


def _summary(
    plan: EvaluationPlan, metrics: Sequence[MetricReport], latencies: Sequence[float]
) -> RunSummary:
    user = [plan.user] if plan.user else []  # what is said to another user is another answer
    hashes = {each.name: content_hash([each.kind, each.options, *user]) for each in plan.evaluators}
    measured = measured_metrics(metrics, hashes)
    return RunSummary(
        plan.release,
        plan.label,
        plan.version,
        plan.split,
        bool(plan.item_ids),
        plan.repeats,
        measured,
        measured[COST].estimate.mean if COST in measured else None,
        quantile(latencies, 0.5),
        quantile(latencies, 0.95),
    )


def measurement_of(row: Result | MeasuredRow, name: str) -> Measurement | None:
    """Returns a metric of a row: by an evaluator, or of the answer itself."""
    if name not in _OWN:
        return row.measurements.get(name)
    value = row.answer.latency_ms if name == LATENCY else row.answer.cost_usd
    return unmeasured("It is unknown.") if value is None else scored(float(value))
