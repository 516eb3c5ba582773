"""A running mean has the intervals of the formulas over all values at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.gates.values import mean_interval
from penstock.rules.statistics.running import RunningMean

VALUES = st.sampled_from([0.0, 1.0]) | st.integers(-40, 40).map(lambda each: each / 4)


@given(
    st.lists(st.tuples(VALUES, st.sampled_from(["", "", "a", "b", "c"])), max_size=40),
    st.booleans(),
)
def test_the_interval_is_that_of_all_values(pairs: list[tuple[float, str]], is_rate: bool) -> None:
    running = RunningMean()
    for value, cluster in pairs:
        running.add(value, cluster)
    values = {f"i{at}": value for at, (value, _) in enumerate(pairs)}
    groups = {f"i{at}": cluster for at, (_, cluster) in enumerate(pairs) if cluster}
    facts = MetricFacts(MetricKind.RATE if is_rate else MetricKind.MEAN)
    expected = mean_interval(facts, values, groups, 0.95) if pairs else None
    found = running.interval(0.95, is_rate=is_rate)
    assert running.count == len(pairs)
    if expected is None or expected.high - expected.low < 1e-9:  # sums of halves are not exact
        assert found is None or found.high - found.low < 1e-9
    else:
        assert found is not None
        assert found == pytest.approx(expected, abs=1e-9)
