"""The neutral form of a reranking: a query, documents, and how relevant each of them is."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Rerank(NamedTuple):
    """A request. `texts` are what is compared, `documents` the same as the caller sent it.
    `top_n`: how many results are wanted, `None` for all. `hints`: members that may be left out."""

    query: str
    texts: tuple[str, ...]
    documents: tuple[Any, ...]
    top_n: int | None = None
    returns_documents: bool = False
    hints: tuple[str, ...] = ()


class Ranked(NamedTuple):
    """The relevance of the document at `place`, which counts from 0."""

    place: int
    score: float


def best(ranked: Sequence[Ranked], top_n: int | None) -> list[Ranked]:
    """Returns the most relevant documents, the best first."""
    return sorted(ranked, key=lambda one: -one.score)[:top_n]
