"""Retrieval against published examples."""

import pytest

from penstock.rules.evaluation.ranking import (
    average_precision,
    hit_at,
    ndcg_at,
    precision_at,
    recall_at,
    reciprocal_rank,
)


def test_precision_recall_and_average_precision() -> None:
    """Two rankings of ten with 5 and 3 relevant documents: B. Croft, D. Metzler, T. Strohman,
    Search Engines (2015), figure 8.3: average precision 0.62 and 0.44, mean 0.53."""
    first = ["R", "N", "R", "N", "N", "R", "N", "N", "R", "R"]
    second = ["N", "R", "N", "N", "R", "N", "R", "N", "N", "N"]

    def ids(marks: list[str]) -> tuple[list[str], set[str]]:
        names = [f"{mark}{at}" for at, mark in enumerate(marks)]
        return names, {name for name in names if name.startswith("R")}

    averages = [average_precision(*ids(each), 10) for each in (first, second)]
    assert averages == pytest.approx([0.62, 0.44], abs=0.005)
    assert sum(averages) / 2 == pytest.approx(0.53, abs=0.005)
    assert precision_at(*ids(first), 3) == pytest.approx(2 / 3)
    assert recall_at(*ids(first), 3) == pytest.approx(0.4)
    assert reciprocal_rank(*ids(second), 10) == 0.5
    assert reciprocal_rank(*ids(second), 1) == 0
    assert hit_at(*ids(second), 2)
    assert not hit_at(*ids(second), 1)


def test_ndcg() -> None:
    """Gains 3 2 3 0 1 2 in their order, with two further documents of gain 3 and 2: Wikipedia,
    Discounted Cumulative Gain: DCG 6.861, ideal 8.740, nDCG 0.785."""
    gains = dict(zip("abcdefgh", [3.0, 2, 3, 0, 1, 2, 3, 2], strict=True))
    assert ndcg_at(list("abcdef"), gains, 6) == pytest.approx(0.785, abs=0.0005)
    assert ndcg_at(list("agcbfhed"), gains, 8) == pytest.approx(1.0)
    assert ndcg_at(["a"], {"a": 0.0}, 5) is None


def test_an_id_counts_once_and_empty_places_count() -> None:
    assert precision_at(["a", "a", "a", "b"], {"a"}, 4) == 0.25
    assert recall_at(["a", "a"], {"a", "b"}, 2) == 0.5
    assert average_precision(["a", "a"], {"a"}, 2) == 1.0
    assert ndcg_at(["a", "a"], {"a": 1.0, "b": 1.0}, 2) == pytest.approx(0.6131, abs=1e-4)
