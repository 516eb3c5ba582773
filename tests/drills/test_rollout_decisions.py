"""The default rule of rollouts, simulated with its production code: wrong decisions and power.

`pytest -s -m drill tests/drills/test_rollout_decisions.py --drill-full` simulates 500 rollouts of
each kind.
"""

from collections import Counter
from random import Random

import msgspec
import pytest

from penstock.rules.rollouts.decision import DecisionKind
from penstock.rules.rollouts.observations import WeightPeriod
from penstock.rules.rollouts.plan import RolloutPlan
from rules.rollouts.simulated import (
    NONE_TOLERATED,
    ROLLED_BACK,
    TOLERANT,
    SimulatedChains,
    SimulatedRollout,
    ends,
    most_of,
    paused,
    period,
    traffic,
)


@pytest.mark.drill
@pytest.mark.timeout(7200)  # as `--drill-full`
@pytest.mark.parametrize("plan", [NONE_TOLERATED, TOLERANT], ids=["none-tolerated", "tolerant"])
def test_of_many_equal_releases_at_most_the_stated_share_is_rolled_back(
    plan: RolloutPlan, drill_full: bool
) -> None:
    runs = 500 if drill_full else 20
    found = ends(plan, traffic(), runs, units=20_000 if drill_full else 5_000, look=50)
    wrong = sum(found[each] for each in ROLLED_BACK)
    print(f"{runs} equal releases, looked at each 50 units: {dict(found)}")
    assert wrong <= runs * plan.wrong_rollbacks


@pytest.mark.drill
@pytest.mark.timeout(7200)  # as `--drill-full`
def test_of_equal_releases_of_chains_whose_values_grow_at_most_the_stated_share_is_rolled_back(
    drill_full: bool,
) -> None:
    runs, plan = 500 if drill_full else 20, NONE_TOLERATED
    kinds = [SimulatedChains(plan, traffic(), seed).run(5_000, 50).kind for seed in range(runs)]
    wrong = sum(kind in ROLLED_BACK for kind in kinds)
    print(f"{runs} equal releases of chains, looked at each 50 units: {wrong} rolled back")
    assert wrong <= runs * plan.wrong_rollbacks


@pytest.mark.drill
@pytest.mark.timeout(7200)  # as `--drill-full`
@pytest.mark.parametrize(
    "worse", [{"errors": 0.01}, {"score": 0.1}, {"slow": 0.03}], ids=["errors", "score", "slow"]
)
def test_a_release_on_its_bound_is_rarely_promoted(
    worse: dict[str, float], drill_full: bool
) -> None:
    runs = 500 if drill_full else 20
    found = ends(TOLERANT, traffic(**worse), runs, units=20_000 if drill_full else 5_000)
    print(f"{runs} releases on the bound {worse}: {dict(found)}")
    assert found[DecisionKind.PROMOTE] <= most_of(runs, TOLERANT.wrong_promotions)


@pytest.mark.drill
@pytest.mark.timeout(7200)  # as `--drill-full`
def test_power(drill_full: bool) -> None:
    """Prints how many units planted differences take."""
    runs = 100 if drill_full else 4
    for worse in ({"errors": 0.02}, {"errors": 0.05}, {"slow": 0.1}, {"cost": 1.5}, {"score": 0.2}):
        rollouts = [SimulatedRollout(TOLERANT, traffic(**worse), seed) for seed in range(runs)]
        kinds = Counter(each.run(30_000, 100).kind for each in rollouts)
        units = sorted(each.units for each in rollouts)
        print(
            f"{worse}: {dict(kinds)}, median {units[runs // 2]}, p90 {units[runs * 9 // 10]} units"
        )
        assert kinds[DecisionKind.PROMOTE] <= most_of(runs, TOLERANT.wrong_promotions)
    equal = [SimulatedRollout(TOLERANT, traffic(), seed) for seed in range(runs)]
    kinds = Counter(each.run(60_000, 100).kind for each in equal)
    print(f"equal: {dict(kinds)}, median {sorted(each.units for each in equal)[runs // 2]} units")


@pytest.mark.drill
@pytest.mark.timeout(7200)  # as `--drill-full`
def test_the_alarm_of_the_division_over_eight_weights(drill_full: bool) -> None:
    runs = 2_000 if drill_full else 40
    plan = msgspec.structs.replace(NONE_TOLERATED, wrong_alarms=0.05)
    alarms = 0
    for seed in range(runs):
        random, periods = Random(seed), list[WeightPeriod]()
        alarmed = False
        for percent in (1, 5, 10, 20, 30, 50, 70, 90):
            counts = [0, 0]
            for _ in range(20):
                for _ in range(25):
                    counts[random.random() < percent / 100] += 1
                now = period(percent, counts)
                alarmed = alarmed or paused(plan, (*periods, now))
            periods.append(period(percent, counts))
        alarms += alarmed
    print(f"{runs} rollouts with eight weights and 160 looks: {alarms} alarms of {runs * 0.05:.0f}")
    assert alarms <= most_of(runs, 0.05)
