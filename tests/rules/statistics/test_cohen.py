"""Agreement of two raters: values of statsmodels 0.15, coverage by simulation."""

from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.statistics.cohen import cohen_kappa

LABELS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=20)


def labels_of(table: list[list[int]]) -> tuple[list[int], list[int]]:
    pairs = [
        (row, column)
        for row, counts in enumerate(table)
        for column, count in enumerate(counts)
        for _ in range(count)
    ]
    return [row for row, _ in pairs], [column for _, column in pairs]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ([[20, 5], [10, 15]], (0.4, 0.151092290476661, 0.6489077095233389)),
        (
            [[53, 5, 2], [11, 14, 5], [1, 6, 3]],
            (0.4285714285714285, 0.27969485445574205, 0.5774480026871149),
        ),
        (
            [[88, 14, 18], [10, 40, 10], [2, 6, 12]],
            (0.49152542372881347, 0.3915637020535469, 0.59148714540408),
        ),
    ],
)
def test_kappa_and_its_interval_are_those_of_statsmodels(
    table: list[list[int]], expected: tuple[float, float, float]
) -> None:
    assert cohen_kappa(*labels_of(table)) == pytest.approx(expected)


@given(LABELS)
def test_kappa_is_symmetric_and_at_most_one(pairs: list[tuple[int, int]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    found, other = cohen_kappa(first, second), cohen_kappa(second, first)
    assert (found is None) == (other is None)
    if found is not None and other is not None:
        assert found == pytest.approx(other)
        assert -1 - 1e-9 <= found.low <= found.estimate <= found.high <= 1 + 1e-9
        assert found.low < found.high


def test_full_agreement_on_few_items_is_not_certain() -> None:
    found = cohen_kappa("yynn", "yynn")
    assert found is not None
    assert (found.estimate, found.high) == (1, pytest.approx(1))
    assert found.low < 0.1


def test_kappa_says_nothing_where_random_labels_would_agree_as_well() -> None:
    assert cohen_kappa("yyyy", "yyyy") is None
    assert cohen_kappa("", "") is None
    with pytest.raises(ValueError, match="same items"):
        cohen_kappa("y", "")


def test_the_interval_of_kappa_covers_it_as_stated() -> None:
    random, runs, truth = Random(2), 600, 0.6
    inside = list[bool]()
    for _ in range(runs):
        first = [random.random() < 0.5 for _ in range(100)]
        second = [each if random.random() < truth else random.random() < 0.5 for each in first]
        found = cohen_kappa(first, second)
        assert found is not None
        inside.append(found.low <= truth <= found.high)
    assert 0.92 <= fmean(inside) <= 0.98
