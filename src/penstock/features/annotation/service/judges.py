"""Judges beside annotators: the evaluators whose answers annotators have labelled, too."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from penstock.features.annotation.model.items import ItemOrigin, LabelledItem
from penstock.features.annotation.model.ports import KeptReads, MeasuredRuns
from penstock.features.annotation.model.queues import AnnotationQueue
from penstock.features.annotation.store import items as items_store
from penstock.features.annotation.store import labels as labels_store
from penstock.features.annotation.store.tables import QUEUES
from penstock.features.context import Context
from penstock.features.evaluations.model import EvaluationRun, EvaluatorChoice, Result
from penstock.kernel.digests import content_hash
from penstock.kernel.errors import NotFound
from penstock.rules.annotation.calibration import COMPARED_KINDS, JudgeFigures, judge_figures
from penstock.rules.annotation.measured import label_of
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.metrics import MetricSummary
from penstock.rules.evaluation.summaries import summarize

MAX_CALIBRATION_ITEMS: Final = 5_000  # labelled items of a queue; later ones do not count
MAX_RUNS_COMPARED: Final = 20  # of a dataset, the newest ones; older ones do not count
_PAGE: Final = 100  # items read at once: each has its content


@dataclass(frozen=True, slots=True)
class HumanLabel:
    """The final label of one answer. `shown`: the hash of what they saw."""

    origin: ItemOrigin
    shown: str
    value: Any


@dataclass(frozen=True, slots=True)
class Judge:
    """An evaluator with its options, the queue whose labels it is compared with, and the runs in
    which it judged what annotators have labelled. Of the `labelled` items of the queue the first
    `compared` are compared."""

    choice: EvaluatorChoice
    queue: AnnotationQueue
    runs: tuple[str, ...]
    figures: JudgeFigures
    labelled: int

    @property
    def compared(self) -> int:
        """The labelled items that were read."""
        return min(self.labelled, MAX_CALIBRATION_ITEMS)


@dataclass(slots=True)
class _Found:
    """The labels of judge and annotators that were found, each answer once."""

    labels: dict[tuple[str, str], tuple[Any, Any]] = field(
        default_factory=dict[tuple[str, str], tuple[Any, Any]]
    )
    measured: list[Measurement] = field(default_factory=list[Measurement])
    runs: set[str] = field(default_factory=set[str])


class JudgeCalibration:
    """Compares the measurements of evaluators with the labels of queues whose score has the name of
    their metric. The same output of the same example is one answer, whoever has produced it."""

    def __init__(self, context: Context, runs: MeasuredRuns, reads: KeptReads) -> None:
        self._context = context
        self._runs = runs
        self._reads = reads

    def judges(self, project_id: str) -> Sequence[Judge]:
        """Returns all judges that have human labels beside them, by metric. Raises `Overloaded`."""
        queues = self._queues(project_id)
        key = self._key(project_id, "", queues)
        return self._reads.kept(key, lambda: self._all(project_id, queues), len)

    def of_run(self, project_id: str, run: EvaluationRun) -> Mapping[str, Judge]:
        """Returns the judges of a run that have human labels beside them, by metric; none before it
        ends. Labels of answers of other runs count, if the same evaluator judged them with the same
        options. Raises `Overloaded`."""
        metrics = {each.name for each in run.plan.evaluators}
        queues = [each for each in self._queues(project_id) if each.score in metrics]
        if run.is_open or not queues:
            return {}
        key = self._key(project_id, f"{run.id}/{run.round}", queues)
        return self._reads.kept(key, lambda: self._beside(project_id, run, queues), len)

    def _key(self, project_id: str, what: str, queues: Sequence[AnnotationQueue]) -> Hashable:
        """Changes when a queue, a label or one of the newest runs does."""
        with self._context.database.read() as connection:
            labels = [
                (content_hash(each), items_store.revision_of(connection, each.id))
                for each in queues
            ]
        newest = self._runs.newest(project_id, "", MAX_RUNS_COMPARED)
        runs = [(each.id, each.round, each.is_open) for each in newest]
        return "judges", project_id, what, tuple(labels), tuple(runs)

    def _all(self, project_id: str, queues: Sequence[AnnotationQueue]) -> list[Judge]:
        found: list[Judge] = []
        for queue in queues:
            labels = list(self._labels(queue))
            runs = self._runs_of(project_id, labels)
            choices: dict[str, EvaluatorChoice] = {}
            for run in runs:
                for choice in run.plan.evaluators:
                    if choice.name == queue.score:
                        choices[content_hash([choice.kind, choice.options])] = choice
            found += [self._judge(queue, each, labels, runs) for each in choices.values()]
        return [each for each in found if each.runs]

    def _beside(
        self, project_id: str, run: EvaluationRun, queues: Sequence[AnnotationQueue]
    ) -> Mapping[str, Judge]:
        found: dict[str, Judge] = {}
        wanted = {each.name: each for each in run.plan.evaluators}
        for queue in queues:
            choice = wanted[queue.score]
            labels = list(self._labels(queue))
            others = self._runs_of(project_id, labels)
            runs = [run, *(each for each in others if each.id != run.id)]
            judge = self._judge(queue, choice, labels, runs)
            before = found.get(queue.score)
            if judge.runs and (before is None or before.figures.labels < judge.figures.labels):
                found[queue.score] = judge
        return found

    def _queues(self, project_id: str) -> list[AnnotationQueue]:
        with self._context.database.read() as connection:
            queues = [each.entry for each in QUEUES.list(connection, project_id)]
        return [each for each in queues if each.schema.kind in COMPARED_KINDS]

    def _labels(self, queue: AnnotationQueue) -> Iterator[HumanLabel]:
        """Yields what annotators say together, of the first items of a queue."""
        after, read = 0, 0
        while read < MAX_CALIBRATION_ITEMS:
            with self._context.database.read() as connection:
                wanted = items_store.QueueItemFilter(state="labelled")
                page = items_store.list_items(connection, queue.id, wanted, after, _PAGE)
                labels = labels_store.labels_of(connection, queue.id, [each.id for each in page])
            for item in page:
                value = LabelledItem(item, labels[item.id]).final
                if value is not None:
                    content = item.content
                    shown = _shown(content.output, content.other_output)
                    yield HumanLabel(content.origin, shown, value)
            if len(page) < _PAGE:
                return
            after, read = page[-1].position, read + len(page)

    def _runs_of(self, project_id: str, labels: Sequence[HumanLabel]) -> list[EvaluationRun]:
        """Returns the runs that may have judged these answers: those that produced them, and the
        newest ones of their datasets."""
        datasets = {each.origin.dataset for each in labels if each.origin.dataset}
        found: dict[str, EvaluationRun] = {}
        for dataset in sorted(datasets):
            for run in self._runs.newest(project_id, dataset, MAX_RUNS_COMPARED):
                found[run.id] = run
        for run_id in sorted({each.origin.run for each in labels if each.origin.run}):
            if run_id not in found and len(found) < 2 * MAX_RUNS_COMPARED:
                with suppress(NotFound):  # it was removed: its items stay
                    found[run_id] = self._runs.run(project_id, run_id)
        return list(found.values())

    def _judge(
        self,
        queue: AnnotationQueue,
        choice: EvaluatorChoice,
        labels: Sequence[HumanLabel],
        runs: Sequence[EvaluationRun],
    ) -> Judge:
        found = _Found()
        for run in runs:
            if choice in run.plan.evaluators:
                self._compare(queue, choice.name, labels, run, found)
        figures = summarize(MetricSummary.ORDER, found.measured)
        order = figures.order if figures else None
        compared = judge_figures(queue.schema, list(found.labels.values()), order)
        with self._context.database.read() as connection:
            labelled = items_store.counts(connection, queue.id).labelled
        return Judge(choice, queue, tuple(sorted(found.runs)), compared, labelled)

    def _compare(
        self,
        queue: AnnotationQueue,
        metric: str,
        labels: Sequence[HumanLabel],
        run: EvaluationRun,
        found: _Found,
    ) -> None:
        """Adds the answers of a run that annotators have labelled, too."""
        by_answer = {(each.origin.example, each.shown): each for each in labels}
        examples = sorted({each.origin.example for each in labels})
        baseline = run.plan.baseline_run
        for first in range(0, len(examples), _PAGE):
            some = examples[first : first + _PAGE]
            results = self._runs.results_of(run.project_id, run.id, some)
            others = self._outputs(run.project_id, baseline, some)
            for result in results:
                other = others.get((result.item_id, result.repeat), "")
                key = result.item_id, _shown(result.answer.output, other)
                human = by_answer.get(key) or by_answer.get(
                    (result.item_id, _shown(result.answer.output, ""))
                )
                measured = result.measurements.get(metric)
                value = label_of(queue.schema, measured)
                if human is None or measured is None or value is None or key in found.labels:
                    continue
                found.labels[key] = value, human.value
                found.measured.append(measured)
                found.runs.add(run.id)

    def _outputs(
        self, project_id: str, run_id: str, examples: Sequence[str]
    ) -> dict[tuple[str, int], str]:
        if not run_id:
            return {}
        found: Sequence[Result] = ()
        with suppress(NotFound):  # it was removed
            found = self._runs.results_of(project_id, run_id, examples)
        return {(each.item_id, each.repeat): each.answer.output for each in found}


def _shown(output: str, other: str) -> str:
    return content_hash([output, other])
