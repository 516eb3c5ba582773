"""The services of annotation over a fresh installation, on each relational store."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from penstock.entrypoints.server.labelled import CorrectedPrompts, LabelledExamples
from penstock.features.access import Principal, Role
from penstock.features.annotation.model.items import QueueItem
from penstock.features.annotation.model.queues import AnnotationQueue, ItemSelection
from penstock.features.annotation.service.agreement import AnnotatorAgreement
from penstock.features.annotation.service.deciding import Deciding
from penstock.features.annotation.service.filling import FilledQueue, QueueFilling
from penstock.features.annotation.service.following import QueueRules
from penstock.features.annotation.service.judges import JudgeCalibration
from penstock.features.annotation.service.queues import AnnotationQueues
from penstock.features.annotation.service.reviewing import Reviewing, SubmittedLabel
from penstock.features.annotation.service.scores import AnnotationScores
from penstock.features.annotation.service.selecting import SelectionReader
from penstock.features.annotation.service.uses import LabelUses
from penstock.features.context import Context
from penstock.features.datasets.service.changes import DatasetChange, DatasetChanges
from penstock.features.datasets.service.datasets import DatasetService
from penstock.features.datasets.service.examples import CallExamples
from penstock.features.datasets.service.reading import DatasetReader
from penstock.features.evaluations import store as runs_store
from penstock.features.evaluations.assembly import EVALUATORS
from penstock.features.evaluations.model import (
    EvaluationPlan,
    EvaluationRun,
    EvaluatorChoice,
    Result,
    ResultState,
    RunState,
    TargetAnswer,
)
from penstock.features.evaluations.online.measured import MeasuredCallReader
from penstock.features.evaluations.service.results import EvaluationResults
from penstock.features.feedback.service.scores import ScoreService
from penstock.features.prompts.service.prompts import PromptService
from penstock.infra.columns import ColumnStore
from penstock.infra.registry import Registry
from penstock.infra.sql import Database
from penstock.rules.annotation.labels import LabelChoice, LabelKind, LabelSchema
from penstock.rules.evaluation.items import DatasetItem
from penstock.rules.evaluation.measurements import Measurement, scored
from penstock.rules.scores.score import Score
from tests.features.identity.conftest import HandClock, World, open_world
from tests.stores import Cluster, migrated_sqlite

OPTIONS: dict[str, dict[str, Any]] = {
    "rubric": {"model": "judge", "criteria": "It helps."},
    "toxicity": {"model": "judge"},
}
GRADES = ("bad", "fair", "good")


def schema(kind: LabelKind = LabelKind.BINARY) -> LabelSchema:
    chosen = kind in (LabelKind.ORDINAL, LabelKind.CATEGORICAL, LabelKind.SPANS)
    choices = tuple(LabelChoice(each) for each in GRADES) if chosen else ()
    return LabelSchema(kind, "Is the answer helpful?", choices)


def example(number: int, output: str = "", **fields: Any) -> DatasetItem:
    metadata = {"output": output or f"answer {number}"}
    return DatasetItem(f"i{number}", f"question {number}", metadata=metadata, **fields)


@dataclass
class Annotation:
    """The services, and a dataset `faq` of ten items with recorded answers."""

    world: World
    context: Context
    clock: HandClock
    editor: Principal
    sent: list[Score] = field(default_factory=list[Score])

    def __post_init__(self) -> None:
        context = self.context
        self.datasets, self.changes = DatasetService(context), DatasetChanges(context)
        self.reader, self.prompts = DatasetReader(context), PromptService(context)
        self.results = EvaluationResults(context, Registry(EVALUATORS).get)
        self.queues, self.deciding = AnnotationQueues(context), Deciding(context)
        self.reviewing = Reviewing(context)
        traffic = MeasuredCallReader(
            context, Registry(EVALUATORS).get, ScoreService(_no_columns, context.clock)
        )
        selecting = SelectionReader(context, self.reader, self.results, traffic, _no_calls)
        self.filling = QueueFilling(context, selecting, _no_calls)
        self.rules = QueueRules(context, self.filling, self.results, traffic)
        self.agreement = AnnotatorAgreement(context, self.results.reads)
        self.judges = JudgeCalibration(context, self.results, self.results.reads)
        self.scores = AnnotationScores(context, self._submit)
        self.uses = LabelUses(
            self.deciding,
            LabelledExamples(self.datasets, self.changes),
            CorrectedPrompts(self.prompts),
        )

    @property
    def project(self) -> str:
        return self.world.project_id

    def person(self, name: str, role: Role = Role.ANNOTATOR) -> Principal:
        return Principal("user", f"usr_{name}", f"{name}@example.org", {self.project: role})

    def queue(
        self, name: str = "review", kind: LabelKind = LabelKind.BINARY, **fields: Any
    ) -> AnnotationQueue:
        made = AnnotationQueue("", name, schema(kind), fields.pop("score", "helpful"), **fields)
        return self.queues.add(self.editor, self.project, made)

    def fill(self, name: str = "review", **fields: Any) -> FilledQueue:
        wanted = ItemSelection(**(fields or {"dataset": "faq"}))
        return self.filling.add_selected(self.editor, self.project, name, wanted)

    def next(self, person: Principal, count: int = 1, name: str = "review") -> list[QueueItem]:
        _, found = self.reviewing.reserve(person, self.project, name, count)
        return [each.item for each in found]

    def label(
        self, person: Principal, item_id: str, value: Any, name: str = "review", **fields: Any
    ) -> None:
        digest = self.queues.get(self.project, name)[0].schema.digest()
        sent = SubmittedLabel(digest, value, **fields)
        self.reviewing.label(person, self.project, name, item_id, sent)

    def label_all(self, person: Principal, values: Sequence[Any], name: str = "review") -> None:
        """Labels the next items in order."""
        for value in values:
            (item,) = self.next(person, name=name)
            self.label(person, item.id, value, name)

    def run(
        self,
        outputs: Sequence[str],
        measured: dict[str, Sequence[Any]],
        *,
        kind: str = "rubric",
        **fields: Any,
    ) -> EvaluationRun:
        """A run of `faq` that has ended, with these outputs and values by metric."""
        context = self.context
        choices = tuple(EvaluatorChoice(name, kind, OPTIONS.get(kind, {})) for name in measured)
        plan = EvaluationPlan("faq", 1, choices, **fields)
        now = context.now_ms()
        run = EvaluationRun(
            context.new_id("evr"), self.project, plan, RunState.DONE, created_ms=now, ended_ms=now
        )
        rows = [
            Result(
                f"i{at}",
                0,
                at + 1,
                ResultState.MEASURED,
                answer=TargetAnswer(output, trace_id=f"{at:032x}", span_id=f"{at:016x}"),
                measurements={name: _measured(of[at]) for name, of in measured.items()},
            )
            for at, output in enumerate(outputs)
        ]
        with context.database.write() as tx:
            runs_store.add_run(tx.connection, run)
            runs_store.save_results(tx.connection, run.id, rows)
        return run

    def _submit(
        self, project_id: str, scores: Sequence[Score], written_by: str
    ) -> Sequence[object]:
        self.sent += scores
        return [(project_id, written_by) for _ in scores]


def _no_calls(*_: Any) -> CallExamples:
    return CallExamples((), (), ())


def _no_columns() -> ColumnStore:
    raise AssertionError("These tests have no column store: see test_online_annotation.py")


def _measured(value: Any) -> Measurement:
    return value if isinstance(value, Measurement) else scored(value)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """An installation over each relational store."""
    folder = tmp_path_factory.mktemp("annotation")
    if request.param == "sqlite":
        yield from _opened(folder, migrated_sqlite(folder / "penstock.db"))
        return
    running: Cluster = request.getfixturevalue("postgres")
    with running.migrated() as url:
        yield from _opened(folder, url)


def _opened(folder: Path, url: str) -> Iterator[World]:
    database = Database(url)
    yield open_world(folder, database, HandClock())
    database.close()


@pytest.fixture
def annotation(world: World) -> Iterator[Annotation]:
    context = world.identity.context
    editor = Principal("user", "usr_3", "eve@example.org", {world.project_id: Role.EDITOR})
    assert isinstance(context.clock, HandClock)
    made = Annotation(world, context, context.clock, editor)
    made.datasets.add(editor, made.project, "faq")
    change = DatasetChange(items=[example(number) for number in range(10)])
    made.changes.change(editor, made.project, "faq", change)
    yield made
    for queue, _ in made.queues.list(made.project):
        made.queues.remove(editor, made.project, queue.name)
    for dataset, _ in made.datasets.list_page(made.project, "", 100):
        made.datasets.remove(editor, made.project, dataset.name)
    with context.database.write() as tx:
        for table in (runs_store.RESULTS, runs_store.RUNS):
            tx.connection.execute(delete(table))
