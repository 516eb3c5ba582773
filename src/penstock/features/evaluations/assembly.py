"""Builds the vertical of evaluations: runs on datasets, and of live traffic."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.evaluations.endpoints import EndpointSecrets
from penstock.features.evaluations.http.dataset_figures import figure_routes
from penstock.features.evaluations.http.results import (
    comparison_of_runs_routes,
    evaluator_routes,
    result_routes,
)
from penstock.features.evaluations.http.runs import evaluation_change_routes, evaluation_routes
from penstock.features.evaluations.model import (
    DatasetItems,
    EvaluatedReleases,
    FiguresOfJudges,
)
from penstock.features.evaluations.online.assembly import (
    OpenedOnline,
    StoredTraffic,
    open_online,
)
from penstock.features.evaluations.online.http import online_change_routes, online_routes
from penstock.features.evaluations.online.model import MAX_RULES
from penstock.features.evaluations.online.store import list_rules
from penstock.features.evaluations.schedules.assembly import (
    OpenedSchedules,
    open_schedules,
    schedule_of_run,
)
from penstock.features.evaluations.schedules.http import schedule_change_routes, schedule_routes
from penstock.features.evaluations.schedules.model import AuditedChanges, ScheduledParts
from penstock.features.evaluations.service.figures import EvaluationFigures
from penstock.features.evaluations.service.results import EvaluationResults
from penstock.features.evaluations.service.runs import EvaluationService, RunReference
from penstock.features.vertical import Vertical
from penstock.infra.jobs.store import count_open
from penstock.infra.jobs.wanted import WorkWanted
from penstock.infra.registry import Registry
from penstock.spi.evaluator import Evaluator

EVALUATORS = "penstock.evaluators"


@dataclass(frozen=True, slots=True)
class OpenedEvaluations:
    """The use cases of runs; gates need them, too. `wanted` wakes the worker."""

    context: Context
    evaluators: Registry[Evaluator]
    wanted: WorkWanted
    runs: EvaluationService
    results: EvaluationResults
    figures: EvaluationFigures
    online: OpenedOnline
    schedules: OpenedSchedules


@dataclass(frozen=True, slots=True)
class EvaluationSources:
    """The gateway token; recorded calls and scores; what starts the runs of schedules, and what
    they measure; what other verticals need of runs."""

    token: bytes
    traffic: StoredTraffic
    changes: AuditedChanges
    parts: ScheduledParts
    references: Sequence[RunReference]


def open_evaluations(
    context: Context,
    items: DatasetItems,
    releases: EvaluatedReleases,
    wanted: WorkWanted,
    sources: EvaluationSources,
) -> OpenedEvaluations:
    """Returns the use cases of runs, of live traffic, and of schedules."""
    evaluators: Registry[Evaluator] = Registry(EVALUATORS)
    runs = EvaluationService(
        context,
        items,
        releases,
        evaluators.get,
        wanted,
        EndpointSecrets(sources.token),
        (schedule_of_run, *sources.references),
    )
    results = EvaluationResults(context, evaluators.get)
    figures = EvaluationFigures(context, releases)
    online = open_online(context, evaluators.get, wanted, sources.traffic, sources.changes)
    schedules = open_schedules(context, runs, sources.changes, sources.parts)
    return OpenedEvaluations(context, evaluators, wanted, runs, results, figures, online, schedules)


def open_directions(context: Context) -> Callable[[str, str], bool | None]:
    """Returns the function that finds whether higher values of a project's score are better, by the
    evaluator of an online evaluation that has its name; `None` if there is none."""
    evaluators: Registry[Evaluator] = Registry(EVALUATORS)

    def find(project_id: str, score: str) -> bool | None:
        with context.database.read() as connection:
            rules = list_rules(connection, project_id, "", MAX_RULES)
        chosen = [each for rule in rules for each in rule.rule.evaluators if each.name == score]
        for each in chosen:
            if each.kind in evaluators.names():
                return evaluators.get(each.kind).facts(each.options).higher_is_better
        return None

    return find


def build(guards: Guards, opened: OpenedEvaluations, human: FiguresOfJudges) -> Vertical:
    """Builds the vertical. `human` compares judges with human labels."""
    runs, results = opened.runs, opened.results

    async def wake_worker() -> None:
        """Wakes the worker for jobs that are older than this server: of a backup, of a crash."""
        if await asyncio.to_thread(_has_open, opened.context):
            opened.wanted.set()

    return Vertical(
        routers=(
            comparison_of_runs_routes(guards.require, results),
            figure_routes(guards.require, opened.figures),
            evaluation_routes(guards.require, runs, human),
            evaluation_change_routes(guards.require, runs),
            result_routes(guards.require, results),
            online_routes(guards.require, opened.online),
            online_change_routes(guards.require, opened.online),
            schedule_routes(guards.require, opened.schedules.service),
            schedule_change_routes(
                guards.require, opened.schedules.service, opened.schedules.starter
            ),
            evaluator_routes(guards.require, opened.evaluators.names, opened.evaluators.get),
        ),
        startup=(wake_worker,),
        jobs=(opened.online.run, opened.online.clean, opened.schedules.run),
    )


def _has_open(context: Context) -> bool:
    with context.database.read() as connection:
        return count_open(connection) > 0
