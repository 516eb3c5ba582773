"""Reads the items that a selection chooses: of a dataset, of a run, of another queue, or of live
traffic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from penstock.features.annotation.model.items import (
    ItemContent,
    ItemOrigin,
    Suggestion,
    content_of,
    content_of_call,
)
from penstock.features.annotation.model.ports import (
    CallItems,
    MeasuredRuns,
    MeasuredTraffic,
    ReadCalls,
)
from penstock.features.annotation.model.queues import (
    AnnotationQueue,
    ItemSelection,
    ResultChoice,
)
from penstock.features.annotation.service.queues import get_queue
from penstock.features.annotation.store import items as items_store
from penstock.features.annotation.store.rules import RulePlace
from penstock.features.context import Context
from penstock.features.datasets.model import ItemFilter
from penstock.features.evaluations.model import DatasetItems, EvaluationRun, Result
from penstock.features.traces.model import TimeRange
from penstock.rules.annotation.labels import LabelKind
from penstock.rules.annotation.measured import disagree, is_low, label_of
from penstock.rules.evaluation.items import DatasetItem
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.metrics import MetricFacts
from penstock.rules.sampling import is_sampled

SETTLES_MS: Final = 5_000  # what is this old is stored: nothing earlier can follow
SCORES_SETTLE_NS: Final = 60 * 10**9  # the same for scores: an insert may take as long
MAX_CATCH_UP_NS: Final = 7 * 24 * 3600 * 10**9  # a rule passes over scores stored before that
_PAGE: Final = 200  # items read at once
_RESULTS: Final = 50  # results, or calls, read at once: each has its output

Chosen = tuple[ItemContent, Suggestion | None]


@dataclass(frozen=True, slots=True)
class SelectedPage:
    """Some items, and the place after them; `last`: there are no more now. `problem`: why others
    could not be read."""

    chosen: Sequence[Chosen]
    place: RulePlace
    last: bool
    problem: str = ""


class SelectionReader:
    """Reads selections page by page. Methods raise `NotFound`."""

    def __init__(
        self,
        context: Context,
        items: DatasetItems,
        runs: MeasuredRuns,
        traffic: MeasuredTraffic,
        calls: ReadCalls,
    ) -> None:
        self._context = context
        self._items = items
        self._runs = runs
        self._traffic = traffic
        self._calls = calls

    def of_dataset(self, project_id: str, wanted: ItemSelection, place: RulePlace) -> SelectedPage:
        """Returns the next items of the newest version. A dataset that was made anew begins at its
        start."""
        _, version = self._items.version(project_id, wanted.dataset)
        after = place.at if place.id in ("", version.dataset_id) else 0
        page = self._items.items(
            project_id,
            wanted.dataset,
            version.version,
            after=after,
            limit=_PAGE,
            chosen=ItemFilter(ids=wanted.item_ids, split=wanted.split or None),
        )
        contents = [
            content_of(each.item, _origin(each.item, wanted.dataset, version.version))
            for each in page.items
            if is_sampled(each.item.id, wanted.share)
        ]
        end = page.items[-1].position if page.items else after
        place = RulePlace(end, version.dataset_id)
        return SelectedPage([(each, None) for each in contents], place, page.after is None)

    def of_run(
        self, queue: AnnotationQueue, project_id: str, wanted: ItemSelection, place: RulePlace
    ) -> SelectedPage:
        """Returns items of the next results of a run, with outputs of another one as the second of
        pairs."""
        run = self._runs.run(project_id, wanted.run)
        results = self._runs.results_after(project_id, run.id, place.result, _RESULTS)
        facts = self._runs.facts(run) if wanted.metrics else dict[str, MetricFacts]()
        kept = [each for each in results if _is_chosen(wanted, each, facts)]
        inputs = self._inputs(project_id, run, kept)
        others = self._others(project_id, wanted, kept)
        chosen = [
            (
                _of_result(inputs[each.item_id], run, each, wanted.other_run, other),
                _suggestion(queue, wanted.suggest, each.measurements),
            )
            for each in kept
            if each.item_id in inputs
            and (other := others.get((each.item_id, each.repeat))) is not None
        ]
        end = (results[-1].position, results[-1].repeat) if results else place.result
        after = RulePlace(place.at, place.id, run.id, end)
        return SelectedPage(chosen, after, len(results) < _RESULTS)

    def of_queue(self, project_id: str, wanted: ItemSelection, place: RulePlace) -> SelectedPage:
        """Returns items of another queue on which its annotators differ, in that order."""
        with self._context.database.read() as connection:
            source = get_queue(connection, project_id, wanted.queue)
            after = (place.at, place.id)
            until = self._context.now_ms() - SETTLES_MS
            found = items_store.differing_after(connection, source.id, after, until, _PAGE)
        chosen = [each for _, each in found if is_sampled(each.id, wanted.share)]
        end = RulePlace(found[-1][0], found[-1][1].id) if found else place
        page = [(each.content, each.suggestion) for each in chosen]
        return SelectedPage(page, end, len(found) < _PAGE)

    def of_traffic(
        self, queue: AnnotationQueue, project_id: str, wanted: ItemSelection, place: RulePlace
    ) -> SelectedPage:
        """Returns calls that an online evaluation has measured, in the order in which it stored
        their scores. A call whose content is not recorded is left out."""
        now_ns = self._context.now_ms() * 1_000_000
        earliest = now_ns - MAX_CATCH_UP_NS
        start, key = (place.at, place.id) if place.at >= earliest else (earliest, "")
        until = max(start, now_ns - SCORES_SETTLE_NS)
        stored = TimeRange(start, until)
        facts = self._traffic.facts(project_id, wanted.online)
        calls = self._traffic.measured(project_id, wanted.online, stored, key, _RESULTS)
        kept = {
            each.span_id: each
            for each in calls
            if is_sampled(each.trace_id, wanted.share)
            and _is_wanted(wanted, each.measurements, facts)
        }
        read = self._calls(project_id, kept)
        chosen = [
            (
                content_of_call(each),
                _suggestion(queue, wanted.suggest, kept[each.source.span_id].measurements),
            )
            for each in (*read.corrected, *read.others)
        ]
        after = RulePlace(calls[-1].stored_ns, calls[-1].key) if calls else RulePlace(until)
        return SelectedPage(chosen, after, len(calls) < _RESULTS, _problem(read))

    def _inputs(
        self, project_id: str, run: EvaluationRun, results: Sequence[Result]
    ) -> dict[str, DatasetItem]:
        found: dict[str, DatasetItem] = {}
        ids, after = tuple({each.item_id for each in results}), 0
        while ids:
            page = self._items.items(
                project_id,
                run.plan.dataset,
                run.plan.version,
                after=after,
                limit=len(ids),
                chosen=ItemFilter(ids=ids),
            )
            found |= {each.item.id: each.item for each in page.items}
            if page.after is None:
                break
            after = page.after
        return found

    def _others(
        self, project_id: str, wanted: ItemSelection, results: Sequence[Result]
    ) -> dict[tuple[str, int], str]:
        """Returns the second outputs of pairs; without another run, none for each."""
        if not wanted.other_run:
            return {(each.item_id, each.repeat): "" for each in results}
        ids = [each.item_id for each in results]
        found = self._runs.results_of(project_id, wanted.other_run, ids)
        return {(each.item_id, each.repeat): each.answer.output for each in found}


def _origin(item: DatasetItem, dataset: str, version: int) -> ItemOrigin:
    return ItemOrigin(item.source.trace_id, item.source.span_id, dataset, version, item.id)


def _of_result(
    item: DatasetItem, run: EvaluationRun, result: Result, other_run: str, other: str
) -> ItemContent:
    answer, plan = result.answer, run.plan
    origin = ItemOrigin(
        *(answer.trace_id, answer.span_id, plan.dataset, plan.version, item.id),
        *(run.id, result.repeat, other_run),
    )
    return ItemContent(
        input=item.input,
        output=answer.output,
        other_output=other,
        expected=item.expected,
        context=item.context,
        metadata={name: value for name, value in item.metadata.items() if name != "output"},
        origin=origin,
    )


def _is_chosen(wanted: ItemSelection, result: Result, facts: Mapping[str, MetricFacts]) -> bool:
    if result.answer.error or not is_sampled(result.item_id, wanted.share):
        return False
    if wanted.item_ids and result.item_id not in wanted.item_ids:
        return False
    return _is_wanted(wanted, result.measurements, facts)


def _is_wanted(
    wanted: ItemSelection, known: Mapping[str, Measurement], facts: Mapping[str, MetricFacts]
) -> bool:
    found = {name: known[name] for name in wanted.metrics if name in known}
    match wanted.choose:
        case ResultChoice.ALL:
            return True
        case ResultChoice.LOW:
            return is_low(found, facts, wanted.at_most)
        case ResultChoice.DISAGREEMENT:
            return disagree(found, facts, wanted.at_most)


def _problem(read: CallItems) -> str:
    """Returns why calls are left out, with an example."""
    if not read.skipped:
        return ""
    first = read.skipped[0]
    return f"{len(read.skipped)} calls were left out, such as {first.span_id}: {first.detail}"


def _suggestion(
    queue: AnnotationQueue, metric: str, measurements: Mapping[str, Measurement]
) -> Suggestion | None:
    found = measurements.get(metric) if metric else None
    value = label_of(queue.schema, found)
    if found is None or value is None or queue.schema.kind is LabelKind.TEXT:
        return None
    return Suggestion(value, metric, found.reason)
