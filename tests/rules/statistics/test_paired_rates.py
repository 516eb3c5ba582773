"""Tango's interval of the difference of two rates on the same items."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.statistics.intervals import wilson
from penstock.rules.statistics.paired_rates import paired_rates_interval


def test_without_items_that_differ_it_is_as_wide_as_the_interval_of_no_successes() -> None:
    found, alone = paired_rates_interval(0, 0, 30), wilson(0, 30)
    assert found is not None
    assert alone is not None
    assert found.high == pytest.approx(alone.high)  # z² / (n + z²) in both
    assert found.low == pytest.approx(-alone.high)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_it_has_a_width_and_turns_with_the_sign(better: int, worse: int, same: int) -> None:
    items = better + worse + same
    found, turned = (
        paired_rates_interval(*each, items) for each in ((better, worse), (worse, better))
    )
    if found is None or turned is None:
        assert items == 0
        return
    assert -1 <= found.low <= found.estimate <= found.high <= 1
    assert found.low < found.high
    assert turned.low == pytest.approx(-found.high, abs=1e-9)


@pytest.mark.parametrize(
    ("items", "up", "down"), [(10, 0.3, 0.1), (50, 0.05, 0.05), (200, 0.02, 0)]
)
def test_it_contains_the_truth_as_often_as_it_says(items: int, up: float, down: float) -> None:
    random, hits = Random(3), 0
    for _ in range(600):
        drawn = random.choices((1, -1, 0), (up, down, 1 - up - down), k=items)
        found = paired_rates_interval(drawn.count(1), drawn.count(-1), items)
        hits += found is not None and found.low <= up - down <= found.high
    assert hits / 600 >= 0.92


def test_more_items_than_there_are_cannot_differ() -> None:
    with pytest.raises(ValueError, match="differ"):
        paired_rates_interval(5, 6, 10)
