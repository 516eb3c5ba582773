"""Krippendorff's alpha: published values, its interval against resampling and by simulation."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import log
from random import Random
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.statistics.distributions import t_quantile
from penstock.rules.statistics.intervals import Interval
from penstock.rules.statistics.krippendorff import (
    LabelPatterns,
    LabelScale,
    krippendorff_alpha,
)

#: K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C: 4 observers.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
UNITS = [
    [float(each) for each in unit if each is not None] for unit in zip(*OBSERVERS, strict=True)
]


def patterns(items: Iterable[Sequence[float]]) -> LabelPatterns:
    return Counter(tuple(sorted(each)) for each in items)


def estimate(items: Iterable[Sequence[float]], scale: LabelScale) -> float | None:
    found = krippendorff_alpha(patterns(items), scale)
    return found.estimate if found else None


def interval(items: Sequence[Sequence[float]], scale: LabelScale) -> Interval:
    found = krippendorff_alpha(patterns(items), scale)
    assert found
    assert found.interval
    return found.interval


def error_of(items: Sequence[Sequence[float]], scale: LabelScale) -> float:
    """The standard error behind an interval."""
    found, size = interval(items, scale), sum(len(each) > 1 for each in items)
    away = 1 - found.estimate
    return away * log((1 - found.low) / away) / t_quantile(0.95, size - 1)


def rated(random: Random, count: int, right: float) -> list[list[float]]:
    """Items of three classes with five raters, each right with this probability or at random."""
    truth = [random.randrange(3) for _ in range(count)]
    return [
        [float(one if random.random() < right else random.randrange(3)) for _ in range(5)]
        for one in truth
    ]


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        (LabelScale.NOMINAL, 0.743421052631579),
        (LabelScale.ORDINAL, 0.8153875037548814),
        (LabelScale.INTERVAL, 0.8491071428571428),
    ],
)
def test_alpha_is_that_of_the_published_example(scale: LabelScale, expected: float) -> None:
    """The paper prints 0.743, 0.815 and 0.849; further digits are of the package krippendorff."""
    assert estimate(UNITS, scale) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("scale", "error"), [(LabelScale.NOMINAL, 0.14557), (LabelScale.INTERVAL, 0.12913)]
)
def test_its_error_is_near_that_of_another_formula(scale: LabelScale, error: float) -> None:
    """Of the package irrCAC 0.4.4 (K. Gwet, Handbook of Inter-Rater Reliability (2014))."""
    assert error_of(UNITS, scale) == pytest.approx(error, rel=0.03)


@pytest.mark.parametrize("scale", LabelScale)
def test_its_error_is_that_of_resampled_items(scale: LabelScale) -> None:
    random = Random(3)
    items = rated(random, 150, 0.7)
    drawn = [estimate(random.choices(items, k=len(items)), scale) for _ in range(300)]
    spread = pstdev([each for each in drawn if each is not None])
    assert error_of(items, scale) == pytest.approx(spread, rel=0.15)


@pytest.mark.parametrize("scale", LabelScale)
def test_the_interval_covers_alpha_as_stated(scale: LabelScale) -> None:
    random = Random(4)
    truth = estimate(rated(random, 20_000, 0.7), scale)
    assert truth is not None
    found = [interval(rated(random, 40, 0.7), scale) for _ in range(400)]
    assert 0.92 <= fmean(each.low <= truth <= each.high for each in found) <= 0.98


@given(st.lists(st.lists(st.integers(0, 3).map(float), max_size=4), max_size=8))
def test_items_with_less_than_two_labels_do_not_count(items: list[list[float]]) -> None:
    shared = [each for each in items if len(each) > 1]
    for scale in LabelScale:
        found = krippendorff_alpha(patterns(items), scale)
        assert found == krippendorff_alpha(patterns(shared), scale)
        assert found is None or found.estimate <= 1
        if found and found.interval:
            assert -1 <= found.interval.low < found.estimate < found.interval.high <= 1


def test_alpha_is_not_defined_without_different_labels() -> None:
    assert krippendorff_alpha(patterns([[1.0, 1.0], [1.0]])) is None
    assert krippendorff_alpha({}) is None


def test_full_agreement_has_no_interval() -> None:
    assert krippendorff_alpha(patterns([[1.0, 1.0], [2.0, 2.0]])) == (1, None)


def test_one_item_has_no_interval() -> None:
    found = krippendorff_alpha(patterns([[1.0, 2.0]]))
    assert found
    assert found.interval is None


def test_the_interval_narrows_with_the_root_of_the_items() -> None:
    few, many = (error_of(UNITS * times, LabelScale.ORDINAL) for times in (10, 1000))
    assert few / many == pytest.approx(10, rel=0.01)
