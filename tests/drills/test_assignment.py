"""Units over weights that change eight times: shares, and what moves. 10 million with
`pytest -s -m drill tests/drills/test_assignment.py --drill-full`."""

from collections import Counter
from itertools import pairwise
from math import sqrt
from typing import Final

import pytest

from penstock.rules.rollouts.assignment import Assignment, WeightedArm, moved_share

STEPS: Final = [
    {"stable": 100},
    {"stable": 99, "canary": 1},
    {"stable": 90, "canary": 10},
    {"stable": 60, "canary": 30, "third": 10},
    {"stable": 40, "canary": 20, "third": 40},
    {"stable": 50, "canary": 50},
    {"stable": 20, "canary": 30, "third": 50},
    {"canary": 100},
    {"stable": 100},
]
SIGMAS: Final = 5  # of a count: one of 3.5 million counts deviates more


def arms_of(step: dict[str, int]) -> list[WeightedArm]:
    return [WeightedArm(name, step.get(name, 0)) for name in ("stable", "canary", "third")]


@pytest.mark.drill
def test_weights_change_eight_times(drill_full: bool, drill_seed: int) -> None:
    unit_count = 10_000_000 if drill_full else 50_000
    steps = [arms_of(each) for each in STEPS]
    chosen = [
        Assignment(each, salt=("drill", str(drill_seed)), baseline="stable") for each in steps
    ]
    paths: Counter[tuple[str, ...]] = Counter(
        tuple(each.choose(f"user-{at}").name for each in chosen) for at in range(unit_count)
    )
    for at, step in enumerate(steps):
        _shares_hold(paths, at, step, unit_count)
    for at, (before, after) in enumerate(pairwise(steps)):
        _only_what_must_moves(paths, at, before, after, unit_count)


def _shares_hold(
    paths: Counter[tuple[str, ...]], at: int, step: list[WeightedArm], units: int
) -> None:
    total = sum(each.weight for each in step)
    for arm in step:
        share = arm.weight / total
        got = sum(count for path, count in paths.items() if path[at] == arm.name) / units
        print(f"step {at} {arm.name}: {got:.6f} of {share:.6f}")
        assert abs(got - share) <= SIGMAS * sqrt(share * (1 - share) / units)


def _only_what_must_moves(
    paths: Counter[tuple[str, ...]],
    at: int,
    before: list[WeightedArm],
    after: list[WeightedArm],
    units: int,
) -> None:
    old = {each.name: each.weight for each in before}
    new = {each.name: each.weight for each in after}
    moved = 0
    for path, count in paths.items():
        source, target = path[at], path[at + 1]
        if source != target:
            moved += count
            assert new[target] * old[source] > new[source] * old[target], path
    expected = moved_share(before, after)
    print(f"change {at}: {moved / units:.6f} moved, {expected:.6f} expected")
    assert abs(moved / units - expected) <= SIGMAS * sqrt(expected * (1 - expected) / units)
