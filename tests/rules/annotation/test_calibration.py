"""Judges beside annotators: the correction finds a planted truth, and says why if it cannot."""

from random import Random

import pytest

from penstock.rules.annotation.calibration import corrected, judge_figures
from penstock.rules.annotation.labels import LabelKind, LabelSchema
from penstock.rules.annotation.measured import disagree, is_low, label_of
from penstock.rules.evaluation.measurements import Measurement, abstained, scored
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind

BINARY = LabelSchema(LabelKind.BINARY)


def test_the_corrected_rate_finds_the_planted_truth() -> None:
    found, rounds = 0, 40
    for seed in range(rounds):
        random = Random(seed)
        truth = [random.random() < 0.4 for _ in range(650)]
        judged = [random.random() < (0.85 if each else 0.25) for each in truth]
        figures = judge_figures(BINARY, list(zip(judged[:150], truth[:150], strict=True)))
        rate = corrected(sum(judged[150:]) / 500, 500, figures).corrected
        assert rate
        found += rate.low <= sum(truth[150:]) / 500 <= rate.high
    assert found >= 0.9 * rounds


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([(True, True)] * 9, "9 answers have a human label; at least 10"),
        ([(True, True)] * 20, "one label only"),
        ([(True, True)] * 19 + [(False, True)], "only yes, or only no"),
        ([(True, True), (True, False), (False, True), (False, False)] * 9, "random one"),
    ],
)
def test_a_rate_that_cannot_be_corrected_says_why(
    labels: list[tuple[bool, bool]], reason: str
) -> None:
    found = corrected(0.5, 100, judge_figures(BINARY, labels))
    assert found.corrected is None
    assert "not corrected" in found.text
    assert reason in found.text


def test_measurements_as_labels() -> None:
    graded = LabelSchema(LabelKind.ORDINAL)
    pairs = LabelSchema(LabelKind.PAIRWISE)
    assert label_of(BINARY, scored(True)) is True
    assert label_of(BINARY, scored(1)) is None
    assert label_of(BINARY, abstained("?")) is None
    assert label_of(graded, scored(3)) is None
    assert [label_of(pairs, scored(each)) for each in (1.0, 0.5, 0.0, 0.2)] == [
        "first",
        "tie",
        "second",
        None,
    ]


def test_low_and_differing_measurements() -> None:
    assert is_low(by_name(0.4), {}, 0.5)
    assert not is_low(by_name(0.6, "label", abstained("?")), {}, 0.5)
    assert disagree(by_name(True, 0.2), {}, 0.5)
    assert not disagree(by_name(True, 0.9), {}, 0.5)
    assert disagree(by_name("refund", "billing"), {}, 0.5)


@pytest.mark.parametrize("kind", [MetricKind.RATE, MetricKind.MEAN])
def test_where_less_is_better_true_and_more_are_low(kind: MetricKind) -> None:
    facts = {"m0": MetricFacts(kind, higher_is_better=False)}
    for bad, good in ((True, False), (0.5, 0.4)):
        assert is_low(by_name(bad), facts, 0.5)
        assert not is_low(by_name(good), facts, 0.5)
        assert disagree(by_name(bad, True), facts, 0.5)
        assert not disagree(by_name(good, True), facts, 0.5)


def by_name(*values: bool | float | str | Measurement) -> dict[str, Measurement]:
    found = [each if isinstance(each, Measurement) else scored(each) for each in values]
    return {f"m{at}": each for at, each in enumerate(found)}
