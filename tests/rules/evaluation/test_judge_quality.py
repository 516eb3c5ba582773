"""Judges measured against labels, and rates corrected by that."""

from random import Random

import pytest

from penstock.rules.evaluation.judge_quality import corrected_rate, judge_quality
from penstock.rules.evaluation.pairwise import PairChoice, order_counts


def test_figures_worked_out_by_hand() -> None:
    """Cohen (1960) form: 40 agree on yes, 30 on no, 10 + 20 disagree: kappa = (.7 - .5) / .5."""
    judge = [True] * 40 + [False] * 20 + [True] * 10 + [False] * 30
    human = [True] * 60 + [False] * 40
    found = judge_quality(judge, human)
    assert found.agreement is not None
    assert found.kappa is not None
    assert found.sensitivity is not None
    assert found.specificity is not None
    assert found.agreement.estimate == pytest.approx(0.7)
    assert found.kappa.estimate == pytest.approx(0.4)
    assert found.sensitivity.estimate == pytest.approx(2 / 3)
    assert found.specificity.estimate == pytest.approx(0.75)
    assert (found.size, found.positives, found.negatives) == (100, 60, 40)


def test_without_labels_nothing_is_claimed() -> None:
    none = judge_quality([], [])
    assert none[1:5] == (None, None, None, None)
    assert corrected_rate(5, 10, none) is None
    only_yes = judge_quality([True, False], [True, True])
    assert only_yes.specificity is None
    assert corrected_rate(5, 10, only_yes) is None
    coin = judge_quality([True, False] * 20, [True, True, False, False] * 10)
    assert corrected_rate(5, 10, coin) is None


def test_the_estimate_is_that_of_rogan_and_gladen() -> None:
    """Se 0.9, Sp 0.8, 30 of 100: (0.3 + 0.8 - 1) / 0.7 = 1/7."""
    quality = judge_quality(
        [True] * 90 + [False] * 10 + [True] * 20 + [False] * 80, [True] * 100 + [False] * 100
    )
    found = corrected_rate(30, 100, quality)
    assert found is not None
    assert found.estimate == pytest.approx(1 / 7)
    assert found.low < 1 / 7 < found.high
    below = corrected_rate(5, 100, quality)
    assert below is not None
    assert below.estimate == 0


@pytest.mark.parametrize("truth", [0.05, 0.3, 0.9])
def test_a_planted_rate_is_recovered_though_the_raw_rate_is_far_off(
    truth: float,
) -> None:
    random, draws = Random(12), 400
    sensitivity, specificity = 0.8, 0.9

    def says(yes: bool) -> bool:
        return random.random() < (sensitivity if yes else 1 - specificity)

    covered = 0
    for _ in range(draws):
        human = [random.random() < 0.5 for _ in range(200)]
        quality = judge_quality([says(each) for each in human], human)
        yes = sum(says(random.random() < truth) for _ in range(500))
        found = corrected_rate(yes, 500, quality)
        assert found is not None
        covered += found.low <= truth <= found.high
    assert covered / draws >= 0.92, covered / draws


def test_a_judge_that_always_says_first_yields_ties_and_an_alarm() -> None:
    found = order_counts([(PairChoice.FIRST, PairChoice.FIRST)] * 10)
    assert (found.wins, found.ties, found.losses) == (0, 10, 0)
    assert found.p_bias == pytest.approx(2 / 2**10)
    assert found.biased


def test_a_fair_judge_gets_no_alarm() -> None:
    wins = [(PairChoice.FIRST, PairChoice.SECOND)] * 8 + [(PairChoice.SECOND, PairChoice.FIRST)] * 5
    doubts = [(PairChoice.FIRST, PairChoice.FIRST)] * 3 + [
        (PairChoice.SECOND, PairChoice.SECOND)
    ] * 2
    found = order_counts(wins + doubts)
    assert (found.wins, found.ties, found.losses) == (8, 5, 5)
    assert found.p_bias == 1
    assert not order_counts([]).biased
