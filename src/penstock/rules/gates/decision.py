"""Decides a gate: passed, a regression, or not measured. Pure: the runs' values are arguments."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from msgspec.structs import replace

from penstock.rules.document import Document
from penstock.rules.evaluation.metrics import MetricFacts
from penstock.rules.gates.plan import GatePlan, Threshold
from penstock.rules.gates.thresholds import ThresholdFinding, look
from penstock.rules.gates.values import MetricValues
from penstock.rules.scores.vocabulary import ScoreState
from penstock.rules.statistics.comparisons import holm

MAX_TO_CONFIRM: Final = 100_000  # items; a run has no more


class GateOutcome(StrEnum):
    """The outcomes of a gate and of each of its thresholds."""

    PASSED = "passed"
    REGRESSION = "regression"
    UNMEASURED = "unmeasured"


EXIT_CODES: Final[Mapping[GateOutcome, int]] = {
    GateOutcome.PASSED: 0,
    GateOutcome.REGRESSION: 1,
    GateOutcome.UNMEASURED: 2,
}


class ThresholdDecision(Document, frozen=True):
    """The decision on one threshold. `pairs` of `items` were measured in both runs (in the
    candidate's, for an absolute threshold). `visible`: the least difference that the run could
    see. `p_value`: after the correction for all thresholds."""

    threshold: Threshold
    outcome: GateOutcome
    text: str
    pairs: int = 0
    items: int = 0
    candidate: float | None = None
    baseline: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    visible: float | None = None
    candidate_states: dict[str, int] = {}  # noqa: RUF012 - msgspec copies it for each decision
    baseline_states: dict[str, int] = {}  # noqa: RUF012 - msgspec copies it for each decision


class GateDecision(Document, frozen=True):
    """The outcome with that of each threshold. `to_confirm`: the items on which the two differ in a
    metric that looks worse; they are to be run again for both."""

    outcome: GateOutcome
    thresholds: tuple[ThresholdDecision, ...]
    to_confirm: tuple[str, ...] = ()
    confirmed: bool = False

    @property
    def exit_code(self) -> int:
        """0 passed, 1 a regression, 2 not measured."""
        return EXIT_CODES[self.outcome]


@dataclass(frozen=True, slots=True)
class GateRuns:
    """The values that a gate compares, by metric. `items`: how many the runs should have measured;
    `groups`: the cluster of an item, if it has one."""

    facts: Mapping[str, MetricFacts]
    candidate: Mapping[str, MetricValues]
    baseline: Mapping[str, MetricValues]
    items: int
    groups: Mapping[str, str]


def decide(
    plan: GatePlan, runs: GateRuns, random: Random, *, suspects: Collection[str] | None = None
) -> GateDecision:
    """Decides from two runs.

    `suspects`: the metrics that looked worse before the items on which the two differ were run
    again for both; `runs` then has both rounds, and no other metric can be a regression. So a
    regression was shown twice, and equal releases fail at most at the rate `false_alarms`.
    """
    found = [look(plan, each, runs, random) for each in plan.thresholds]
    tested = {str(at): each.p_worse for at, each in enumerate(found) if each.p_worse is not None}
    adjusted = holm(tested)
    decided = tuple(
        _decided(plan, each, adjusted.get(str(at)), suspects) for at, each in enumerate(found)
    )
    outcome = _worst(decided)
    worse = {each.threshold.metric for each in decided if each.outcome is GateOutcome.REGRESSION}
    differing = {
        item for each in found if each.threshold.metric in worse for item in each.differing
    }
    return GateDecision(
        outcome,
        decided,
        () if suspects is not None else tuple(sorted(differing))[:MAX_TO_CONFIRM],
        suspects is not None,
    )


def suspects_of(decision: GateDecision) -> frozenset[str]:
    """Returns the metrics that look worse, and wait for a confirmation."""
    return frozenset(
        each.threshold.metric
        for each in decision.thresholds
        if each.outcome is GateOutcome.REGRESSION
    )


def unconfirmed(decision: GateDecision, reason: str) -> GateDecision:
    """Returns the decision where what looks worse cannot be run again: it is not measured."""
    decided = tuple(
        replace(
            each,
            outcome=GateOutcome.UNMEASURED,
            text=f"{each.text} This could not be confirmed by running it again: {reason}",
        )
        if each.outcome is GateOutcome.REGRESSION
        else each
        for each in decision.thresholds
    )
    return replace(decision, outcome=_worst(decided), thresholds=decided)


def _decided(
    plan: GatePlan, found: ThresholdFinding, p_value: float | None, suspects: Collection[str] | None
) -> ThresholdDecision:
    decision = ThresholdDecision(
        found.threshold,
        GateOutcome.UNMEASURED,
        found.problem,
        pairs=found.pairs,
        items=found.items,
        candidate=found.candidate,
        baseline=found.baseline,
        low=found.interval.low if found.interval else None,
        high=found.interval.high if found.interval else None,
        p_value=p_value,
        visible=found.visible,
        candidate_states=_counts(found.candidate_states),
        baseline_states=_counts(found.baseline_states),
    )
    if found.problem:
        return decision
    worse = p_value is not None and p_value <= plan.false_alarms
    if worse and (suspects is None or found.threshold.metric in suspects):
        return replace(decision, outcome=GateOutcome.REGRESSION, text=found.worse_text)
    if found.met:
        return replace(decision, outcome=GateOutcome.PASSED, text=found.met_text)
    return replace(decision, text=found.unmet_text)


def _worst(decided: Collection[ThresholdDecision]) -> GateOutcome:
    outcomes = {each.outcome for each in decided}
    for outcome in (GateOutcome.REGRESSION, GateOutcome.UNMEASURED):
        if outcome in outcomes:
            return outcome
    return GateOutcome.PASSED


def _counts(states: Mapping[ScoreState, int]) -> dict[str, int]:
    return {state.value: count for state, count in states.items() if count}
