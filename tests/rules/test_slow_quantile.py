"""The slow quantile: about one of twenty times is above it, for every distribution."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.attempts.slow_quantile import ABOVE, FEWEST, SlowQuantile

SHAPES: dict[str, Callable[[Random], float]] = {
    "uniform": lambda random: random.uniform(0.1, 1.0),
    "long tail": lambda random: random.paretovariate(1.5),
    "two humps": lambda random: random.gauss(5, 0.5) if random.random() < 0.2 else 0.2,
}


@pytest.mark.parametrize("shape", SHAPES)
@given(seed=st.integers(0, 2**32))
def test_about_one_of_twenty_is_above_it(shape: str, seed: int) -> None:
    random, quantile, above, count = Random(seed), SlowQuantile(), 0, 4000
    for number in range(count + 500):
        seconds = SHAPES[shape](random)
        slow = quantile.value
        if slow is not None and number >= 500:
            above += seconds > slow
        quantile.observe(seconds)
    assert 0.5 * ABOVE * count < above < 1.6 * ABOVE * count


@given(st.lists(st.floats(1e-6, 1e4), max_size=200))
def test_it_needs_enough_times_and_stays_near_them(times: list[float]) -> None:
    quantile = SlowQuantile()
    for seconds in times:
        quantile.observe(seconds)
    value = quantile.value
    assert (value is None) == (len(times) < FEWEST)
    assert value is None or min(times) * 0.9 <= value <= max(times) * 1.2
