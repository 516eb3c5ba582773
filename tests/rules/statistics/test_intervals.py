"""Intervals: published values, scipy 1.17 and statsmodels 0.15, coverage by simulation."""

from math import exp, lgamma, log, log1p, sqrt
from random import Random
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.statistics.distributions import (
    incomplete_beta,
    normal_quantile,
    t_outside,
    t_quantile,
)
from penstock.rules.statistics.intervals import (
    Interval,
    bootstrap_interval,
    clustered_error,
    clustered_interval,
    mean_of,
    standard_error,
    t_interval,
    wilson,
)

#: Student's data (1908): hours of sleep that two drugs add, the second less the first.
SLEEP = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]
VALUES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30)


@pytest.mark.parametrize(
    ("freedom", "expected"),
    [
        (1, [3.0776835371752544, 12.706204736174694, 63.656741162871526]),
        (2.5, [1.7302509288071766, 3.5746548420036817, 7.163728138948783]),
        (7, [1.4149239276505086, 2.364624251592784, 3.4994832973504924]),
        (29, [1.311433647301551, 2.045229642132703, 2.756385903670605]),
        (200, [1.2857987939948012, 1.9718962236339088, 2.600634436191558]),
    ],
)
def test_quantiles_of_students_distribution_are_those_of_scipy(
    freedom: float, expected: list[float]
) -> None:
    assert [t_quantile(level, freedom) for level in (0.8, 0.95, 0.99)] == pytest.approx(expected)


def test_the_normal_quantile_is_that_of_tables() -> None:
    assert normal_quantile(0.95) == pytest.approx(1.959964, abs=1e-6)


@pytest.mark.parametrize(
    ("a", "b", "x", "expected"),
    [
        (0.5, 0.5, 0.1, 0.20483276469913345),
        (2, 3, 0.4, 0.5248),
        (50, 0.5, 0.98, 0.1562435078668179),
        (100, 200, 0.3, 0.10884306564490986),
        (0.01, 5, 0.001, 0.9527958800070772),
    ],
)
def test_the_incomplete_beta_function_is_that_of_scipy(
    a: float, b: float, x: float, expected: float
) -> None:
    assert incomplete_beta(a, b, x) == pytest.approx(expected)


@given(st.floats(0.2, 500), st.floats(0.2, 500), st.integers(0, 256))
def test_the_incomplete_beta_function_is_symmetric_and_a_probability(
    a: float, b: float, part: int
) -> None:
    x = part / 256
    found = incomplete_beta(a, b, x)
    assert -1e-12 <= found <= 1 + 1e-12
    assert found + incomplete_beta(b, a, 1 - x) == pytest.approx(1, abs=1e-9)


@given(st.floats(0.01, 0.999), st.floats(0.5, 1000))
def test_a_quantile_is_the_inverse_of_its_probability(level: float, freedom: float) -> None:
    assert t_outside(t_quantile(level, freedom), freedom) == pytest.approx(1 - level, abs=1e-9)


@pytest.mark.parametrize(
    ("successes", "size", "low", "high"),
    [
        # R. Newcombe, Two-sided Confidence Intervals for the Single Proportion (1998), table I
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        # statsmodels
        (1, 10, 0.017876213095072924, 0.40415002679523854),
        (9, 10, 0.5958499732047614, 0.982123786904927),
        (45, 50, 0.7863976856252034, 0.9565242350681095),
        (950, 1000, 0.9346861797557492, 0.9618697376072513),
    ],
)
def test_wilson_is_that_of_newcombe(successes: int, size: int, low: float, high: float) -> None:
    assert wilson(successes, size) == pytest.approx((successes / size, low, high), abs=6e-5)


@given(st.integers(1, 500), st.data())
def test_wilson_contains_the_rate_and_is_symmetric(size: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, size))
    found, other = wilson(successes, size), wilson(size - successes, size)
    assert found is not None
    assert other is not None
    assert 0 <= found.low <= found.estimate <= found.high <= 1
    assert found.low < found.high
    assert (1 - other.high, 1 - other.low) == pytest.approx((found.low, found.high), abs=1e-9)


def test_what_the_data_cannot_say_is_none() -> None:
    assert wilson(0, 0) is None
    assert t_interval([1.0]) is None
    assert t_interval([1.0, 1.0]) is None
    assert clustered_interval([1.0, 0.0], ["a", "a"]) is None
    assert clustered_interval([], []) is None
    assert clustered_interval([1.0, 1.0], ["a", "b"]) is None
    assert bootstrap_interval([1.0], Random(0)) is None
    assert bootstrap_interval([1.0, 1.0], Random(0)) is None


def test_senseless_arguments_are_refused() -> None:
    for successes in (-1, 4):
        with pytest.raises(ValueError, match="between 0 and the size"):
            wilson(successes, 3)
    for level in (0.0, 1.0, float("nan")):
        with pytest.raises(ValueError, match="level of confidence"):
            wilson(1, 3, level)
    with pytest.raises(ValueError, match="no values"):
        mean_of([])
    with pytest.raises(ValueError, match="needs a cluster"):
        clustered_error([1.0], [])


def test_students_interval_is_that_of_his_data() -> None:
    """R's `t.test` prints 0.7001142 to 2.4598858."""
    assert t_interval(SLEEP) == pytest.approx((1.58, 0.7001142367230175, 2.459885763276983))


@given(VALUES)
def test_with_one_value_per_cluster_the_clustered_error_is_the_usual_one(
    values: list[float],
) -> None:
    plain, clustered = standard_error(values), clustered_error(values, range(len(values)))
    assert clustered == pytest.approx(plain or 0.0, rel=1e-6, abs=1e-6)


@given(VALUES, st.integers(2, 5))
def test_copies_of_each_value_add_no_certainty(values: list[float], copies: int) -> None:
    repeated = [each for each in values for _ in range(copies)]
    clusters = [at for at in range(len(values)) for _ in range(copies)]
    found = clustered_error(repeated, clusters)
    assert found == pytest.approx(standard_error(values) or 0.0, rel=1e-6, abs=1e-6)


def test_the_clustered_error_is_that_of_statsmodels() -> None:
    """OLS on a constant with `cov_type="cluster"` without correction, times sqrt(C / (C - 1))."""
    values = [1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0.5, 0.2]
    clusters = [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4]
    assert clustered_error(values, clusters) == pytest.approx(0.1030355251573187 * sqrt(5 / 4))


def test_a_bootstrap_is_near_the_interval_of_the_mean_and_repeatable() -> None:
    random = Random(1)
    values = [random.gauss(5, 2) for _ in range(400)]
    found, exact = bootstrap_interval(values, Random(2)), t_interval(values)
    assert found is not None
    assert exact is not None
    assert found == pytest.approx(exact, abs=0.05)
    assert bootstrap_interval(values, Random(2)) == found
    spread = bootstrap_interval(values, Random(2), statistic=stdev)
    assert spread is not None
    assert spread.low < 2 < spread.high


def covered(intervals: list[Interval | None], truth: float) -> float:
    return fmean(each is not None and each.low <= truth <= each.high for each in intervals)


def test_wilson_covers_the_rate_as_stated_in_the_mean_over_rates() -> None:
    """Exact: the binomial probabilities of all counts, over 99 rates."""
    for size in (10, 30, 100, 1000):
        intervals = [wilson(successes, size) for successes in range(size + 1)]
        coverage = [coverage_at(rate / 100, size, intervals) for rate in range(1, 100)]
        print(f"n={size}: mean {fmean(coverage):.4f}, least {min(coverage):.4f}")
        assert 0.93 <= fmean(coverage) <= 0.97


def coverage_at(rate: float, size: int, intervals: list[Interval | None]) -> float:
    whole = lgamma(size + 1)
    return sum(
        exp(
            whole
            - lgamma(successes + 1)
            - lgamma(size - successes + 1)
            + successes * log(rate)
            + (size - successes) * log1p(-rate)
        )
        for successes, each in enumerate(intervals)
        if each is not None and each.low <= rate <= each.high
    )


@pytest.mark.parametrize("size", [10, 40])
def test_intervals_of_means_cover_as_stated(size: int) -> None:
    random, runs = Random(size), 1500
    samples = [[random.gauss(3, 2) for _ in range(size)] for _ in range(runs)]
    assert 0.93 <= covered([t_interval(each) for each in samples], 3) <= 0.97


def test_clustered_intervals_cover_dependent_values_where_plain_ones_do_not() -> None:
    random, runs = Random(5), 600
    clusters = [at for at in range(30) for _ in range(5)]
    samples = list[list[float]]()
    for _ in range(runs):
        shifts = [random.gauss(0, 1) for _ in range(30)]
        samples.append([shifts[at] + random.gauss(0, 0.5) for at in clusters])
    assert 0.93 <= covered([clustered_interval(each, clusters) for each in samples], 0) <= 0.97
    assert covered([t_interval(each) for each in samples], 0) < 0.75


def test_a_bootstrap_covers_skewed_values_nearly_as_stated() -> None:
    random, runs = Random(9), 150
    samples = [[random.expovariate(1) for _ in range(60)] for _ in range(runs)]
    found = [bootstrap_interval(each, random, draws=400) for each in samples]
    assert 0.88 <= covered(found, 1) <= 0.99
