"""Assignment: shares, the same arm each time, and no unit moves without need."""

import random
from collections import Counter
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.rollouts.assignment import ArmBasis, Assignment, WeightedArm, moved_share

NAMES = [f"arm-{at}" for at in range(5)]
UNITS = st.text(min_size=1, max_size=40)
WEIGHTS = st.lists(st.integers(0, 1000), min_size=5, max_size=5).filter(any)


def arms(weights: list[int]) -> list[WeightedArm]:
    return [WeightedArm(name, weight) for name, weight in zip(NAMES, weights, strict=False)]


def assignment(weights: list[int], salt: str = "use-case") -> Assignment:
    return Assignment(arms(weights), salt=(salt, "production"), baseline=NAMES[0])


@given(WEIGHTS, UNITS, st.randoms(use_true_random=False))
def test_the_order_of_arms_is_irrelevant(
    weights: list[int], unit: str, order: random.Random
) -> None:
    shuffled = arms(weights)
    order.shuffle(shuffled)
    other = Assignment(shuffled, salt=("use-case", "production"), baseline=NAMES[0])
    assert other.choose(unit) == assignment(weights).choose(unit)
    assert other.choose(None) == assignment(weights).choose(None)


@given(WEIGHTS, WEIGHTS, st.lists(UNITS, min_size=1, max_size=20))
def test_a_unit_moves_only_to_an_arm_that_grew_relative_to_its_own(
    before: list[int], after: list[int], units: list[str]
) -> None:
    first, second = assignment(before), assignment(after)
    for unit in units:
        old, new = (NAMES.index(each.choose(unit).name) for each in (first, second))
        assert after[new] > 0
        assert old == new or after[new] * before[old] > after[old] * before[new]


@given(WEIGHTS, st.integers(2, 50), UNITS)
def test_only_proportions_count(weights: list[int], factor: int, unit: str) -> None:
    scaled = [each * factor for each in weights]
    assert assignment(weights).choose(unit) == assignment(scaled).choose(unit)


@given(st.text(alphabet=st.characters(codec=None), min_size=1, max_size=60))
def test_any_text_is_a_unit(unit: str) -> None:
    found = assignment([1, 1, 1, 0, 0]).choose(unit)
    assert found.basis is ArmBasis.WEIGHT
    assert found.name in NAMES[:3]


@pytest.mark.parametrize(
    "units",
    [
        [str(at) for at in range(20_000)],
        ["\x00" * at + "x" for at in range(1, 2_001)],
        [f"{at:b}" for at in range(20_000)],
        ["é" * (at % 97) + "\ud800" + str(at) for at in range(20_000)],
    ],
    ids=["numbers", "zeros", "bits", "surrogates"],
)
def test_shares_hold_for_units_that_look_alike(units: list[str]) -> None:
    weights = [50, 30, 15, 5, 0]
    counts = Counter(assignment(weights).choose(unit).name for unit in units)
    for name, weight in zip(NAMES, weights, strict=True):
        share = weight / 100
        deviation = sqrt(share * (1 - share) / len(units))
        assert abs(counts[name] / len(units) - share) <= 5 * deviation


def test_another_use_case_divides_the_same_units_anew() -> None:
    first, second = assignment([1, 1], "a"), assignment([1, 1], "b")
    same = sum(first.choose(str(at)) == second.choose(str(at)) for at in range(10_000))
    assert abs(same / 10_000 - 0.5) < 0.025


def test_the_parts_of_a_salt_are_not_joined() -> None:
    both = arms([1, 1])
    first = Assignment(both, salt=("ab", "c"), baseline=NAMES[0])
    second = Assignment(both, salt=("a", "bc"), baseline=NAMES[0])
    assert any(first.choose(str(at)) != second.choose(str(at)) for at in range(100))


@given(WEIGHTS, WEIGHTS)
def test_the_expected_movement_lies_between_what_must_move_and_the_bound(
    before: list[int], after: list[int]
) -> None:
    old, new = sum(before), sum(after)
    must = sum(max(0.0, b / new - a / old) for a, b in zip(before, after, strict=True))
    moved = moved_share(arms(before), arms(after))
    assert must - 1e-12 <= moved <= 2 * must / (1 + must) + 1e-12


def test_a_step_of_a_canary_moves_exactly_what_it_gains() -> None:
    assert moved_share(arms([90, 10]), arms([75, 25])) == pytest.approx(0.15)
    assert moved_share(arms([60, 30, 10]), arms([40, 20, 40])) == pytest.approx(0.3)


def test_testers_get_their_arm_even_if_it_has_no_weight() -> None:
    chosen = Assignment(
        arms([1, 0]), salt=("s",), baseline=NAMES[0], overrides={"tester": NAMES[1]}
    )
    assert chosen.choose("tester") == (NAMES[1], ArmBasis.OVERRIDE)
    assert chosen.choose("other") == (NAMES[0], ArmBasis.WEIGHT)


@pytest.mark.parametrize("unit", [None, ""])
def test_a_call_without_a_unit_gets_the_baseline_or_the_largest_arm(unit: str | None) -> None:
    assert assignment([1, 99]).choose(unit) == (NAMES[0], ArmBasis.NO_UNIT)
    assert assignment([0, 20, 80]).choose(unit) == (NAMES[2], ArmBasis.NO_UNIT)


@pytest.mark.parametrize(
    ("given_arms", "overrides", "message"),
    [
        ([WeightedArm("a", 0)], {}, "no arm has a weight"),
        ([WeightedArm("a", 2), WeightedArm("b", -1)], {}, "negative"),
        ([WeightedArm("a", 1), WeightedArm("a", 2)], {}, "twice"),
        ([WeightedArm("b", 1)], {}, "'a' is not an arm"),
        ([WeightedArm("a", 1)], {"tester": "b"}, "'b' is not an arm"),
    ],
)
def test_arms_without_sense_are_refused(
    given_arms: list[WeightedArm], overrides: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Assignment(given_arms, salt=("s",), baseline="a", overrides=overrides)
