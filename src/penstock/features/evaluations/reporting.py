"""Makes reports and comparisons of the rows of a ledger."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from penstock.features.evaluations.model import (
    EvaluationPlan,
    FindEvaluator,
    MeasuredRow,
    Result,
    ResultState,
    RunValues,
)
from penstock.features.evaluations.summary_store import StoredValues
from penstock.kernel.digests import content_hash
from penstock.rules.document import Document
from penstock.rules.eval_reports.report import MetricReport, ReportBuilder
from penstock.rules.eval_reports.summary import (
    COST,
    LATENCY,
    RunSummary,
    measured_metrics,
    quantile,
)
from penstock.rules.evaluation.measurements import Measurement, scored, unmeasured
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.gates.values import MetricValues

_OWN: Final = {
    LATENCY: MetricFacts(MetricKind.MEAN, higher_is_better=False, least=0, unit="ms"),
    COST: MetricFacts(MetricKind.MEAN, higher_is_better=False, least=0, unit="USD"),
}


class RunReport(Document, frozen=True):
    """The report of a run. `rows` by state; `cost_usd`: of answers and judges together."""

    rows: dict[str, int]
    cost_usd: float
    metrics: tuple[MetricReport, ...]


@dataclass(frozen=True, slots=True)
class CollectedRun:
    """The values of a run by metric, and the groups and facets of its items."""

    builders: dict[str, ReportBuilder]
    groups: dict[str, str]
    facets: dict[str, dict[str, str]]
    rows: dict[str, int]
    cost_usd: float

    def values(self) -> dict[str, MetricValues]:
        """Returns the values by metric."""
        return {name: each.values() for name, each in self.builders.items()}


@dataclass(frozen=True, slots=True)
class EndedRun:
    """The parts of a run that are stored once it has ended."""

    report: dict[str, Any]
    summary: RunSummary
    values: StoredValues


def facts_of(plan: EvaluationPlan, find: FindEvaluator) -> dict[str, MetricFacts]:
    """Returns what the metrics of a run are: of its evaluators, latency, and cost."""
    chosen = {each.name: find(each.kind).facts(each.options) for each in plan.evaluators}
    return chosen | _OWN


def collect(plan: EvaluationPlan, find: FindEvaluator, results: Iterable[Result]) -> CollectedRun:
    """Reads the rows of a run."""
    facts = facts_of(plan, find)
    builders = {name: ReportBuilder(name, each) for name, each in facts.items()}
    groups: dict[str, str] = {}
    facets: dict[str, dict[str, str]] = {}
    same: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}  # most items share theirs
    rows: dict[str, int] = {}
    cost = 0.0
    for each in results:
        rows[each.state.value] = rows.get(each.state.value, 0) + 1
        cost += each.cost_usd
        if each.state is ResultState.ANSWERED:
            continue
        if each.group:
            groups[each.item_id] = each.group
        facets[each.item_id] = same.setdefault(tuple(each.facets.items()), each.facets)
        for name, builder in builders.items():
            if found := measurement_of(each, name):
                builder.add(each.item_id, found)
    unknown = {name for name in _OWN if not plan.release and not builders[name].values().values}
    builders = {name: each for name, each in builders.items() if name not in unknown}
    return CollectedRun(builders, groups, facets, rows, cost)


def ended(plan: EvaluationPlan, find: FindEvaluator, results: Iterable[Result]) -> EndedRun:
    """Returns what is stored of a run that has ended."""
    found = collect(plan, find, results)
    metrics = [each.report(found.groups, found.facets) for each in found.builders.values()]
    values = found.values()
    return EndedRun(
        msgspec.to_builtins(RunReport(found.rows, found.cost_usd, tuple(metrics))),
        _summary(plan, metrics, values),
        StoredValues.of(found.facets, found.groups, values),
    )


def _summary(
    plan: EvaluationPlan, metrics: Sequence[MetricReport], values: Mapping[str, MetricValues]
) -> RunSummary:
    hashes = {each.name: content_hash([each.kind, each.options]) for each in plan.evaluators}
    measured = measured_metrics(metrics, hashes)
    timed = values[LATENCY].values.values() if LATENCY in values else ()
    latencies = sorted(each for some in timed for each in some)
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


def values_of(
    plan: EvaluationPlan,
    find: FindEvaluator,
    stored: StoredValues | None,
    results: Iterable[Result],
) -> RunValues:
    """Returns the values of a run: as it was stored when it ended, or else of its rows."""
    facts = facts_of(plan, find)
    if stored is not None:
        metrics = stored.metric_values()
        return RunValues(facts, metrics, frozenset(stored.items), stored.groups)
    found = collect(plan, find, results)
    return RunValues(facts, found.values(), frozenset(found.facets), found.groups)


def measurement_of(row: Result | MeasuredRow, name: str) -> Measurement | None:
    """Returns a metric of a row: by an evaluator, or of the answer itself."""
    if name not in _OWN:
        return row.measurements.get(name)
    value = row.answer.latency_ms if name == LATENCY else row.answer.cost_usd
    return unmeasured("It is unknown.") if value is None else scored(float(value))
