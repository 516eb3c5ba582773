"""Shows results of runs, and compares runs."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace
from sqlalchemy import Connection

from penstock.features.context import Context
from penstock.features.evaluations import store, summary_store
from penstock.features.evaluations.model import (
    EvaluationRun,
    FindEvaluator,
    Result,
    ResultState,
    RunValues,
)
from penstock.features.evaluations.reporting import RunCollector, facts_of
from penstock.features.evaluations.selection import ResultOrder, ResultSelection
from penstock.features.evaluations.service.heavy_reads import HeavyReads
from penstock.features.evaluations.service.runs import get_run
from penstock.features.evaluations.values import read_values
from penstock.kernel.errors import InvalidRequest
from penstock.rules.eval_reports.compare import MetricDifference, compare, regressions_first
from penstock.rules.evaluation.metrics import MetricFacts

MAX_COMPARED: Final = 10  # runs of a comparison
MAX_COMPARED_ROWS: Final = 500_000  # rows of a comparison, or of a selection, together


@dataclass(frozen=True, slots=True)
class ComparedItem:
    """The results of an item in two runs. Negative `advantage` is worse than the baseline."""

    item_id: str
    advantage: float
    before: Sequence[Result]
    after: Sequence[Result]


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Runs on the same dataset, each compared with the first."""

    runs: Sequence[EvaluationRun]
    differences: Sequence[MetricDifference]
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class EvaluationResults:
    """Reads ledgers."""

    context: Context
    find: FindEvaluator
    reads: HeavyReads = field(default_factory=HeavyReads)

    def page(
        self,
        project_id: str,
        run_id: str,
        states: Sequence[ResultState],
        after: tuple[int, int] | None,
        limit: int,
    ) -> list[Result]:
        """Returns results in the order of the dataset. Raises `NotFound`."""
        with self.context.database.read() as connection:
            run = get_run(connection, project_id, run_id)
            return store.list_results(connection, run.id, states=states, after=after, limit=limit)

    def run(self, project_id: str, run_id: str) -> EvaluationRun:
        """Returns a run. Raises `NotFound`."""
        with self.context.database.read() as connection:
            return get_run(connection, project_id, run_id)

    def facts(self, run: EvaluationRun) -> Mapping[str, MetricFacts]:
        """Returns what the metrics of a run are. Raises `NotFound` if an evaluator is gone."""
        return facts_of(run.plan, self.find)

    def results_of(self, project_id: str, run_id: str, item_ids: Sequence[str]) -> list[Result]:
        """Returns the results of some items. Raises `NotFound`."""
        with self.context.database.read() as connection:
            run = get_run(connection, project_id, run_id)
            return list(store.results_of(connection, run.id, item_ids).values())

    def results_after(
        self, project_id: str, run_id: str, after: tuple[int, int] | None, limit: int
    ) -> list[Result]:
        """Returns results with an answer in the order of the dataset. Raises `NotFound`."""
        states = (ResultState.ANSWERED, ResultState.MEASURED)
        return self.page(project_id, run_id, states, after, limit)

    def newest(self, project_id: str, dataset: str, limit: int) -> list[EvaluationRun]:
        """Returns runs of a dataset, newest first."""
        with self.context.database.read() as connection:
            return store.list_runs(
                connection, project_id, dataset=dataset, before=None, limit=limit
            )

    def ended_after(
        self, project_id: str, dataset: str, after: tuple[int, str], until_ms: int
    ) -> EvaluationRun | None:
        """Returns the first run of a dataset that ended after another one, until a time."""
        with self.context.database.read() as connection:
            return store.next_ended(connection, project_id, dataset, after, until_ms)

    def compare(self, project_id: str, run_ids: Sequence[str]) -> RunComparison:
        """Compares runs with the first of them, on the items that they share. Raises `NotFound`,
        `InvalidRequest`, `Overloaded`."""
        runs = self._compared(project_id, run_ids)

        def find() -> list[MetricDifference]:
            first, *others = self._values(runs)
            groups = {
                item: group for each in (first, *others) for item, group in each.groups.items()
            }
            candidates = {
                run.id: found.metrics for run, found in zip(runs[1:], others, strict=True)
            }
            return compare(first.facts, first.metrics, candidates, groups)

        found = self.reads.kept(_key("compare", runs), find, len)
        return RunComparison(runs, found, _warnings(runs))

    def selected(
        self, project_id: str, run_id: str, selection: ResultSelection, skip: int, limit: int
    ) -> list[Result]:
        """Returns the results that a selection chooses, in its order. Raises `NotFound`,
        `InvalidRequest`."""
        (run,) = self._runs(project_id, (run_id,))
        facts = facts_of(run.plan, self.find)
        selection.check(facts)

        def find() -> Sequence[tuple[str, int]]:
            with self.context.database.read() as connection:
                return selection.keys(facts, store.measured_rows(connection, run.id))

        kept = self.reads.kept(_key(f"selected {selection}", (run,)), find, len)
        keys = kept[skip : skip + limit]
        with self.context.database.read() as connection:
            found = store.results_of(connection, run.id, {item for item, _ in keys})
        return [found[key] for key in keys]

    def regressions(
        self,
        project_id: str,
        pair: tuple[str, str],
        selection: ResultSelection,
        skip: int,
        limit: int,
    ) -> list[ComparedItem]:
        """Returns the items of a baseline and a candidate, those first on which the candidate is
        worst. `selection`: of slices; by a metric alone, without the items that are equal in it."""
        runs = self._compared(project_id, pair)
        selection.check(facts_of(runs[0].plan, self.find))
        key = _key(f"regressions {selection}", runs)
        ordered = self.reads.kept(key, lambda: self._ordered(runs, selection), len)
        chosen = ordered[skip : skip + limit]
        with self.context.database.read() as connection:
            ids = [item for item, _ in chosen]
            old, new = (store.results_of(connection, each.id, ids) for each in runs)
        return [
            ComparedItem(item, advantage, _of_item(old, item), _of_item(new, item))
            for item, advantage in chosen
        ]

    def _ordered(
        self, runs: Sequence[EvaluationRun], selection: ResultSelection
    ) -> Sequence[tuple[str, float]]:
        before, after = self._values(runs)
        facts = before.facts
        if selection.metric:
            only = facts[selection.metric]
            higher = only.higher_is_better is not False  # where neither is better, less is worse
            facts = {selection.metric: replace(only, higher_is_better=higher)}
        ordered = regressions_first(facts, before.metrics, after.metrics)
        if selection.metric:
            ordered = [each for each in ordered if each[1]]
        if selection.order is ResultOrder.BEST:
            ordered = ordered[::-1]
        if not selection.slices:
            return ordered
        with self.context.database.read() as connection:
            rows = selection.within(store.measured_rows(connection, runs[1].id))
            wanted = {row.item_id for row in rows}
        return [each for each in ordered if each[0] in wanted]

    def values(self, project_id: str, run_ids: Sequence[str]) -> list[RunValues]:
        """Returns the values of runs. Raises `NotFound`, `InvalidRequest` for too many, and
        `Overloaded`."""
        runs = self._runs(project_id, run_ids)
        with self.reads.admitted():
            return self._values(runs)

    def _compared(self, project_id: str, run_ids: Sequence[str]) -> list[EvaluationRun]:
        if not 2 <= len(set(run_ids)) == len(run_ids) <= MAX_COMPARED:
            raise InvalidRequest(f"Compare 2 to {MAX_COMPARED} different runs.", param="runs")
        return self._runs(project_id, run_ids)

    def _runs(self, project_id: str, run_ids: Sequence[str]) -> list[EvaluationRun]:
        with self.context.database.read() as connection:
            runs = [get_run(connection, project_id, each) for each in run_ids]
            if len({each.plan.dataset for each in runs}) > 1:
                raise InvalidRequest("The runs are of different datasets.", param="runs")
            _check_size(connection, runs)
        return runs

    def _values(self, runs: Sequence[EvaluationRun]) -> list[RunValues]:
        with self.context.database.read() as connection:
            return [self._values_of(connection, each) for each in runs]

    def _values_of(self, connection: Connection, run: EvaluationRun) -> RunValues:
        content = None if run.is_open else summary_store.find_values(connection, run.id)
        if content is None:
            collector = RunCollector(run.plan, self.find)
            for row in store.all_results(connection, run.id):
                collector.add(row)
            content = collector.values()
        found = read_values(content)
        return RunValues(facts_of(run.plan, self.find), found.metrics, found.items, found.groups)


def _key(what: str, runs: Sequence[EvaluationRun]) -> Hashable | None:
    """Returns the same key as long as runs say the same: until one is resumed. Open ones have
    none."""
    if any(each.is_open for each in runs):
        return None
    return what, *((each.id, each.round, each.ended_ms) for each in runs)


def _check_size(connection: Connection, runs: Sequence[EvaluationRun]) -> None:
    """Raises `InvalidRequest` if runs have more results than are read for one answer."""
    rows = sum(_row_count(connection, each) for each in runs)
    if rows > MAX_COMPARED_ROWS:
        raise InvalidRequest(
            f"The runs have {rows:,} results; at most {MAX_COMPARED_ROWS:,} are compared."
        )


def _row_count(connection: Connection, run: EvaluationRun) -> int:
    if not run.is_open and run.report:
        return sum(run.report["rows"].values())
    return sum(count for count, _ in store.sums_of(connection, run.id).values())


def _warnings(runs: Sequence[EvaluationRun]) -> list[str]:
    """Returns what a reader must know: a metric measured differently is another metric."""
    first, warnings = runs[0], list[str]()
    for run in runs[1:]:
        if run.dataset_digest != first.dataset_digest:
            warnings.append(f"{run.id} is of another version of the dataset.")
        known = {each.name: each for each in first.plan.evaluators}
        for each in run.plan.evaluators:
            if each.name in known and each != known[each.name]:
                warnings.append(f"{run.id} measures {each.name!r} with other options.")
    return warnings


def _of_item(found: dict[tuple[str, int], Result], item_id: str) -> list[Result]:
    return [found[key] for key in sorted(found) if key[0] == item_id]
