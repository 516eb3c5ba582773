"""Scores of targets over time, and which targets are best for their cost and latency."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from penstock.features.context import Context
from penstock.features.evaluations.model import EvaluatedReleases
from penstock.features.evaluations.summary_store import SummarizedRun, list_summaries
from penstock.kernel.errors import NotFound
from penstock.rules.eval_reports.summary import MeasuredMetric, pareto_frontier
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.releases.documents import Release

MAX_FIGURE_RUNS: Final = 500  # runs of a dataset in its figures; older ones are left out
MAX_FIGURE_TARGETS: Final = 100  # targets in the figures of a dataset, those measured last


@dataclass(frozen=True, slots=True)
class FigurePoint:
    """The figures of a target in one run. `comparable`: measured on the same items by the same
    evaluator as what it is shown beside."""

    run: SummarizedRun
    metric: MeasuredMetric
    comparable: bool


@dataclass(frozen=True, slots=True)
class TargetFigures:
    """A release, or recorded outputs with a label, measured once or more. `history` is newest
    first; `latest` the newest point that is comparable. The flags say that no other target is at
    least as good and better in one: quality, cost and median latency; or quality and one."""

    release: str
    label: str
    content: Release | None
    history: Sequence[FigurePoint]
    on_frontier: bool = False
    on_cost_frontier: bool = False
    on_latency_frontier: bool = False

    @property
    def latest(self) -> FigurePoint | None:
        """Returns the newest comparable point."""
        return next((each for each in self.history if each.comparable), None)


@dataclass(frozen=True, slots=True)
class DatasetFigures:
    """The figures of a metric on a version of a dataset. `metrics`: those that there are.
    `truncated`: there are more runs or targets than are read."""

    dataset: str
    version: int
    split: str
    metric: str
    facts: MetricFacts | None
    metrics: Sequence[str]
    targets: Sequence[TargetFigures]
    truncated: bool


@dataclass(frozen=True, slots=True)
class EvaluationFigures:
    """Reads the summaries of runs."""

    context: Context
    releases: EvaluatedReleases

    def figures(
        self, project_id: str, dataset: str, metric: str, version: int | None, split: str
    ) -> DatasetFigures:
        """Returns the figures of a metric: by default the first of the newest run, on the version
        of the newest run that has it. Runs of some items only are left out. Raises `NotFound` for
        a metric that no run has."""
        with self.context.database.read() as connection:
            found = list_summaries(connection, project_id, dataset, MAX_FIGURE_RUNS + 1)
        runs = [each for each in found[:MAX_FIGURE_RUNS] if _is_whole(each, split)]
        names = list(dict.fromkeys(name for each in runs for name in _means(each)))
        if metric and metric not in names:
            raise NotFound(
                f"No run of {dataset[:64]!r} that is done has the metric {metric[:64]!r}.",
                hint=f"It has: {', '.join(names[:20]) or 'none yet'}.",
            )
        metric = metric or next(iter(names), "")
        measured = [each for each in runs if metric in each.summary.metrics]
        shown = version or next((each.summary.version for each in measured), 0)
        base = next((each for each in measured if each.summary.version == shown), None)
        facts = base and base.summary.metrics[metric].facts
        targets = _targets(measured, metric, shown, base)
        kept = self._with_contents(project_id, targets[:MAX_FIGURE_TARGETS])
        more = len(found) > MAX_FIGURE_RUNS or len(targets) > MAX_FIGURE_TARGETS
        placed = _placed(kept, facts)
        return DatasetFigures(dataset, shown, split, metric, facts, names, placed, more)

    def _with_contents(
        self, project_id: str, targets: Sequence[TargetFigures]
    ) -> list[TargetFigures]:
        digests = [each.release for each in targets if each.release]
        contents = self.releases.contents(project_id, digests)
        return [
            TargetFigures(each.release, each.label, contents.get(each.release), each.history)
            for each in targets
        ]


def _is_whole(run: SummarizedRun, split: str) -> bool:
    return run.summary.split == split and not run.summary.some_items


def _means(run: SummarizedRun) -> Iterable[str]:
    metrics = run.summary.metrics
    return (name for name, each in metrics.items() if each.facts.kind is not MetricKind.LABEL)


def _targets(
    runs: Sequence[SummarizedRun], metric: str, version: int, base: SummarizedRun | None
) -> list[TargetFigures]:
    """Returns the targets of runs, those measured last first."""
    evaluator = base.summary.metrics[metric].evaluator if base else ""
    points: dict[tuple[str, str], list[FigurePoint]] = {}
    for each in runs:
        found = each.summary.metrics[metric]
        same = each.summary.version == version and found.evaluator == evaluator
        release = each.summary.release
        key = (release, "" if release else each.summary.label)
        points.setdefault(key, []).append(FigurePoint(each, found, same))
    return [TargetFigures(*key, None, history) for key, history in points.items()]


def _placed(targets: Sequence[TargetFigures], facts: MetricFacts | None) -> Sequence[TargetFigures]:
    """Returns targets with their places on the frontiers; a metric that is neither better when it
    is higher nor when it is lower has none."""
    if facts is None or facts.higher_is_better is None:
        return targets
    losses = [_loss(each, higher_is_better=facts.higher_is_better) for each in targets]
    costs = [each.latest and each.latest.run.summary.cost_usd for each in targets]
    waits = [each.latest and each.latest.run.summary.latency_p50_ms for each in targets]
    both = pareto_frontier(list(zip(losses, costs, waits, strict=True)))
    cost = pareto_frontier(list(zip(losses, costs, strict=True)))
    latency = pareto_frontier(list(zip(losses, waits, strict=True)))
    return [
        TargetFigures(each.release, each.label, each.content, each.history, *places)
        for each, *places in zip(targets, both, cost, latency, strict=True)
    ]


def _loss(target: TargetFigures, *, higher_is_better: bool) -> float | None:
    """Returns the mean of a target, so that lower is better."""
    mean = target.latest and target.latest.metric.estimate.mean
    return None if mean is None else -mean if higher_is_better else mean
