"""Quantiles and frontiers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.eval_reports.summary import pareto_frontier, quantile

COORDINATE = st.none() | st.integers(-3, 3).map(float)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.floats(0, 1))
def test_a_quantile_is_that_of_numpy(values: list[float], share: float) -> None:
    found = quantile(sorted(values), share)
    assert found is not None
    assert np.isclose(found, np.quantile(values, share))


def test_no_values_have_no_quantile() -> None:
    assert quantile([], 0.5) is None


@given(st.lists(st.tuples(COORDINATE, COORDINATE), max_size=12))
def test_the_frontier_has_each_point_that_no_other_surpasses(
    points: list[tuple[float | None, ...]],
) -> None:
    found = pareto_frontier(points)
    whole = [point for point in points if None not in point]
    for on, point in zip(found, points, strict=True):
        better = [
            other
            for other in whole
            if point in whole and other[0] <= point[0] and other[1] <= point[1] and other != point
        ]
        assert on == (point in whole and not better)
    assert any(found) == bool(whole)
