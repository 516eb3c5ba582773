"""The measurements of evaluators as labels: suggestions, and what judges are compared by."""

from collections.abc import Mapping
from typing import Any

from penstock.rules.annotation.labels import LabelKind, LabelSchema
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.metrics import MetricFacts
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


def is_low(
    found: Mapping[str, Measurement], facts: Mapping[str, MetricFacts], at_most: float
) -> bool:
    """Returns whether one of the measurements is false, or a number of at most `at_most`; where
    less is better by the facts of its metric, true, or a number of at least `at_most`."""
    return False in _decisions(found, facts, at_most)


def disagree(
    found: Mapping[str, Measurement], facts: Mapping[str, MetricFacts], at_most: float
) -> bool:
    """Returns whether two of the measurements do not say the same: low and not low, or different
    labels."""
    return len(_decisions(found, facts, at_most)) > 1


def _decisions(
    found: Mapping[str, Measurement], facts: Mapping[str, MetricFacts], at_most: float
) -> set[bool | str]:
    """Returns whether values are good, and the labels."""
    return {
        _decision(each, at_most, less=name in facts and facts[name].higher_is_better is False)
        for name, each in found.items()
        if each.state is ScoreState.SCORED
    }


def _decision(found: Measurement, at_most: float, *, less: bool) -> bool | str:
    value = found.value
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return bool(value) is not less
    return value < at_most if less else value > at_most
