"""The summary of a run in a few numbers, and which targets no other one surpasses."""

from collections.abc import Mapping, Sequence
from typing import Final

from penstock.rules.document import Document
from penstock.rules.eval_reports.report import Estimate, MetricReport
from penstock.rules.evaluation.metrics import MetricFacts

COST: Final = "cost_usd"  # a metric of each run: what an answer costs, without judges
LATENCY: Final = "latency_ms"


class MeasuredMetric(Document, frozen=True):
    """A metric of a run: `scored` of `samples` have a value. `evaluator`: the content hash of kind
    and options; the same name with another hash is another metric."""

    facts: MetricFacts
    evaluator: str
    samples: int
    scored: int
    estimate: Estimate


class RunSummary(Document, frozen=True):
    """A run that has ended: what was measured (`release`, empty for recorded outputs, which a
    `label` tells apart), on which items (`some_items`: only those that the run names), and what
    was found. `cost_usd`: the mean of an item's answer, without judges; `latency_…` are quantiles
    of its answers. `None` is unknown."""

    release: str
    label: str
    version: int
    split: str
    some_items: bool
    repeats: int
    metrics: dict[str, MeasuredMetric] = {}  # noqa: RUF012 - msgspec copies it for each summary
    cost_usd: float | None = None
    latency_p50_ms: float | None = None
    latency_p95_ms: float | None = None


def measured_metrics(
    metrics: Sequence[MetricReport], evaluators: Mapping[str, str]
) -> dict[str, MeasuredMetric]:
    """Returns metrics in short. `evaluators`: the content hash of each metric's evaluator."""
    return {
        each.name: MeasuredMetric(
            each.facts, evaluators.get(each.name, ""), each.samples, each.scored, each.estimate
        )
        for each in metrics
    }


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """Returns the value that `share` of ordered values do not exceed, interpolated between its
    neighbours (Hyndman and Fan 1996, type 7); none without values."""
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def pareto_frontier(points: Sequence[tuple[float | None, ...]]) -> list[bool]:
    """Returns for each point whether no other one is at least as low in all coordinates and lower
    in one. Points with an unknown coordinate are not on the frontier and surpass none."""
    known = [tuple(each for each in point if each is not None) for point in points]
    full = [len(some) == len(point) for some, point in zip(known, points, strict=True)]
    return [
        own and not any(full[at] and _surpasses(other, point) for at, other in enumerate(known))
        for own, point in zip(full, known, strict=True)
    ]


def _surpasses(other: tuple[float, ...], point: tuple[float, ...]) -> bool:
    return other != point and all(a <= b for a, b in zip(other, point, strict=True))
