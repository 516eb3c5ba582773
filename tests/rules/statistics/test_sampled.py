"""Rates and means of samples: known special cases, unbiasedness and coverage by simulation."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.statistics.intervals import clustered_interval, t_interval, wilson
from penstock.rules.statistics.sampled import Stratum, sampled_mean, sampled_rate


def stratum(population: int, *clusters: Sequence[float]) -> Stratum:
    """A stratum with the values of its clusters."""
    sizes = [len(each) for each in clusters]
    totals = [float(sum(each)) for each in clusters]
    return Stratum(
        population,
        sum(sizes),
        sum(totals),
        len(clusters),
        sum(size**2 for size in sizes),
        sum(total**2 for total in totals),
        sum(size * total for size, total in zip(sizes, totals, strict=True)),
    )


def test_without_values_there_is_no_figure() -> None:
    assert sampled_rate([]) is None
    assert sampled_rate([Stratum(100)]) is None
    assert sampled_mean([Stratum(0, 3, 1.0, 3, 3, 1, 1)]) is None  # values of nobody


def test_a_plain_sample_has_the_mean_and_the_interval_of_student() -> None:
    values = [0.2, 0.5, 0.9, 0.4, 0.7]
    found = sampled_mean([stratum(1000, *([each] for each in values))])
    known = t_interval(values)
    assert found is not None
    assert known is not None
    assert (found.mean, found.low, found.high) == pytest.approx(known)
    assert found.covered == 1.0


def test_dependent_values_have_the_clustered_interval() -> None:
    clusters = [[1.0, 1.0, 0.5], [0.0], [0.2, 0.4]]
    values = [each for cluster in clusters for each in cluster]
    names = [at for at, cluster in enumerate(clusters) for _ in cluster]
    found = sampled_mean([stratum(60, *clusters)])
    known = clustered_interval(values, names)
    assert found is not None
    assert known is not None
    assert (found.mean, found.low, found.high) == pytest.approx(known)


def test_a_plain_rate_has_almost_the_interval_of_wilson() -> None:
    """At an effective size of n - 1, as the clustered error has the factor n / (n - 1)."""
    found = sampled_rate([stratum(500, *([float(at < 7)] for at in range(50)))])
    known = wilson(7, 50)
    assert found is not None
    assert known is not None
    assert (found.mean, found.low, found.high) == pytest.approx(known, abs=0.002)


def test_a_rate_of_none_or_all_has_an_interval_with_a_width() -> None:
    none = sampled_rate([stratum(900, *([0.0] for _ in range(30)))])
    known = wilson(0, 30)
    assert none is not None
    assert known is not None
    assert (none.mean, none.low, none.high) == pytest.approx(known)
    everything = sampled_rate([stratum(900, *([1.0] for _ in range(30)))])
    assert everything is not None
    assert (everything.high, everything.low) == (1.0, pytest.approx(1 - known.high))


def test_an_hour_of_which_less_was_measured_counts_for_as_much() -> None:
    """900 calls with a rate of 0.1, and 100 with 0.9; half of the measured ones are of the second.
    By hand: 0.9 · 0.1 + 0.1 · 0.9 = 0.18; unweighted it would be 0.5."""
    busy = stratum(900, *([float(at < 1)] for at in range(10)))
    quiet = stratum(100, *([float(at < 9)] for at in range(10)))
    found = sampled_rate([busy, quiet, Stratum(1000)])
    assert found is not None
    assert found.mean == pytest.approx(0.18)
    assert found.covered == pytest.approx(0.5)


def test_equal_values_show_no_variation_of_a_mean() -> None:
    found = sampled_mean([stratum(10, [3.0], [3.0])])
    assert found is not None
    assert (found.mean, found.low, found.high) == (3.0, None, None)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 10_000),
            st.lists(st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=4), max_size=5),
        ),
        max_size=5,
    )
)
def test_a_rate_lies_in_its_interval_between_0_and_1(
    parts: list[tuple[int, list[list[float]]]],
) -> None:
    found = sampled_rate([stratum(population, *clusters) for population, clusters in parts])
    assert (found is None) == (not any(clusters for _, clusters in parts))
    if found is not None:
        assert found.low is not None
        assert found.high is not None
        assert 0 <= found.low <= found.mean + 1e-9
        assert found.mean <= found.high + 1e-9 <= 1 + 2e-9
        assert found.low < found.high


@pytest.mark.parametrize(("rate", "share"), [(0.05, 0.05), (0.05, 0.3), (0.5, 0.1)])
def test_the_interval_covers_the_true_rate(rate: float, share: float) -> None:
    """Traces of one to three calls that are bad together, sampled at a share that is a third in
    half of the hours. Nominal 95 %."""
    draws, covered, runs = Random(4), 0, 400
    for _ in range(runs):
        strata: list[Stratum] = []
        for hour in range(6):
            sampled: list[list[float]] = []
            population = 0
            for _ in range(300):
                bad, size = draws.random() < rate, draws.randint(1, 3)
                population += size
                if draws.random() < (share if hour % 2 else share / 3):
                    sampled.append([float(bad)] * size)
            strata.append(stratum(population, *sampled))
        found = sampled_rate(strata)
        covered += bool(found and (found.low or 0) <= rate <= (found.high or 0))
    print(f"rate {rate}, share {share}: {covered / runs:.1%}")
    assert 0.93 <= covered / runs <= 0.985
