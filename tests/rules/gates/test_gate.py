"""The gate: what it says of better, worse, equal and unmeasured candidates."""

from collections.abc import Mapping, Sequence
from random import Random

import pytest

from penstock.kernel.errors import InvalidRequest
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.gates.decision import (
    GateDecision,
    GateOutcome,
    GateRuns,
    decide,
    suspects_of,
)
from penstock.rules.gates.plan import (
    MOST_FALSE_ALARMS,
    GatePlan,
    Threshold,
    ThresholdKind,
    check_plan,
    default_plan,
)
from penstock.rules.gates.values import MetricValues
from penstock.rules.scores.vocabulary import ScoreState

RATE, TIME = MetricFacts(MetricKind.RATE), MetricFacts(MetricKind.MEAN, higher_is_better=False)
ABSOLUTE, NON_INFERIOR = ThresholdKind.ABSOLUTE, ThresholdKind.NON_INFERIOR


def values(each: Sequence[float | Sequence[float]]) -> MetricValues:
    lists = [[one] if isinstance(one, float | int) else list(one) for one in each]
    return MetricValues({str(at): found for at, found in enumerate(lists)})


def gate(
    candidate: Sequence[float | Sequence[float]],
    baseline: Sequence[float | Sequence[float]],
    threshold: Threshold,
    facts: MetricFacts = RATE,
    **more: object,
) -> GateDecision:
    runs = GateRuns(
        {"m": facts},
        {"m": values(candidate)},
        {"m": values(baseline)},
        max(len(candidate), len(baseline)),
        {},
    )
    return decide(GatePlan(thresholds=(threshold,)), runs, Random(1), **more)  # pyright: ignore[reportArgumentType] - keywords of decide


@pytest.mark.parametrize(
    ("candidate", "baseline", "outcome"),
    [
        ([1] * 60, [1] * 60, GateOutcome.PASSED),
        ([1] * 40 + [0] * 20, [1] * 60, GateOutcome.REGRESSION),  # p = 2^-20
        ([1] * 57 + [0] * 3, [1] * 60, GateOutcome.PASSED),  # p = 1/8
        ([1] * 55 + [0] * 5, [1] * 60, GateOutcome.REGRESSION),  # p = 1/32
        ([1] * 60, [1] * 40 + [0] * 20, GateOutcome.PASSED),
        ([1] * 5, [1] * 5, GateOutcome.UNMEASURED),
        ([1] * 50, [1] * 60, GateOutcome.UNMEASURED),  # 50 of 60 are fewer than 90 %
    ],
)
def test_a_candidate_fails_only_if_it_is_shown_to_be_worse(
    candidate: Sequence[float], baseline: Sequence[float], outcome: GateOutcome
) -> None:
    assert gate(candidate, baseline, Threshold("m")).outcome is outcome


def test_what_looks_worse_is_confirmed_on_all_items_on_which_the_two_differ() -> None:
    candidate, baseline = [1] * 50 + [0] * 10, [1] * 48 + [0] * 2 + [1] * 10
    first = gate(candidate, baseline, Threshold("m"))
    assert first.outcome is GateOutcome.REGRESSION
    assert first.to_confirm == tuple(sorted(str(at) for at in range(48, 60)))
    assert suspects_of(first) == {"m"}
    again = [1] * 48 + [[1, 1]] * 2 + [[0, 1]] * 10, [1] * 48 + [[0, 1]] * 2 + [[1, 0]] * 10
    second = gate(*again, Threshold("m"), suspects=suspects_of(first))
    assert (second.outcome, second.exit_code, second.confirmed) == (GateOutcome.PASSED, 0, True)
    same = [[one, one] for one in candidate], [[one, one] for one in baseline]
    assert gate(*same, Threshold("m"), suspects={"m"}).exit_code == 1
    assert gate(*same, Threshold("m"), suspects=set()).exit_code == 0


def test_any_rate_of_false_alarms_that_is_accepted_can_be_decided() -> None:
    for rate in (1e-9, MOST_FALSE_ALARMS):
        for threshold in (Threshold("m"), Threshold("m", ABSOLUTE, at_least=0.5)):
            plan = GatePlan(thresholds=(threshold,), false_alarms=rate)
            check_plan(plan)
            both = {"m": values([1, 0] * 20)}
            assert decide(plan, GateRuns({"m": RATE}, both, both, 40, {}), Random(1)).exit_code == 0
    with pytest.raises(InvalidRequest):
        check_plan(GatePlan(thresholds=(Threshold("m"),), false_alarms=0.5))


def test_infrastructure_failures_are_no_regression() -> None:
    runs = GateRuns(
        {"m": RATE},
        {"m": MetricValues({}, {ScoreState.INFRASTRUCTURE_ERROR: 40})},
        {"m": values([1] * 40)},
        40,
        {},
    )
    decision = decide(default_plan(["m"]), runs, Random(1))
    assert decision.exit_code == 2
    assert decision.thresholds[0].candidate_states == {"infrastructure_error": 40}
    assert "0 items were measured" in decision.thresholds[0].text


@pytest.mark.parametrize(
    ("margin", "outcome", "says"),
    [(0.15, GateOutcome.PASSED, "less than the margin"), (0.05, GateOutcome.UNMEASURED, "margin")],
)
def test_a_margin_must_be_shown_to_hold(margin: float, outcome: GateOutcome, says: str) -> None:
    decision = gate([1] * 30, [1] * 30, Threshold("m", NON_INFERIOR, margin=margin))
    assert decision.outcome is outcome  # of 30 equal items up to 0.09 may differ (Tango, 90 %)
    assert says in decision.thresholds[0].text


def test_a_ratio_compares_each_item_with_a_multiple_of_its_baseline() -> None:
    baseline = [100.0 + 7 * at for at in range(30)]
    slower = [1.08 * each + at % 3 for at, each in enumerate(baseline)]
    threshold = Threshold("m", NON_INFERIOR, ratio=1.2)
    assert gate(slower, baseline, threshold, TIME).outcome is GateOutcome.PASSED
    threshold = Threshold("m", NON_INFERIOR, ratio=1.02)
    assert gate(slower, baseline, threshold, TIME).outcome is GateOutcome.REGRESSION
    decision = gate(slower, baseline, Threshold("m"), TIME).thresholds[0]
    assert (decision.low or 0) > 0  # more milliseconds
    assert "worse" in decision.text


@pytest.mark.parametrize(
    ("found", "threshold", "outcome"),
    [
        ([1] * 95 + [0] * 5, Threshold("m", ABSOLUTE, at_least=0.9), GateOutcome.PASSED),
        ([1] * 85 + [0] * 15, Threshold("m", ABSOLUTE, at_least=0.9), GateOutcome.UNMEASURED),
        ([1] * 70 + [0] * 30, Threshold("m", ABSOLUTE, at_least=0.9), GateOutcome.REGRESSION),
        ([1] * 2 + [0] * 98, Threshold("m", ABSOLUTE, at_most=0.05), GateOutcome.PASSED),
        ([1] * 20 + [0] * 80, Threshold("m", ABSOLUTE, at_most=0.05), GateOutcome.REGRESSION),
    ],
)
def test_a_bound_is_missed_only_if_that_is_shown(
    found: Sequence[float], threshold: Threshold, outcome: GateOutcome
) -> None:
    assert gate(found, [], threshold).outcome is outcome


def test_a_quantile_is_a_share_of_items_within_the_bound() -> None:
    times = [100.0 + at for at in range(100)]  # 95 % are at most 194
    for bound, outcome in (
        (196.0, GateOutcome.PASSED),
        (193.0, GateOutcome.UNMEASURED),
        (180.0, GateOutcome.REGRESSION),
    ):
        threshold = Threshold("m", ABSOLUTE, at_most=bound, quantile=0.95)
        assert gate(times, [], threshold, TIME).outcome is outcome


def test_items_of_a_group_are_one_observation() -> None:
    worse = {str(at): [0.0] for at in range(40)}, {str(at): [1.0] for at in range(40)}
    for groups, outcome in (
        ({}, GateOutcome.REGRESSION),
        ({str(at): f"text {at % 2}" for at in range(40)}, GateOutcome.PASSED),
    ):
        runs = GateRuns(
            {"m": RATE}, {"m": MetricValues(worse[0])}, {"m": MetricValues(worse[1])}, 40, groups
        )
        assert decide(default_plan(["m"]), runs, Random(1)).outcome is outcome


@pytest.mark.parametrize(
    "threshold",
    [
        Threshold(""),
        Threshold("m", ABSOLUTE),
        Threshold("m", ABSOLUTE, at_least=0.1, at_most=0.2),
        Threshold("m", ABSOLUTE, at_least=0.1, quantile=1.5),
        Threshold("m", at_least=0.9),
        Threshold("m", margin=0.1),
        Threshold("m", NON_INFERIOR),
        Threshold("m", NON_INFERIOR, margin=-1),
    ],
)
def test_a_threshold_without_sense_is_rejected(threshold: Threshold) -> None:
    with pytest.raises(InvalidRequest):
        check_plan(GatePlan(thresholds=(threshold,)))


Run = dict[str, dict[str, list[float]]]  # values of repeats by metric and item


def test_equal_releases_fail_at_most_at_the_stated_rate(request: pytest.FixtureRequest) -> None:
    """Three metrics of two equal releases, with the confirming round."""
    draws: int = request.config.getoption("--law-examples") or 60
    random, plan, failed = Random(20), default_plan(["a", "b", "c"]), 0
    for _ in range(draws):
        rates = {metric: {str(at): random.random() for at in range(80)} for metric in "abc"}
        runs = [_run(random, rates), _run(random, rates)]
        first = decide(plan, _compared(runs), random)
        for run in runs:
            for metric, again in _run(random, rates).items():
                for item in first.to_confirm:
                    run[metric][item] += again[item]
        final = decide(plan, _compared(runs), random, suspects=suspects_of(first))
        failed += final.outcome is GateOutcome.REGRESSION
    print(f"{failed} of {draws} gates of equal releases reported a regression")
    assert failed <= 0.05 * draws + 3 * (0.05 * 0.95 * draws) ** 0.5


def _run(random: Random, rates: Mapping[str, Mapping[str, float]]) -> Run:
    return {
        metric: {item: [float(random.random() < rate)] for item, rate in items.items()}
        for metric, items in rates.items()
    }


def _compared(runs: list[Run]) -> GateRuns:
    ours, theirs = ({m: MetricValues(found) for m, found in run.items()} for run in runs)
    return GateRuns(dict.fromkeys("abc", RATE), ours, theirs, 80, {})
