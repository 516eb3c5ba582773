"""Makes reports and comparisons of the rows of a ledger."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from penstock.features.evaluations.model import EvaluationPlan, FindEvaluator, Result, ResultState
from penstock.rules.document import Document
from penstock.rules.eval_reports.report import MetricReport, ReportBuilder
from penstock.rules.evaluation.measurements import Measurement, scored, unmeasured
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.gates.values import MetricValues

LATENCY: Final = "latency_ms"
COST: Final = "cost_usd"
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


def facts_of(plan: EvaluationPlan, find: FindEvaluator) -> dict[str, MetricFacts]:
    """Returns what the metrics of a run are: of its evaluators, latency, and cost."""
    chosen = {each.name: find(each.kind).facts(each.options) for each in plan.evaluators}
    return chosen | (_OWN if plan.release else {})


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
            found = _own(name, each) if name in _OWN else each.measurements.get(name)
            if found is not None:
                builder.add(each.item_id, found)
    return CollectedRun(builders, groups, facets, rows, cost)


def report_of(plan: EvaluationPlan, find: FindEvaluator, results: Iterable[Result]) -> str:
    """Returns the report of a run as JSON."""
    found = collect(plan, find, results)
    metrics = [each.report(found.groups, found.facets) for each in found.builders.values()]
    report = RunReport(found.rows, found.cost_usd, tuple(metrics))
    return msgspec.json.encode(report).decode()


def _own(name: str, result: Result) -> Measurement:
    value = getattr(result.answer, name)
    return unmeasured("It is unknown.") if value is None else scored(float(value))
