"""Measurements: only a state with a value has one."""

import math

import pytest

from penstock.rules.evaluation.items import DatasetItem, ItemSource
from penstock.rules.evaluation.measurements import scored, unmeasured
from penstock.rules.scores.vocabulary import ScoreState


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300, 10**400])
def test_a_number_that_no_sum_can_hold_is_no_value(value: float) -> None:
    found = scored(value)
    assert (found.state, found.value) == (ScoreState.UNMEASURED, None)


def test_reasons_are_cut() -> None:
    assert len(unmeasured("x" * 100_000).reason) < 5000


def test_equal_examples_have_one_digest_wherever_they_come_from() -> None:
    one = DatasetItem("a", input="hi", source=ItemSource(kind="file", place="a.csv:3"))
    assert one.digest() == DatasetItem("b", input="hi").digest()
    assert one.digest() != DatasetItem("a", input="hi", expected="ho").digest()
