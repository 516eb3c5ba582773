"""Reads the items that a selection chooses: of a dataset, of a run, or of another queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from penstock.features.annotation.model.items import (
    ItemContent,
    ItemOrigin,
    Suggestion,
    content_of,
)
from penstock.features.annotation.model.ports import MeasuredRuns
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
from penstock.rules.annotation.labels import LabelKind
from penstock.rules.annotation.measured import disagree, is_low, label_of
from penstock.rules.evaluation.items import DatasetItem
from penstock.rules.evaluation.metrics import MetricFacts
from penstock.rules.sampling import is_sampled

SETTLES_MS: Final = 5_000  # what is this old is stored: nothing earlier can follow
_PAGE: Final = 200  # items read at once
_RESULTS: Final = 50  # results read at once: each has its output

Chosen = tuple[ItemContent, Suggestion | None]


@dataclass(frozen=True, slots=True)
class SelectedPage:
    """Some items, and the place after them; `last`: there are no more now."""

    chosen: Sequence[Chosen]
    place: RulePlace
    last: bool


class SelectionReader:
    """Reads selections page by page. Methods raise `NotFound`."""

    def __init__(self, context: Context, items: DatasetItems, runs: MeasuredRuns) -> None:
        self._context = context
        self._items = items
        self._runs = runs

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
                _suggestion(queue, wanted.suggest, each),
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
    known = result.measurements
    found = {name: known[name] for name in wanted.metrics if name in known}
    match wanted.choose:
        case ResultChoice.ALL:
            return True
        case ResultChoice.LOW:
            return is_low(found, facts, wanted.at_most)
        case ResultChoice.DISAGREEMENT:
            return disagree(found, facts, wanted.at_most)


def _suggestion(queue: AnnotationQueue, metric: str, result: Result) -> Suggestion | None:
    found = result.measurements.get(metric) if metric else None
    value = label_of(queue.schema, found)
    if found is None or value is None or queue.schema.kind is LabelKind.TEXT:
        return None
    return Suggestion(value, metric, found.reason)
