"""Schemas of labels, and which labels they allow."""

from typing import Any

import pytest

from penstock.kernel.errors import InvalidRequest
from penstock.rules.annotation.labels import (
    MAX_CHOICES,
    MAX_LABEL_CHARS,
    MAX_SPANS,
    LabelChoice,
    LabelKind,
    LabelSchema,
    check_schema,
    checked_label,
    label_text,
)

CHOICES = tuple(LabelChoice(each) for each in ("bad", "fair", "good"))


def schema(kind: LabelKind) -> LabelSchema:
    chosen = kind in (LabelKind.ORDINAL, LabelKind.CATEGORICAL, LabelKind.SPANS)
    return LabelSchema(kind, choices=CHOICES if chosen else ())


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (LabelKind.BINARY, True, "yes"),
        (LabelKind.BINARY, False, "no"),
        (LabelKind.ORDINAL, "fair", "fair"),
        (LabelKind.CATEGORICAL, "bad", "bad"),
        (LabelKind.PAIRWISE, "tie", "tie"),
        (LabelKind.TEXT, "Too long.", "Too long."),
        (LabelKind.SPANS, [], "no spans"),
        (LabelKind.SPANS, [{"start": 0, "end": 2, "value": "bad"}], "bad [0:2]"),
    ],
)
def test_a_label_within_the_schema_is_kept(kind: LabelKind, value: Any, text: str) -> None:
    check_schema(schema(kind))
    found = checked_label(schema(kind), value, "an output")
    assert found == value
    assert label_text(found) == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (LabelKind.BINARY, "yes"),
        (LabelKind.BINARY, 1),
        (LabelKind.BINARY, None),
        (LabelKind.ORDINAL, "excellent"),
        (LabelKind.ORDINAL, ["good"]),
        (LabelKind.PAIRWISE, "left"),
        (LabelKind.TEXT, "  "),
        (LabelKind.TEXT, "x" * (MAX_LABEL_CHARS + 1)),
        (LabelKind.SPANS, "good"),
        (LabelKind.SPANS, [{"start": 2, "end": 2, "value": "bad"}]),
        (LabelKind.SPANS, [{"start": -1, "end": 2, "value": "bad"}]),
        (LabelKind.SPANS, [{"start": 0, "end": 10, "value": "bad"}]),
        (LabelKind.SPANS, [{"start": 0, "end": 1, "value": "new"}]),
        (LabelKind.SPANS, [{"start": 0, "end": 1, "value": "bad"}] * (MAX_SPANS + 1)),
    ],
)
def test_a_label_outside_the_schema_is_refused(kind: LabelKind, value: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        checked_label(schema(kind), value, "an output")
    assert refused.value.code == "annotation_label_invalid"


def test_spans_are_sorted_and_counted_once() -> None:
    one, other = ({"start": at, "end": at + 1, "value": "bad"} for at in (0, 4))
    assert checked_label(schema(LabelKind.SPANS), [other, one, other], "an output") == [one, other]


@pytest.mark.parametrize(
    "wrong",
    [
        LabelSchema(LabelKind.ORDINAL),
        LabelSchema(LabelKind.CATEGORICAL, choices=CHOICES[:1]),
        LabelSchema(LabelKind.BINARY, choices=CHOICES),
        LabelSchema(LabelKind.CATEGORICAL, choices=(*CHOICES, CHOICES[0])),
        LabelSchema(
            LabelKind.CATEGORICAL,
            choices=tuple(LabelChoice(str(at)) for at in range(MAX_CHOICES + 1)),
        ),
        LabelSchema(LabelKind.CATEGORICAL, choices=(*CHOICES, LabelChoice(""))),
        LabelSchema(LabelKind.CATEGORICAL, choices=CHOICES, equal_steps=True),
        LabelSchema(LabelKind.BINARY, question="?" * 501),
    ],
)
def test_a_schema_that_is_not_valid_is_refused(wrong: LabelSchema) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_schema(wrong)
    assert refused.value.code == "annotation_schema_invalid"
