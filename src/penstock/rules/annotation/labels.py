"""Schemas of labels, and which labels are valid. A label is a JSON value."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, cast

import msgspec

from penstock.kernel.digests import content_hash
from penstock.kernel.errors import InvalidRequest
from penstock.rules.document import Document
from penstock.rules.evaluation.pairwise import PairChoice

MAX_CHOICES: Final = 20  # of a schema; more is refused
MAX_CHOICE_CHARS: Final = 100  # of a choice's value or name; more is refused
MAX_QUESTION_CHARS: Final = 500  # of a schema's question; more is refused
MAX_LABEL_CHARS: Final = 20_000  # of a label that is a free text; more is refused
MAX_SPANS: Final = 200  # of a label that is spans; more is refused

YES_NO: Final = ("yes", "no")


class LabelKind(StrEnum):
    """The kinds of labels."""

    BINARY = "binary"  # true or false
    ORDINAL = "ordinal"  # one of the choices, which have an order, lowest first
    CATEGORICAL = "categorical"  # one of the choices
    PAIRWISE = "pairwise"  # the better of two outputs
    TEXT = "text"  # free text
    SPANS = "spans"  # parts of the output, each with one of the choices


_CHOSEN: Final = (LabelKind.ORDINAL, LabelKind.CATEGORICAL, LabelKind.SPANS)


class LabelChoice(Document, frozen=True):
    """A choice. `name` is what annotators see; the value itself if it is empty."""

    value: str
    name: str = ""


class LabelSchema(Document, frozen=True):
    """The question of a queue and its possible answers. `equal_steps`: the choices of an ordinal
    schema are equally far apart, as numbers are."""

    kind: LabelKind
    question: str = ""
    choices: tuple[LabelChoice, ...] = ()
    equal_steps: bool = False

    @property
    def values(self) -> tuple[str, ...]:
        """The values of the choices, in order."""
        return tuple(each.value for each in self.choices)

    def digest(self) -> str:
        """Returns the hash of the schema. Labels name the one under which they were given."""
        return content_hash(self)[:16]


class LabelledSpan(Document, frozen=True):
    """The part of an output from `start` to before `end`, in characters (code points)."""

    start: int
    end: int
    value: str


def check_schema(schema: LabelSchema) -> None:
    """Raises `InvalidRequest` for a schema that is not valid."""
    if len(schema.question) > MAX_QUESTION_CHARS:
        raise _invalid(f"The question has more than {MAX_QUESTION_CHARS} characters.", "question")
    least = 1 if schema.kind is LabelKind.SPANS else 2
    if schema.kind in _CHOSEN and not least <= len(schema.choices) <= MAX_CHOICES:
        raise _invalid(f"A schema of this kind has {least} to {MAX_CHOICES} choices.", "choices")
    if schema.kind not in _CHOSEN and schema.choices:
        raise _invalid(f"A schema of the kind {schema.kind.value} has no choices.", "choices")
    if len(set(schema.values)) < len(schema.choices):
        raise _invalid("Two choices have the same value.", "choices")
    for each in schema.choices:
        for text in (each.value, each.name or each.value):
            if not 0 < len(text) <= MAX_CHOICE_CHARS or not text.isprintable():
                raise _invalid(
                    f"A choice has 1 to {MAX_CHOICE_CHARS} printable characters.", "choices"
                )
    if schema.equal_steps and schema.kind is not LabelKind.ORDINAL:
        raise _invalid("Only choices of an ordinal schema have equal steps.", "equal_steps")


def checked_label(schema: LabelSchema, value: Any, output: str) -> Any:
    """Returns a label in its canonical form. Raises `InvalidRequest` if the schema does not allow
    it for this output."""
    match schema.kind:
        case LabelKind.BINARY:
            if isinstance(value, bool):
                return value
            raise _outside("true or false")
        case LabelKind.ORDINAL | LabelKind.CATEGORICAL:
            return _one_of(value, schema.values)
        case LabelKind.PAIRWISE:
            return _one_of(value, tuple(PairChoice))
        case LabelKind.TEXT:
            if isinstance(value, str) and 0 < len(value.strip()) <= MAX_LABEL_CHARS:
                return value.strip()
            raise _outside(f"a text of 1 to {MAX_LABEL_CHARS:,} characters")
        case LabelKind.SPANS:
            return _spans(schema, value, output)


def spans_of(value: Any) -> tuple[LabelledSpan, ...]:
    """Returns the spans of a valid label."""
    return msgspec.convert(value, tuple[LabelledSpan, ...])


def label_text(value: Any) -> str:
    """Returns a label as one line for annotators."""
    if isinstance(value, bool):
        return YES_NO[not value]
    if isinstance(value, list):
        spans = spans_of(cast("list[Any]", value))
        return ", ".join(f"{each.value} [{each.start}:{each.end}]" for each in spans) or "no spans"
    return str(value)


def _one_of(value: Any, known: Sequence[str]) -> str:
    if isinstance(value, str) and value in known:
        return str(value)
    raise _outside(f"one of: {', '.join(known)}")


def _spans(schema: LabelSchema, value: Any, output: str) -> list[dict[str, Any]]:
    try:
        spans = msgspec.convert(value, tuple[LabelledSpan, ...])
    except msgspec.ValidationError as error:
        raise _outside("a list of {start, end, value}") from error
    if len(spans) > MAX_SPANS:
        raise _outside(f"at most {MAX_SPANS} spans")
    for each in spans:
        _one_of(each.value, schema.values)
        if not 0 <= each.start < each.end <= len(output):
            raise _outside(f"spans within the {len(output):,} characters of the output")
    ordered = sorted(set(spans), key=lambda each: (each.start, each.end, each.value))
    return [msgspec.structs.asdict(each) for each in ordered]


def _outside(allowed: str) -> InvalidRequest:
    return InvalidRequest(
        f"The label is outside the schema of the queue: it is {allowed}.",
        hint="Load the queue again: its schema may have changed.",
        code="annotation_label_invalid",
        param="value",
    )


def _invalid(message: str, param: str) -> InvalidRequest:
    return InvalidRequest(message, code="annotation_schema_invalid", param=f"schema.{param}")
