"""Runs over a real database, called by hand instead of by the worker's loop."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from penstock.entrypoints.server.evaluated import EvaluatedReleaseStore
from penstock.features.context import Context
from penstock.features.datasets.service.changes import DatasetChange, DatasetChanges
from penstock.features.datasets.service.datasets import DatasetService
from penstock.features.datasets.service.reading import DatasetReader
from penstock.features.evaluations.model import EvaluationPlan, EvaluatorChoice
from penstock.features.evaluations.service.results import EvaluationResults
from penstock.features.evaluations.service.runs import EvaluationService, ShownRun
from penstock.features.evaluations.work.calls import SendCall
from penstock.features.evaluations.work.run_work import EvaluationWork
from penstock.infra.egress.exchange import UpstreamExchange
from penstock.infra.jobs.queue import JobQueue
from penstock.infra.jobs.runner import JobControl, JobRunner
from penstock.infra.jobs.wanted import WorkWanted
from penstock.kernel.errors import NotFound, UpstreamFailed
from penstock.plugins.surfaces.openai import OpenAISurface
from penstock.rules.evaluation.items import DatasetItem
from penstock.rules.evaluation.measurements import Measurement, scored
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.samples import Sample
from penstock.rules.replay import CallerRequest
from penstock.spi.evaluator import Evaluator, EvaluatorDescription, JudgeModels, Options
from tests.features.releases.released import Released, open_released

RATE = MetricFacts(MetricKind.RATE)


class RuleEvaluator:
    """An evaluator made of a function."""

    def __init__(self, rule: Callable[[Sample], Any], facts: MetricFacts = RATE) -> None:
        self._rule = rule
        self._facts = facts

    def describe(self) -> EvaluatorDescription:
        return EvaluatorDescription("For a test.", {})

    def problem_of(self, options: Options) -> str:
        return "It has no options." if options else ""

    def facts(self, options: Options) -> MetricFacts:
        return self._facts

    async def measure(self, sample: Sample, options: Options, judges: JudgeModels) -> Measurement:
        found = self._rule(sample)
        return scored(await found if hasattr(found, "__await__") else found)


async def nobody(project_id: str, key_id: str, asked: CallerRequest) -> UpstreamExchange:
    raise UpstreamFailed("The gateway does not answer.")


@dataclass
class Evaluated:
    """The services, a dataset `faq`, and evaluators by name."""

    released: Released
    context: Context
    service: EvaluationService
    results: EvaluationResults
    work: EvaluationWork
    wanted: WorkWanted
    evaluators: dict[str, Evaluator] = field(default_factory=dict)

    @property
    def project(self) -> str:
        return self.released.project

    def fill(self, count: int, **fields: Any) -> None:
        changes, editor = DatasetChanges(self.context), self.released.editor
        DatasetService(self.context).add(editor, self.project, "faq")
        items = [
            DatasetItem(
                f"i{at}",
                f"Question {at}",
                str(at),
                metadata={"out": str(at if at % 4 else 0), "lang": "de" if at % 2 else "en"},
                **fields,
            )
            for at in range(count)
        ]
        for at in range(0, count, 1000):
            change = DatasetChange(items=items[at : at + 1000])
            changes.change(editor, self.project, "faq", change)

    def fill_more(self) -> None:
        """Makes a second version."""
        change = DatasetChange(items=[DatasetItem("more", "Question", "1")])
        DatasetChanges(self.context).change(self.released.editor, self.project, "faq", change)

    def start(self, *evaluators: str, **fields: Any) -> str:
        waits = fields.pop("waits", False)
        chosen = tuple(EvaluatorChoice(name, name) for name in evaluators)
        plan = EvaluationPlan("faq", 0, chosen, **fields)
        made = self.service.start(self.released.editor, self.project, plan, waits=waits)
        return made.run.id

    def use(self, send: SendCall) -> None:
        """Makes calls of runs by `send`."""
        self.work = replace(self.work, send=send)

    def run_jobs(self, control: Callable[[JobRunner], None] = lambda _: None) -> None:
        """Works as the worker does, until there is no work."""
        asyncio.run(self.work_until_idle(control))

    async def work_until_idle(self, control: Callable[[JobRunner], None] = lambda _: None) -> None:
        queue = JobQueue(self.context.database, self.context.clock, "w")
        runner = JobRunner(queue, {"evaluation": self.work}, self.wanted)
        control(runner)
        await runner.run(0)

    def get(self, run_id: str) -> ShownRun:
        return self.service.get(self.project, run_id)

    def metrics(self, run_id: str) -> Mapping[str, Any]:
        return {each["name"]: each for each in self.get(run_id).run.report["metrics"]}


def create_evaluated(folder: Path, url: str = "") -> Evaluated:
    released = open_released(folder, url)
    world = released.world
    context = world.identity.context
    evaluators: dict[str, Evaluator] = {
        "equals": RuleEvaluator(lambda sample: sample.output == sample.expected)
    }

    def find(kind: str) -> Evaluator:
        if kind in evaluators:
            return evaluators[kind]
        raise NotFound(f"No evaluator {kind}.")

    reader = DatasetReader(context)
    releases = EvaluatedReleaseStore(context, released.releases)
    wanted = WorkWanted(world.home / "work.wanted")
    work = EvaluationWork(
        context.database, context.clock, reader, releases, find, nobody, OpenAISurface()
    )
    service = EvaluationService(context, reader, releases, find, wanted)
    results = EvaluationResults(context, find)
    return Evaluated(released, context, service, results, work, wanted, evaluators)


@pytest.fixture
def evaluated(migrated_url: str, tmp_path: Path) -> Iterator[Evaluated]:
    found = create_evaluated(tmp_path, migrated_url)
    yield found
    found.context.database.close()


@pytest.fixture
def control() -> JobControl:
    return JobControl()
