"""`…/evaluations/figures`: scores of targets over time, for charts."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.evaluations.http.runs import PREFIX, TAGS
from penstock.features.evaluations.http.views import EstimateView, MetricFactsView
from penstock.features.evaluations.service.figures import (
    DatasetFigures,
    EvaluationFigures,
    FigurePoint,
    TargetFigures,
)
from penstock.infra.web.moments import moment_of


class FigurePointView(BaseModel):
    """The figures of a target in one run: `scored` of `samples` have a value. `comparable`: on the
    shown version, and measured by the evaluator of its newest run. `cost_usd`: the mean of an
    item's answer, without judges. `null` is unknown."""

    run: str
    ended_at: datetime
    version: int
    repeats: int
    comparable: bool
    estimate: EstimateView
    samples: int
    scored: int
    cost_usd: float | None
    latency_p50_ms: float | None
    latency_p95_ms: float | None

    @classmethod
    def of(cls, point: FigurePoint) -> "FigurePointView":
        summary, metric = point.run.summary, point.metric
        return cls(
            run=point.run.run_id,
            ended_at=moment_of(point.run.ended_ms),
            version=summary.version,
            repeats=summary.repeats,
            comparable=point.comparable,
            estimate=EstimateView.of(metric.estimate),
            samples=metric.samples,
            scored=metric.scored,
            cost_usd=summary.cost_usd,
            latency_p50_ms=summary.latency_p50_ms,
            latency_p95_ms=summary.latency_p95_ms,
        )


class TargetFiguresView(BaseModel):
    """A target with all its runs, newest first. `release` is empty for recorded outputs, which
    their `label` tells apart. `prompt` is the content hash of a version. `latest`: its newest
    comparable run. `on_frontier`: no other target is at least as good in quality, cost and median
    latency, and better in one; `on_cost_frontier` and `on_latency_frontier` count one of both."""

    release: str
    label: str
    model: str
    prompt: str
    on_frontier: bool
    on_cost_frontier: bool
    on_latency_frontier: bool
    latest: FigurePointView | None
    history: list[FigurePointView]

    @classmethod
    def of(cls, target: TargetFigures) -> "TargetFiguresView":
        latest, content = target.latest, target.content
        return cls(
            release=target.release,
            label=target.label,
            model=content.model if content else "",
            prompt=content.prompt if content else "",
            on_frontier=target.on_frontier,
            on_cost_frontier=target.on_cost_frontier,
            on_latency_frontier=target.on_latency_frontier,
            latest=latest and FigurePointView.of(latest),
            history=[FigurePointView.of(each) for each in target.history],
        )


class DatasetFiguresView(BaseModel):
    """A metric of the targets that were measured on a dataset, those measured last first. `facts`
    is null while no run has the metric. `metrics`: all that could be shown. `truncated`: older
    runs, or further targets, are left out."""

    dataset: str
    version: int
    split: str
    metric: str
    facts: MetricFactsView | None
    metrics: list[str]
    targets: list[TargetFiguresView]
    truncated: bool

    @classmethod
    def of(cls, found: DatasetFigures) -> "DatasetFiguresView":
        return cls(
            dataset=found.dataset,
            version=found.version,
            split=found.split,
            metric=found.metric,
            facts=found.facts and MetricFactsView.of(found.facts),
            metrics=list(found.metrics),
            targets=[TargetFiguresView.of(each) for each in found.targets],
            truncated=found.truncated,
        )


def figure_routes(require: RequirePermission, figures: EvaluationFigures) -> APIRouter:
    """Returns the route of scores over time; it comes before those with a run in the path."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_read = Depends(require(Permission.EVALUATIONS_READ))

    @router.get("/figures")
    def get_evaluation_figures(
        access: Annotated[Access, may_read],
        dataset: Annotated[str, Query(min_length=1, max_length=63)],
        metric: Annotated[str, Query(max_length=64)] = "",
        version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
        split: Annotated[str, Query(max_length=256)] = "",
    ) -> DatasetFiguresView:
        """Returns the scores of targets on a dataset over time, with cost and latency. By default
        the metric is the first one of the newest run, and the version that of its newest run."""
        found = figures.figures(access.project_id, dataset, metric, version, split)
        return DatasetFiguresView.of(found)

    return router
