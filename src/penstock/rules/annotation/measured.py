"""The measurements of evaluators as labels: suggestions, and what judges are compared by."""

from collections.abc import Sequence
from typing import Any

from penstock.rules.annotation.labels import LabelKind, LabelSchema
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.pairwise import PairChoice
from penstock.rules.scores.vocabulary import ScoreState

_PAIRS = {1.0: PairChoice.FIRST, 0.5: PairChoice.TIE, 0.0: PairChoice.SECOND}


def label_of(schema: LabelSchema, found: Measurement | None) -> Any:
    """Returns the label that a measurement means; none if it has no value, or one that is no label
    of this schema. A pairwise judge's 1 means that the first output wins."""
    if found is None or found.state is not ScoreState.SCORED:
        return None
    value = found.value
    match schema.kind:
        case LabelKind.BINARY:
            return value if isinstance(value, bool) else None
        case LabelKind.ORDINAL | LabelKind.CATEGORICAL:
            text = f"{value:g}" if isinstance(value, float) else str(value)
            return text if text in schema.values else None
        case LabelKind.PAIRWISE:
            if isinstance(value, bool | str) or value is None or value not in _PAIRS:
                return None
            return _PAIRS[value].value
        case LabelKind.TEXT | LabelKind.SPANS:
            return None


def is_low(found: Sequence[Measurement | None], at_most: float) -> bool:
    """Returns whether one of the measurements is false, or a number of at most `at_most`."""
    return any(_passes(each, at_most) is False for each in _scored(found))


def disagree(found: Sequence[Measurement | None], at_most: float) -> bool:
    """Returns whether two of the measurements do not say the same: yes and no (numbers above
    `at_most` are a yes), or different labels."""
    return len({_passes(each, at_most) for each in _scored(found)}) > 1


def _scored(found: Sequence[Measurement | None]) -> list[Measurement]:
    return [each for each in found if each is not None and each.state is ScoreState.SCORED]


def _passes(found: Measurement, at_most: float) -> bool | str:
    value = found.value
    if isinstance(value, bool) or value is None:
        return bool(value)
    return value if isinstance(value, str) else value > at_most
