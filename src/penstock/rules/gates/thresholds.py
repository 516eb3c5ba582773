"""What two runs say about one threshold, before the correction for many thresholds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Protocol

from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.gates.plan import GatePlan, Threshold, ThresholdKind
from penstock.rules.gates.values import (
    Advantages,
    MetricValues,
    advantages,
    mean_interval,
    p_below,
)
from penstock.rules.scores.vocabulary import ScoreState
from penstock.rules.statistics.intervals import Interval, mean_of
from penstock.rules.statistics.power import items_needed, least_difference
from penstock.rules.statistics.wording import comparison_text


class ComparedRuns(Protocol):
    """The values that a gate compares."""

    @property
    def facts(self) -> Mapping[str, MetricFacts]: ...
    @property
    def candidate(self) -> Mapping[str, MetricValues]: ...
    @property
    def baseline(self) -> Mapping[str, MetricValues]: ...
    @property
    def items(self) -> int: ...
    @property
    def groups(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdFinding:
    """The figures of one threshold. `problem`: why nothing can be said, else empty. `met`: the
    threshold is met, unless the candidate is shown to be worse than it allows."""

    threshold: Threshold
    items: int
    problem: str = ""
    pairs: int = 0
    candidate: float | None = None
    baseline: float | None = None
    interval: Interval | None = None
    p_worse: float | None = None
    visible: float | None = None
    met: bool = False
    met_text: str = ""
    unmet_text: str = ""
    worse_text: str = ""
    differing: Sequence[str] = ()
    candidate_states: Mapping[ScoreState, int] = field(default_factory=dict[ScoreState, int])
    baseline_states: Mapping[ScoreState, int] = field(default_factory=dict[ScoreState, int])


def look(
    plan: GatePlan, threshold: Threshold, runs: ComparedRuns, random: Random
) -> ThresholdFinding:
    """Returns what the runs say about one threshold."""
    facts = runs.facts.get(threshold.metric)
    candidate = runs.candidate.get(threshold.metric)
    alone = threshold.kind is ThresholdKind.ABSOLUTE
    baseline = candidate if alone else runs.baseline.get(threshold.metric)
    finding = ThresholdFinding(threshold=threshold, items=runs.items)
    if facts is None or candidate is None or baseline is None:
        return replace(finding, problem="not measured by the runs")
    if facts.kind is MetricKind.LABEL or (facts.higher_is_better is None and not alone):
        return replace(finding, problem="the metric has no better direction")
    pairs = _Pairs.of(candidate, baseline, runs.groups)
    finding = replace(
        finding,
        pairs=len(pairs.candidate),
        problem=_too_few(plan, len(pairs.candidate), runs.items),
        candidate_states=candidate.states,
        baseline_states={} if alone else baseline.states,
    )
    if finding.problem:
        return finding
    if alone:
        return _absolute(plan, finding, facts, pairs)
    return _compared(plan, finding, facts, pairs, random)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The means of the items that have values in both runs."""

    candidate: Mapping[str, float]
    baseline: Mapping[str, float]
    groups: Mapping[str, str]

    @staticmethod
    def of(candidate: MetricValues, baseline: MetricValues, groups: Mapping[str, str]) -> "_Pairs":
        ours, theirs = candidate.per_item(), baseline.per_item()
        return _Pairs(
            {item: value for item, value in ours.items() if item in theirs},
            {item: theirs[item] for item in ours if item in theirs},
            groups,
        )


def _too_few(plan: GatePlan, pairs: int, items: int) -> str:
    if pairs < plan.minimum_items:
        return f"{pairs} items were measured, at least {plan.minimum_items} are needed"
    if pairs < plan.coverage * items:
        return f"{pairs} of {items} items were measured, at least {plan.coverage:.0%} are needed"
    return ""


def _absolute(
    plan: GatePlan, finding: ThresholdFinding, facts: MetricFacts, pairs: _Pairs
) -> ThresholdFinding:
    floor = _as_floor(finding.threshold, facts, pairs.candidate)
    mean = mean_of(list(floor.shown.values()))
    interval = mean_interval(floor.facts, floor.shown, pairs.groups, 1 - 2 * plan.false_alarms)
    shown = "" if interval is None else f" ({interval.low:.4g} to {interval.high:.4g})"
    figures = f"{mean:.4g}{shown}, wanted: {floor.wanted}"
    return replace(
        finding,
        candidate=mean,
        interval=interval,
        p_worse=p_below(floor.facts, floor.tested, pairs.groups, floor.least),
        met=mean_of(list(floor.tested.values())) >= floor.least,
        met_text=figures,
        unmet_text=f"not met, but too few items show it: {figures}",
        worse_text=f"not met: {figures}",
    )


@dataclass(frozen=True, slots=True)
class _Floor:
    """An absolute threshold as a least mean of `tested`. `shown` are the values for people."""

    facts: MetricFacts
    tested: Mapping[str, float]
    least: float
    shown: Mapping[str, float]
    wanted: str


def _as_floor(threshold: Threshold, facts: MetricFacts, values: Mapping[str, float]) -> _Floor:
    """A quantile within its bound is a rate: the share of the items that are within it."""
    is_floor = threshold.at_least is not None
    bound = (threshold.at_least if is_floor else threshold.at_most) or 0.0
    wanted = f"at {'least' if is_floor else 'most'} {bound:g}"
    if (quantile := threshold.quantile) is not None:
        within = {
            item: float(value >= bound if is_floor else value <= bound)
            for item, value in values.items()
        }
        share = 1 - quantile if is_floor else quantile
        rate = MetricFacts(MetricKind.RATE)
        return _Floor(rate, within, share, within, f"{share:.4g} of the items {wanted}")
    if is_floor:
        return _Floor(facts, values, bound, values, wanted)
    whole = 1.0 if facts.kind is MetricKind.RATE else 0.0
    turned = {item: whole - value for item, value in values.items()}
    return _Floor(facts, turned, whole - bound, values, wanted)


def _compared(
    plan: GatePlan, finding: ThresholdFinding, facts: MetricFacts, pairs: _Pairs, random: Random
) -> ThresholdFinding:
    level = 1 - 2 * plan.false_alarms / len(plan.thresholds)
    threshold, plain = finding.threshold, _advantages(facts, pairs)
    allowed = _advantages(facts, pairs, margin=threshold.margin, ratio=threshold.ratio)
    difference, visible = _difference(facts, plain, level), _visible(plan, plain, level)
    means = mean_of(list(pairs.candidate.values())), mean_of(list(pairs.baseline.values()))
    figures = f"{means[0] - means[1]:+.3g}"
    if difference is not None:
        figures += f" ({difference.low:+.3g} to {difference.high:+.3g})"
    finding = replace(
        finding,
        candidate=means[0],
        baseline=means[1],
        interval=difference,
        visible=visible,
        p_worse=allowed.p_worse(random),
        differing=[
            item for item, value in pairs.candidate.items() if value != pairs.baseline[item]
        ],
    )
    if threshold.kind is ThresholdKind.NO_REGRESSION:
        words = comparison_text(
            difference, visible, higher_is_better=facts.higher_is_better is not False
        ).text
        if difference is None and not any(plain.values):
            words = "no item differs"
        return replace(finding, met=True, met_text=words, worse_text=f"worse: {figures}")
    more = _more_items(plan, allowed, level)
    return replace(
        finding,
        met=_is_within(facts, threshold, plain, allowed, level),
        met_text=f"worse by less than the margin: {figures}",
        unmet_text=f"not shown to be within the margin{more}: {figures}",
        worse_text=f"worse than the margin allows: {figures}",
    )


def _difference(facts: MetricFacts, plain: Advantages, level: float) -> Interval | None:
    """The interval of candidate minus baseline, in the metric's unit."""
    found = plain.interval(level)
    if found is None or facts.higher_is_better is not False:
        return found
    return Interval(-found.estimate, -found.high, -found.low)


def _advantages(
    facts: MetricFacts, pairs: _Pairs, *, margin: float = 0.0, ratio: float = 1.0
) -> Advantages:
    return advantages(
        facts, pairs.candidate, pairs.baseline, pairs.groups, margin=margin, ratio=ratio
    )


def _is_within(
    facts: MetricFacts, threshold: Threshold, plain: Advantages, allowed: Advantages, level: float
) -> bool:
    """Returns whether the interval lies within the margin. Equal differences show a mean without
    doubt, except for rates: those of ten items that all pass may differ."""
    if threshold.ratio == 1 and (interval := plain.interval(level)) is not None:
        return interval.low > -threshold.margin
    shown = allowed.interval(level)
    if shown is None:
        return facts.kind is MetricKind.MEAN and min(allowed.values) > 0
    return shown.low > 0


def _more_items(plan: GatePlan, allowed: Advantages, level: float) -> str:
    mean, error = mean_of(allowed.values), allowed.error()
    if mean <= 0 or error is None:
        return ""
    deviation = error * len(allowed.values) ** 0.5
    needed = items_needed(mean, deviation, level=level, power=plan.power)
    return f" (about {needed} items would show it)" if needed > len(allowed.values) else ""


def _visible(plan: GatePlan, plain: Advantages, level: float) -> float | None:
    error = plain.error()
    if error is None:
        return None
    items = len(plain.values)
    return least_difference(error * items**0.5, items, level=level, power=plan.power)
