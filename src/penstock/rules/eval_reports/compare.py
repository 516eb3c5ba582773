"""Compares runs on the items that they share: differences item by item, with the words for them."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

from msgspec.structs import replace

from penstock.rules.document import Document
from penstock.rules.eval_reports.report import Estimate, estimate
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.gates.values import Advantages, MetricValues, advantages
from penstock.rules.statistics.comparisons import holm
from penstock.rules.statistics.intervals import Interval, mean_of
from penstock.rules.statistics.power import least_difference
from penstock.rules.statistics.wording import Comparison, comparison_text

LEVEL: Final = 0.95
_SEED: Final = 0  # of the flips of permutation tests: the same runs, the same p-values


class MetricDifference(Document, frozen=True):
    """The difference of a run to the baseline in one metric, on shared items. Positive is more, not
    better. `p` is adjusted for all differences of the comparison (Holm). `outcome` and `text` are
    words; `visible`: the least difference that the comparison could see."""

    metric: str
    run: str
    baseline: Estimate
    candidate: Estimate
    items: int
    outcome: str
    text: str
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    visible: float | None = None
    better: int = 0  # items
    worse: int = 0


def compare(
    facts: Mapping[str, MetricFacts],
    baseline: Mapping[str, MetricValues],
    candidates: Mapping[str, Mapping[str, MetricValues]],
    groups: Mapping[str, str],
) -> list[MetricDifference]:
    """Returns the differences of each candidate to the baseline, metric by metric. `facts` has the
    metrics to compare; labels are not compared."""
    made: list[tuple[MetricDifference, float | None]] = []
    for metric, each in facts.items():
        if each.kind is MetricKind.LABEL or metric not in baseline:
            continue
        before = baseline[metric].per_item()
        for run, values in candidates.items():
            if metric in values:
                found, p = _difference(each, before, values[metric].per_item(), groups)
                made.append((replace(found, metric=metric, run=run), p))
    adjusted = holm({str(at): p for at, (_, p) in enumerate(made) if p is not None})
    return [_worded(found, facts, adjusted.get(str(at))) for at, (found, _) in enumerate(made)]


def _difference(
    facts: MetricFacts,
    before: Mapping[str, float],
    after: Mapping[str, float],
    groups: Mapping[str, str],
) -> tuple[MetricDifference, float | None]:
    shared = [item for item in after if item in before]
    found = advantages(facts, after, before, groups)
    sign = -1.0 if facts.higher_is_better is False else 1.0
    interval = found.interval(LEVEL) if shared else None
    ends = [sign * interval.low, sign * interval.high] if interval else []
    made = MetricDifference(
        "",
        "",
        estimate(facts, {item: before[item] for item in shared}, groups),
        estimate(facts, {item: after[item] for item in shared}, groups),
        len(shared),
        Comparison.NOT_MEASURED,
        "",
        sign * mean_of(found.values) if shared else None,
        min(ends) if ends else None,
        max(ends) if ends else None,
        None,
        _visible(found),
        sum(each > 0 for each in found.values),
        sum(each < 0 for each in found.values),
    )
    return made, _two_sided(found) if interval else None


def _two_sided(found: Advantages) -> float:
    worse = found.p_worse(Random(_SEED))  # noqa: S311 - no secret
    return min(1.0, 2 * min(worse, 1 - worse))


def _visible(found: Advantages) -> float | None:
    """The least difference that is seen with a probability of 80 %."""
    error, items = found.error(), len(found.values)
    return None if error is None else least_difference(error * items**0.5, items)


def _worded(
    found: MetricDifference, facts: Mapping[str, MetricFacts], p: float | None
) -> MetricDifference:
    """Returns the words: better or worse only if the adjusted p-value allows it."""
    interval = None
    if found.difference is not None and found.low is not None and found.high is not None:
        interval = Interval(found.difference, found.low, found.high)
    higher = facts[found.metric].higher_is_better
    words = comparison_text(interval, found.visible, higher_is_better=higher)
    outcome, text = words.outcome, words.text
    if outcome not in (Comparison.NO_DIFFERENCE_SHOWN, Comparison.NOT_MEASURED) and (
        p is None or p > 1 - LEVEL
    ):
        outcome = Comparison.NO_DIFFERENCE_SHOWN
        text = f"{outcome} once all comparisons count (p = {p:.2g})" if p is not None else outcome
    return replace(found, outcome=outcome.value, text=text, p=p)


def regressions_first(
    facts: Mapping[str, MetricFacts],
    baseline: Mapping[str, MetricValues],
    candidate: Mapping[str, MetricValues],
) -> Sequence[tuple[str, float]]:
    """Returns the items that both runs have, worst first, with the sum of their advantages: each
    metric that has a better direction counts relative to its widest difference."""
    sums: dict[str, float] = {}
    for metric, each in facts.items():
        if each.kind is MetricKind.LABEL or metric not in baseline or metric not in candidate:
            continue
        weight = 0.0 if each.higher_is_better is None else 1.0
        before, after = baseline[metric].per_item(), candidate[metric].per_item()
        sign = -1.0 if each.higher_is_better is False else 1.0
        found = {item: sign * (after[item] - before[item]) for item in after if item in before}
        widest = max(map(abs, found.values()), default=0.0) or 1.0
        for item, difference in found.items():
            sums[item] = sums.get(item, 0.0) + weight * difference / widest
    return sorted(sums.items(), key=lambda each: each[1])
