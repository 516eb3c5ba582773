"""Evidence at any time: its mean under the null hypothesis, by exact enumeration."""

from collections.abc import Iterator
from itertools import combinations_with_replacement, product
from math import exp, factorial, isfinite, isnan, log, log1p, prod

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from penstock.rules.statistics.sequential import (
    SMALLEST,
    STAKES,
    Bound,
    Tally,
    log_evidence_of_counts,
    log_evidence_of_mean,
    log_evidence_of_two_means,
    log_mean,
    log_over_periods,
    log_stakes,
)

MEANS = st.floats(0.01, 0.99)
SHARES = st.floats(0.01, 0.99)
RATIOS = st.just(0.0) | st.floats(SMALLEST, 2)
MARGINS = st.just(0.0) | st.floats(SMALLEST, 0.5)
VALUES = (0.0, 0.5, 1.0)


def tally(values: list[float]) -> Tally:
    return Tally(len(values), sum(values), sum(each**2 for each in values))


def multinomial(probabilities: list[float], size: int) -> Iterator[tuple[list[int], float]]:
    """All ways to draw `size` times, with their probabilities."""
    for drawn in combinations_with_replacement(range(len(probabilities)), size):
        counts = [drawn.count(at) for at in range(len(probabilities))]
        ways = factorial(size) // prod(factorial(each) for each in counts)
        yield counts, ways * prod(p**n for p, n in zip(probabilities, counts, strict=True))


@st.composite
def kept_bounds(draw: st.DrawFn) -> tuple[Bound, float, float]:
    """A bound, and means of the baseline and of a candidate that are within it."""
    bound = Bound(draw(RATIOS), draw(MARGINS), draw(st.booleans()))
    assume(bound.ratio or bound.margin)
    baseline, part = draw(MEANS), draw(st.floats(0, 1))
    border = bound.ratio * baseline + bound.margin
    if bound.reverse:
        assume(border <= 1)
        return bound, baseline, border + part * (1 - border)
    return bound, baseline, part * min(1.0, border)


@given(kept_bounds(), SHARES, st.floats(0, 1), st.integers(1, 6))
def test_stakes_on_a_kept_bound_win_nothing_in_the_mean(
    kept: tuple[Bound, float, float], share: float, reference: float, size: int
) -> None:
    bound, baseline, candidate = kept
    probabilities = [
        share * candidate,
        share * (1 - candidate),
        (1 - share) * baseline,
        (1 - share) * (1 - baseline),
    ]
    mean = 0.0
    for (won, lost, base_won, base_lost), probability in multinomial(probabilities, size):
        found = log_stakes(
            Tally(won + lost, won, won),
            Tally(base_won + base_lost, base_won, base_won),
            share=share,
            bound=bound,
            reference=reference,
        )
        mean += probability * exp(log_mean(found))
    assert mean <= 1 + 1e-9


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 1)), max_size=12),
    SHARES,
    RATIOS,
    MARGINS,
    st.booleans(),
    st.floats(0, 1),
)
def test_sums_never_show_more_than_the_values_themselves(
    units: list[tuple[bool, float]],
    share: float,
    ratio: float,
    margin: float,
    reverse: bool,
    reference: float,
) -> None:
    bound, sign = Bound(ratio, margin, reverse), -1 if reverse else 1

    def worth(is_candidate: bool, y: float) -> float:
        if is_candidate:
            return sign * (y - ratio * reference - margin) / share
        return -sign * ratio * (y - reference) / (1 - share)

    least = min(worth(each, y) for each in (True, False) for y in (0.0, 1.0))
    assume(least < -1e-9)
    found = log_stakes(
        tally([y for each, y in units if each]),
        tally([y for each, y in units if not each]),
        share=share,
        bound=bound,
        reference=reference,
    )
    for stake, got in zip(STAKES, found, strict=True):
        direct = sum(log1p(max(-stake, stake * worth(*unit) / -least)) for unit in units)
        assert got <= direct + 1e-6
        if all(y in {0.0, 1.0} for _, y in units):
            assert got == pytest.approx(direct, abs=1e-6)


@given(st.lists(st.integers(1, 50), min_size=2, max_size=3), st.integers(1, 6))
def test_the_evidence_of_counts_has_the_mean_one(weights: list[int], size: int) -> None:
    named = {str(at): float(weight) for at, weight in enumerate(weights)}
    mean = sum(
        probability * exp(log_evidence_of_counts(dict(zip(named, counts, strict=True)), named))
        for counts, probability in multinomial([each / sum(weights) for each in weights], size)
    )
    assert mean == pytest.approx(1)


def test_a_unit_in_an_arm_without_weight_is_full_evidence() -> None:
    assert log_evidence_of_counts({"a": 5, "b": 1}, {"a": 1.0, "b": 0.0}) == float("inf")
    assert log_evidence_of_counts({"a": 5}, {"a": 1.0, "b": 0.0}) == pytest.approx(0)


def test_the_evidence_of_two_equal_weights_is_that_of_a_table() -> None:
    """∫ p^7 (1-p)^3 dp = 7! 3! / 11! = 1/1320, against 1/2^10."""
    found = log_evidence_of_counts({"a": 7, "b": 3}, {"a": 1.0, "b": 1.0})
    assert exp(found) == pytest.approx(1024 / 1320)


@given(MEANS, st.integers(1, 8))
def test_the_evidence_of_a_mean_has_the_mean_one_for_zeros_and_ones(mean: float, size: int) -> None:
    found = sum(
        probability * exp(log_evidence_of_mean(Tally(size, won, won), mean))
        for (won, _), probability in multinomial([mean, 1 - mean], size)
    )
    assert found == pytest.approx(1)


@given(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), st.integers(1, 6))
def test_it_is_at_most_one_for_values_between(probabilities: list[float], size: int) -> None:
    probabilities = [each / sum(probabilities) for each in probabilities]
    mean = sum(p * y for p, y in zip(probabilities, VALUES, strict=True))
    found = 0.0
    for counts, probability in multinomial(probabilities, size):
        total = sum(n * y for n, y in zip(counts, VALUES, strict=True))
        found += probability * exp(log_evidence_of_mean(Tally(size, total, total), mean))
    assert found <= 1 + 1e-9


@given(kept_bounds(), st.integers(0, 5), st.integers(0, 5))
def test_two_means_within_their_bound_give_no_evidence_in_the_mean(
    kept: tuple[Bound, float, float], first: int, second: int
) -> None:
    bound, baseline, candidate = kept
    mean = 0.0
    for (won, _), probability in multinomial([candidate, 1 - candidate], first):
        for (base_won, _), other in multinomial([baseline, 1 - baseline], second):
            found = log_evidence_of_two_means(
                Tally(first, won, won), Tally(second, base_won, base_won), bound
            )
            mean += probability * other * exp(found)
    assert mean <= 1 + 1e-9


def test_two_means_are_compared_at_the_pair_that_explains_them_best() -> None:
    """At equal means that is the pooled one: 30 of 40 and 10 of 40 under p = q = 1/2."""
    found = log_evidence_of_two_means(Tally(40, 30, 30), Tally(40, 10, 10), Bound())
    single = log_evidence_of_mean(Tally(40, 30, 30), 0.5)
    assert found == pytest.approx(2 * single)
    assert exp(found) > 20


@given(
    st.lists(st.tuples(st.floats(0.05, 0.95), st.floats(0, 1)), min_size=1, max_size=4),
)
def test_evidence_over_periods_has_a_mean_of_at_most_one(bets: list[tuple[float, float]]) -> None:
    """Each period has evidence 1 + u or 1 - d, with the mean 1."""
    outcomes = [((p, 1 + stake * (1 - p)), (1 - p, 1 - stake * p)) for p, stake in bets]
    mean = sum(
        prod(p for p, _ in path) * exp(log_over_periods([log(max(e, 1e-300)) for _, e in path]))
        for path in product(*outcomes)
    )
    assert mean <= 1 + 1e-9


def test_a_long_period_without_a_difference_does_not_hide_a_later_one() -> None:
    assert log_over_periods([-50.0, 10.0]) == pytest.approx(10.0 - log(6), abs=1e-3)
    assert log_over_periods([]) == 0.0


@given(
    st.integers(0, 10**12),
    st.integers(0, 10**12),
    st.floats(0, 1),
    st.floats(0, 1),
    SHARES,
    kept_bounds(),
)
def test_no_tally_gives_a_value_that_is_no_number(
    size: int, other: int, y: float, z: float, share: float, kept: tuple[Bound, float, float]
) -> None:
    candidate, baseline = Tally(size, size * y, size * y**2), Tally(other, other * z, other * z**2)
    stakes = log_stakes(candidate, baseline, share=share, bound=kept[0], reference=z)
    assert isfinite(log_mean(stakes))
    assert not isnan(log_evidence_of_two_means(candidate, baseline, kept[0]))
