"""The default rule of rollouts: it may look at any time, and is wrong as rarely as the plan states.

A candidate is rolled back when a guard metric is shown to be beyond its bound, goes one step on
when its time is over and nothing is shown, and is promoted when every metric is shown to be within
its bound. Decision 61; laws: `tests/rules/rollouts/test_decision.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import exp, inf, log
from typing import Final

from penstock.rules.rollouts.observations import ArmPeriod, RolloutObserved, WeightPeriod
from penstock.rules.rollouts.plan import Guard, GuardAction, GuardMetric, RolloutPlan
from penstock.rules.statistics.sequential import (
    Bound,
    Tally,
    log_evidence_of_counts,
    log_evidence_of_two_means,
    log_mean,
    log_over_periods,
    log_stakes,
)

_NOTHING: Final = Tally(0, 0.0, 0.0)
_MOST: Final = 1e9  # evidence beyond this is written as this


class DecisionKind(StrEnum):
    """The kinds of decisions."""

    WAIT = "wait"
    ADVANCE = "advance"
    PROMOTE = "promote"
    PAUSE = "pause"
    ROLL_BACK = "roll_back"


@dataclass(frozen=True)
class GuardEvidence:
    """The evidence on one guard metric of one candidate. `beyond` and `within` are the evidence
    that it is beyond its bound, or within it; 1 says nothing, 20 is reached once in 20 rollouts
    without cause."""

    arm: str
    guard: str
    candidate: Tally
    baseline: Tally
    beyond: float
    within: float
    enough: bool


@dataclass(frozen=True)
class RolloutDecision:
    """A decision with its evidence. `arm` is the candidate that it is about, empty for all."""

    kind: DecisionKind
    reason: str
    arm: str = ""
    evidence: tuple[GuardEvidence, ...] = ()
    division: float = 1.0  # evidence that units are not divided by weight


def decide(plan: RolloutPlan, observed: RolloutObserved, now: datetime) -> RolloutDecision:
    """Returns what to do. Pure: the same arguments give the same decision."""
    lag = now - observed.until
    if lag > timedelta(seconds=plan.period_s):
        return _wait(f"Telemetry is {lag.total_seconds():.0f} s late: nothing is decided.")
    if not observed.periods or not observed.candidates:
        return _wait("There is nothing to compare.")
    division, divided = _division(plan, observed.periods)
    evidence = tuple(
        _evidence(guard, arm, observed) for arm in observed.candidates for guard in plan.guards
    )
    decision = divided or _beyond(plan, observed, evidence) or _onward(plan, observed, evidence)
    return replace(decision, evidence=evidence, division=division)


def _wait(reason: str) -> RolloutDecision:
    return RolloutDecision(DecisionKind.WAIT, reason)


def _division(
    plan: RolloutPlan, periods: Sequence[WeightPeriod]
) -> tuple[float, RolloutDecision | None]:
    """The evidence that units are not divided by weight, at its most. The k-th period may be wrong
    in `wrong_alarms` / (k(k + 1)) of rollouts, all together in `wrong_alarms`."""
    most = 0.0
    alarm: RolloutDecision | None = None
    for number, period in enumerate(periods, 1):
        counts = {name: each.units for name, each in period.arms.items()}
        found = _plain(log_evidence_of_counts(counts, period.weights))
        most = max(most, found)
        if found >= number * (number + 1) / plan.wrong_alarms:
            division = ", ".join(f"{name} {counts.get(name, 0)}" for name in period.weights)
            alarm = RolloutDecision(
                DecisionKind.PAUSE,
                f"Units are not divided by weight ({division}), so a comparison would mislead: "
                "records of one arm are lost, or its callers leave before they are counted.",
            )
    return most, alarm


def _evidence(guard: Guard, arm: str, observed: RolloutObserved) -> GuardEvidence:
    pairs = [_pair(guard, arm, period, observed.baseline) for period in observed.periods]
    beyond, within = (
        _combined(guard, arm, pairs, observed, reverse=reverse) for reverse in (False, True)
    )
    candidate, baseline = (_sum([pair[at] for pair in pairs]) for at in (0, 1))
    enough = candidate.size >= guard.minimum and (not guard.ratio or baseline.size >= guard.minimum)
    return GuardEvidence(arm, guard.name, candidate, baseline, beyond, within, enough)


def _combined(
    guard: Guard,
    arm: str,
    pairs: Sequence[tuple[Tally, Tally]],
    observed: RolloutObserved,
    *,
    reverse: bool,
) -> float:
    bound = Bound(guard.ratio, guard.margin, reverse)
    if guard.metric is GuardMetric.SCORE:
        return _plain(log_over_periods([log_evidence_of_two_means(*each, bound) for each in pairs]))
    sums: list[float] | None = None
    for period, (candidate, baseline) in zip(observed.periods, pairs, strict=True):
        share = _share(period, arm, observed.baseline)
        if not 0 < share < 1:
            continue
        reference = observed.references.get(guard.name, 0.0)
        found = log_stakes(candidate, baseline, share=share, bound=bound, reference=reference)
        sums = found if sums is None else [a + b for a, b in zip(sums, found, strict=True)]
    return _plain(log_mean(sums)) if sums else 1.0


def _pair(guard: Guard, arm: str, period: WeightPeriod, baseline: str) -> tuple[Tally, Tally]:
    nothing = ArmPeriod(0, {})
    return (
        period.arms.get(arm, nothing).metrics.get(guard.name, _NOTHING),
        period.arms.get(baseline, nothing).metrics.get(guard.name, _NOTHING),
    )


def _share(period: WeightPeriod, arm: str, baseline: str) -> float:
    candidate, rest = period.weights.get(arm, 0), period.weights.get(baseline, 0)
    return candidate / (candidate + rest) if candidate + rest else 0.0


def _beyond(
    plan: RolloutPlan, observed: RolloutObserved, evidence: Sequence[GuardEvidence]
) -> RolloutDecision | None:
    """A candidate of which some metric is beyond its bound. The mean over metrics decides, so that
    all together are wrong as rarely as stated; the candidates divide the rate."""
    needed = len(observed.candidates) / plan.wrong_rollbacks
    actions = {guard.name: guard.action for guard in plan.guards}
    for arm in observed.candidates:
        own = [each for each in evidence if each.arm == arm]
        counted = [each for each in own if each.enough]
        if not counted or sum(each.beyond for each in counted) / len(own) < needed:
            continue
        worst = max(counted, key=lambda each: each.beyond)
        paused = actions[worst.guard] is GuardAction.PAUSE
        return RolloutDecision(
            DecisionKind.PAUSE if paused else DecisionKind.ROLL_BACK,
            f"{worst.guard} of {arm} is {_figure(worst.candidate)}, of the baseline "
            f"{_figure(worst.baseline)}: beyond its bound (evidence {worst.beyond:.3g}, "
            f"needed {needed:.3g} in the mean of {len(own)} metrics).",
            arm,
        )
    return None


def _onward(
    plan: RolloutPlan, observed: RolloutObserved, evidence: Sequence[GuardEvidence]
) -> RolloutDecision:
    if observed.step is None or observed.step >= len(plan.steps) or len(observed.candidates) != 1:
        return _wait(
            "No metric is shown to be beyond its bound. This rollout is moved by its users."
        )
    arm, step = observed.candidates[0], plan.steps[observed.step]
    left = observed.since + timedelta(seconds=step.hold_s) - observed.until
    if left > timedelta(0):
        return _wait(f"{step.percent:g} % holds for another {left.total_seconds():.0f} s.")
    if lacking := [each.guard for each in evidence if not each.enough]:
        return _wait(f"Too few units for {', '.join(lacking)}.")
    if observed.step + 1 < len(plan.steps):
        following = plan.steps[observed.step + 1].percent
        reason = f"No metric is shown to be beyond its bound at {step.percent:g} %."
        return RolloutDecision(DecisionKind.ADVANCE, f"{reason} Next: {following:g} %.", arm)
    needed = 1 / plan.wrong_promotions
    if open_guards := [each for each in evidence if each.within < needed]:
        found = ", ".join(f"{each.guard} ({each.within:.3g})" for each in open_guards)
        return _wait(f"Not yet shown to be within its bound: {found}; {needed:.3g} is needed.")
    reason = "Every metric is shown to be within its bound."
    return RolloutDecision(DecisionKind.PROMOTE, reason, arm)


def _figure(tally: Tally) -> str:
    return f"{tally.mean:.4g} ({tally.size} units)" if tally.size else "unknown"


def _sum(tallies: Sequence[Tally]) -> Tally:
    return Tally(
        sum(each.size for each in tallies),
        sum(each.total for each in tallies),
        sum(each.squares for each in tallies),
    )


def _plain(logarithm: float) -> float:
    return _MOST if logarithm == inf or logarithm > log(_MOST) else exp(logarithm)
