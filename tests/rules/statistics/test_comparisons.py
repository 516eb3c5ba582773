"""Paired tests, corrections, power and words: published values and exact enumeration."""

from itertools import combinations, product
from math import sqrt
from random import Random
from statistics import NormalDist, fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.statistics.comparisons import (
    EXACT_UP_TO,
    benjamini_hochberg,
    holm,
    mcnemar,
    permutation_test,
)
from penstock.rules.statistics.intervals import Interval, t_interval
from penstock.rules.statistics.power import (
    deviation_of_paired_rates,
    deviation_with_repeats,
    items_needed,
    least_difference,
    power_of,
)
from penstock.rules.statistics.repeats import pass_at_k, pass_hat_k
from penstock.rules.statistics.wording import Comparison, comparison_text

#: Darwin's maize in eighths of an inch: crossed less self-fertilised. Fisher (1935), table 3.
MAIZE = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]

#: The 15 p-values of Benjamini and Hochberg (1995), section 3.2.
MYOCARDIAL = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240]
MYOCARDIAL += [0.4262, 0.5719, 0.6528, 0.7590, 1.0]
P_VALUES = st.dictionaries(st.text(max_size=3), st.floats(0, 1), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("better", "worse", "expected"),
    [
        (10, 3, 0.09228515625),
        (86, 150, 3.7159361395713866e-05),
        (0, 5, 0.0625),
        (7, 7, 1.0),
        (1, 9, 0.021484375),
        (0, 0, 1.0),
    ],
)
def test_mcnemar_is_that_of_statsmodels(better: int, worse: int, expected: float) -> None:
    assert mcnemar(better, worse) == pytest.approx(expected)
    assert mcnemar(worse, better) == pytest.approx(expected)


@given(st.integers(0, 9), st.integers(0, 9))
def test_mcnemar_is_the_share_of_splits_as_uneven(better: int, worse: int) -> None:
    size = better + worse
    uneven = [
        abs(2 * sum(each) - size) >= abs(better - worse) for each in product((0, 1), repeat=size)
    ]
    assert mcnemar(better, worse) == pytest.approx(min(1.0, fmean(uneven)))


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        mcnemar(-1, 2)


def test_fishers_own_permutation_test_gives_his_figure() -> None:
    """863 of 32,768 sets of signs give as much, and as many as little: 5.267 %."""
    found = permutation_test([float(each) for each in MAIZE], Random(0))
    assert found == pytest.approx(2 * 863 / 32768)


@given(st.lists(st.integers(-10, 10).map(float), min_size=1, max_size=8))
def test_a_small_permutation_test_is_exact(differences: list[float]) -> None:
    observed = abs(sum(differences)) * (1 - 1e-12)
    signs = product((1, -1), repeat=len(differences))
    extreme = [
        abs(sum(a * b for a, b in zip(each, differences, strict=True))) >= observed
        for each in signs
    ]
    assert permutation_test(differences, Random(0)) == pytest.approx(fmean(extreme))


def test_a_large_permutation_test_is_near_the_normal_one_and_never_zero() -> None:
    random = Random(3)
    values = [random.gauss(0.2, 1) for _ in range(200)]
    z = abs(fmean(values)) / sqrt(fmean(each**2 for each in values) / len(values))
    expected = 2 * NormalDist().cdf(-z)
    assert permutation_test(values, Random(4)) == pytest.approx(expected, abs=0.01)
    assert permutation_test([1.0] * (EXACT_UP_TO + 20), Random(0), flips=99) == 0.01
    assert permutation_test([0.0, 0.0], Random(0)) == 1.0


def test_corrections_are_those_of_the_published_example() -> None:
    named = {str(at): each for at, each in enumerate(MYOCARDIAL)}
    by_holm, by_rate = holm(named), benjamini_hochberg(named)
    assert [each < 0.05 for each in by_holm.values()] == [True] * 3 + [False] * 12
    assert [each < 0.05 for each in by_rate.values()] == [True] * 4 + [False] * 11
    assert list(by_holm.values())[:9] == pytest.approx(
        [0.0015, 0.0056, 0.0247, 0.114, 0.2211, 0.278, 0.278, 0.278, 0.3213]
    )
    assert list(by_rate.values())[:11] == pytest.approx(
        [
            0.0015,
            0.003,
            0.0095,
            0.035625,
            0.0603,
            0.063857,
            0.063857,
            0.0645,
            0.0765,
            0.486,
            0.581182,
        ],
        abs=1e-6,
    )


@given(P_VALUES)
def test_holm_rejects_what_its_steps_reject(p_values: dict[str, float]) -> None:
    """The procedure as published: from the smallest on, stop at the first above a / (m - i)."""
    adjusted, level = holm(p_values), 0.05
    rejected = set[str]()
    for at, name in enumerate(sorted(p_values, key=lambda each: p_values[each])):
        if p_values[name] * (len(p_values) - at) > level:
            break
        rejected.add(name)
    assert {name for name, each in adjusted.items() if each <= level} == rejected
    assert list(adjusted) == list(p_values)


@given(P_VALUES)
def test_benjamini_hochberg_rejects_up_to_the_last_below_its_line(
    p_values: dict[str, float],
) -> None:
    ordered = sorted(p_values.values())
    last = max((at for at, p in enumerate(ordered, 1) if len(ordered) / at * p <= 0.05), default=0)
    adjusted = benjamini_hochberg(p_values)
    assert sum(each <= 0.05 for each in adjusted.values()) == last
    assert all(p_values[name] <= each <= holm(p_values)[name] for name, each in adjusted.items())


def test_items_needed_are_those_of_the_formula() -> None:
    assert items_needed(0.03, 0.5) == 2181
    assert items_needed(0.05, 0.5) == 785
    assert least_difference(0.5, 2181) == pytest.approx(0.03, abs=1e-4)
    assert power_of(0.03, 0.5, 2181) == pytest.approx(0.8, abs=1e-3)
    assert power_of(0, 0.5, 2181) == pytest.approx(0.05)
    assert power_of(0, 0, 5) == pytest.approx(0.05)
    assert power_of(0.1, 0, 5) == 1


@given(st.floats(0.01, 1), st.floats(0.01, 2), st.floats(0.5, 0.99))
def test_the_items_for_a_difference_see_it(
    difference: float, deviation: float, power: float
) -> None:
    items = items_needed(difference, deviation, power=power)
    assert least_difference(deviation, items, power=power) <= difference + 1e-12
    assert power_of(difference, deviation, items) >= power - 1e-9


@pytest.mark.parametrize("items", [100, 400])
def test_the_least_difference_is_seen_as_often_as_stated(items: int) -> None:
    """Pass or fail on the same items: 15 % only the candidate passes, 5 % and more only the
    baseline, so that the mean difference is the least one."""
    only_baseline = 0.05
    deviation, difference = 0.4, 0.0
    for _ in range(20):
        difference = least_difference(deviation, items)
        deviation = deviation_of_paired_rates(only_baseline + difference, only_baseline)
    random, runs, seen = Random(items), 800, 0
    for _ in range(runs):
        drawn = (random.random() for _ in range(items))
        signs = [
            1.0 if each < only_baseline + difference else -1.0 if each > 1 - only_baseline else 0.0
            for each in drawn
        ]
        found = t_interval(signs)
        seen += found is not None and not found.low <= 0 <= found.high
    assert seen / runs == pytest.approx(0.8, abs=0.05)


def test_the_deviation_of_paired_rates_is_that_of_enumerated_items() -> None:
    differences = [1.0] * 15 + [-1.0] * 5 + [0.0] * 80
    mean = fmean(differences)
    exact = sqrt(fmean((each - mean) ** 2 for each in differences))
    assert deviation_of_paired_rates(0.15, 0.05) == pytest.approx(exact)
    assert deviation_with_repeats(0.3, 0.4, 4) == pytest.approx(sqrt(0.09 + 0.04))


def test_plans_without_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one item"):
        least_difference(0.5, 0)
    with pytest.raises(ValueError, match="at least one item"):
        power_of(0.5, 0.5, 0)
    with pytest.raises(ValueError, match="above 0"):
        items_needed(0, 0.5)
    with pytest.raises(ValueError, match="at least one repeat"):
        deviation_with_repeats(1, 1, 0)


@given(st.integers(1, 8), st.data())
def test_pass_at_k_and_pass_hat_k_are_shares_of_all_choices(
    tries: int, data: st.DataObject
) -> None:
    passed, k = data.draw(st.integers(0, tries)), data.draw(st.integers(1, tries))
    chosen = list(combinations([1] * passed + [0] * (tries - passed), k))
    assert pass_at_k(tries, passed, k) == pytest.approx(fmean(any(each) for each in chosen))
    assert pass_hat_k(tries, passed, k) == pytest.approx(fmean(all(each) for each in chosen))


def test_less_tries_than_k_say_nothing() -> None:
    assert pass_at_k(2, 1, 3) is None
    assert pass_hat_k(2, 1, 3) is None
    for tries, passed, k in ((2, 3, 1), (2, -1, 1), (2, 1, 0)):
        with pytest.raises(ValueError, match="at least 1"):
            pass_at_k(tries, passed, k)


@pytest.mark.parametrize(
    ("difference", "higher", "outcome", "text"),
    [
        (Interval(0.05, 0.02, 0.08), True, Comparison.BETTER, "better: +0.05, +0.02 to +0.08"),
        (Interval(0.05, 0.02, 0.08), False, Comparison.WORSE, "worse: +0.05, +0.02 to +0.08"),
        (Interval(-0.05, -0.08, -0.02), True, Comparison.WORSE, "worse: -0.05, -0.08 to -0.02"),
        (Interval(0.05, 0.02, 0.08), None, Comparison.HIGHER, "higher: +0.05, +0.02 to +0.08"),
        (Interval(-0.05, -0.08, -0.02), None, Comparison.LOWER, "lower: -0.05, -0.08 to -0.02"),
        (Interval(-0.05, -0.08, -0.02), False, Comparison.BETTER, "better: -0.05, -0.08 to -0.02"),
        (
            Interval(0.01, -0.02, 0.04),
            True,
            Comparison.NO_DIFFERENCE_SHOWN,
            "no difference shown (this run could see ≥ 0.043): +0.01, -0.02 to +0.04",
        ),
        (None, True, Comparison.NOT_MEASURED, "not measured: too few items, or no variation"),
    ],
)
def test_words_say_no_more_than_was_seen(
    difference: Interval | None, higher: bool | None, outcome: Comparison, text: str
) -> None:
    assert comparison_text(difference, 0.043, higher_is_better=higher) == (outcome, text)


def test_without_a_plan_the_words_name_no_power() -> None:
    found = comparison_text(Interval(0.0, -1.0, 1.0), None)
    assert found.text == "no difference shown: +0, -1 to +1"
