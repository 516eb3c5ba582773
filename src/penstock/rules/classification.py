"""The neutral form of a classification: labels of whole texts, and of spans of them."""

from typing import NamedTuple


class Classification(NamedTuple):
    """A request. `top_k`: how many labels of each text are wanted, `None` for those that the model
    gives. `aggregation`: how tokens become spans. `hints`: members that may be left out."""

    texts: tuple[str, ...]
    top_k: int | None = None
    aggregation: str = ""
    hints: tuple[str, ...] = ()


class TextLabel(NamedTuple):
    """A label of a whole text."""

    label: str
    score: float


class SpanLabel(NamedTuple):
    """A label of the characters from `start` up to `end`; -1 if they are unknown."""

    label: str
    score: float
    start: int
    end: int
    text: str


class ClassifiedText(NamedTuple):
    """The labels of one text, the best first, and of its spans in their order."""

    labels: tuple[TextLabel, ...] = ()
    spans: tuple[SpanLabel, ...] = ()
