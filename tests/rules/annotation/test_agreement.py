"""Agreement of the annotators of a queue. Alphas: K. Krippendorff, Computing Krippendorff's
Alpha-Reliability (2011), section C: nominal 0.743, ordinal 0.815, interval 0.849."""

from typing import Any

import pytest

from penstock.rules.annotation.agreement import (
    LabelCounts,
    QueueAgreement,
    agreement_of,
    differs,
    disagreement,
    majority,
    span_f1,
)
from penstock.rules.annotation.labels import LabelChoice, LabelKind, LabelSchema

OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
CHOICES = tuple(LabelChoice(each) for each in "12345")
UNITS: list[dict[str, Any]] = [
    {f"p{at}": str(label) for at, label in enumerate(unit) if label is not None}
    for unit in zip(*OBSERVERS, strict=True)
]
BINARY = LabelSchema(LabelKind.BINARY)
SPANS = LabelSchema(LabelKind.SPANS, choices=(LabelChoice("wrong"), LabelChoice("rude")))


def agreement(schema: LabelSchema, items: list[dict[str, Any]]) -> QueueAgreement:
    """The agreement of items that are counted one by one."""
    shared = [(each, 1) for each in items if len(each) > 1]
    differing = sum(differs(schema, list(each.values())) for each, _ in shared)
    return agreement_of(schema, LabelCounts(len(items), len(shared), differing), shared)


def span(start: int, end: int, value: str = "wrong") -> dict[str, Any]:
    return {"start": start, "end": end, "value": value}


@pytest.mark.parametrize(
    ("schema", "alpha"),
    [
        (LabelSchema(LabelKind.CATEGORICAL, choices=CHOICES), 0.743),
        (LabelSchema(LabelKind.ORDINAL, choices=CHOICES), 0.815),
        (LabelSchema(LabelKind.ORDINAL, choices=CHOICES, equal_steps=True), 0.849),
    ],
)
def test_alpha_is_the_published_one_of_the_scale(schema: LabelSchema, alpha: float) -> None:
    found = agreement(schema, UNITS)
    assert found.estimate == pytest.approx(alpha, abs=5e-4)
    assert found.interval is not None
    assert found.interval.low < alpha < found.interval.high
    assert (found.labelled, found.items, found.reason) == (12, 11, "")
    most = found.pairs[0]
    assert (most.first, most.second, most.items) == ("p1", "p3", 10)


def test_items_with_the_same_labels_are_counted_together() -> None:
    schema = LabelSchema(LabelKind.ORDINAL, choices=CHOICES)
    counts = LabelCounts(36, 33, 12)
    units = [each for each in UNITS if len(each) > 1]
    together = agreement_of(schema, counts, [(each, 3) for each in units])
    apart = agreement_of(schema, counts, [(each, 1) for each in units * 3])
    assert together.items == 33
    assert together.pairs == apart.pairs
    assert together.interval == pytest.approx(apart.interval)


def test_too_few_items_give_a_reason_and_no_figure() -> None:
    found = agreement(BINARY, [{"a": True, "b": False}, {"a": True}])
    assert (found.labelled, found.items, found.differing) == (2, 1, 1)
    assert (found.estimate, found.interval) == (None, None)
    assert found.reason == "Items with two labels: 1; at least 5 are needed."
    assert found.pairs[0].kappa is None
    assert "both have labelled: 1;" in found.pairs[0].reason


def test_one_label_only_says_nothing() -> None:
    found = agreement(BINARY, [{"a": True, "b": True}] * 9)
    assert (found.estimate, found.differing) == (None, 0)
    assert "random ones would agree as well" in found.reason
    assert "random ones would agree as well" in found.pairs[0].reason


def test_full_agreement_has_a_figure_without_an_interval() -> None:
    items = [{"a": at < 4, "b": at < 4} for at in range(9)]
    found = agreement(BINARY, items)
    assert (found.estimate, found.interval) == (1, None)
    assert "no interval" in found.reason
    assert found.pairs[0].kappa is not None


def test_spans_agree_by_their_characters() -> None:
    assert span_f1([span(0, 4)], [span(2, 6)]) == pytest.approx(0.5)
    assert span_f1([span(0, 4)], [span(0, 4, "rude")]) == 0
    assert span_f1([], []) == 1
    assert span_f1([], [span(0, 1)]) == 0
    items = [{"a": [span(0, 4)], "b": [span(at, 4)]} for at in range(4)] * 2
    found = agreement(SPANS, items)
    assert found.measure == "mean F1 of spans"
    assert found.estimate == pytest.approx((1 + 6 / 7 + 2 / 3 + 2 / 5) / 4)
    shared, counts = [(each, 1) for each in items], LabelCounts(3000, 2500, 9)
    part = agreement_of(SPANS, counts, shared)
    assert (part.items, part.shared, part.labelled) == (8, 2500, 3000)


def test_free_texts_have_no_agreement() -> None:
    items = [{"a": "one", "b": "two"}] * 9
    found = agreement(LabelSchema(LabelKind.TEXT), items)
    assert (found.estimate, found.differing) == (None, 9)
    assert "compare them by reading" in found.reason


def test_the_distance_of_ordinal_labels_grows_with_the_steps() -> None:
    schema = LabelSchema(LabelKind.ORDINAL, choices=CHOICES)
    assert disagreement(schema, ["1", "2"]) == 0.25
    assert disagreement(schema, ["1", "5"]) == 1
    assert not differs(schema, ["3"])


@pytest.mark.parametrize(
    ("labels", "together"),
    [
        ([True], True),
        ([False, False, True], False),
        ([True, False], None),
        ([], None),
        ([1, True, True], True),
        ([[span(0, 1)], [span(0, 1)], []], [span(0, 1)]),
    ],
)
def test_more_than_half_decide(labels: list[Any], together: Any) -> None:
    assert majority(labels) == together
