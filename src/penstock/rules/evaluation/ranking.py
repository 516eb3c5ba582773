"""Retrieval measured against the ids that are relevant. C. Manning, P. Raghavan, H. Schütze,
Introduction to Information Retrieval (2008), chapter 8, where no other source is named."""

from collections.abc import Collection, Mapping, Sequence
from math import log2


def precision_at(retrieved: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Returns the share of the first `k` that is relevant. Places that are empty count as not
    relevant, as in trec_eval."""
    return _hits(retrieved, relevant, k) / k


def recall_at(retrieved: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Returns the share of the relevant ids that is among the first `k`. There is a relevant id."""
    return _hits(retrieved, relevant, k) / len(set(relevant))


def hit_at(retrieved: Sequence[str], relevant: Collection[str], k: int) -> bool:
    """Returns whether one of the first `k` is relevant."""
    return _hits(retrieved, relevant, k) > 0


def reciprocal_rank(retrieved: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Returns 1 / the place of the first relevant id, 0 if it is not among the first `k`. Its mean
    is the MRR: E. Voorhees, The TREC-8 Question Answering Track Report (1999)."""
    wanted = set(relevant)
    places = (at for at, each in enumerate(unique(retrieved)[:k], start=1) if each in wanted)
    place = next(places, 0)
    return 1 / place if place else 0.0


def average_precision(retrieved: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Returns the mean of the precisions at the places of relevant ids, 0 for those that are not
    among the first `k`. Its mean is the MAP."""
    wanted = set(relevant)
    found, total = 0, 0.0
    for at, each in enumerate(unique(retrieved)[:k], start=1):
        if each in wanted:
            found += 1
            total += found / at
    return total / len(wanted)


def ndcg_at(retrieved: Sequence[str], gains: Mapping[str, float], k: int) -> float | None:
    """Returns the discounted gain of the first `k` over the best possible one; none if no id has a
    gain above 0.

    K. Järvelin, J. Kekäläinen, Cumulated Gain-based Evaluation of IR Techniques (2002); discount
    1 / log2(place + 1), gains as they are given, as in trec_eval.
    """
    best = _discounted(sorted((max(0.0, each) for each in gains.values()), reverse=True)[:k])
    if not best:
        return None
    return _discounted([max(0.0, gains.get(each, 0.0)) for each in unique(retrieved)[:k]]) / best


def unique(retrieved: Sequence[str]) -> list[str]:
    """Returns the ids without repeats: an id counts at its first place only."""
    return list(dict.fromkeys(retrieved))


def _hits(retrieved: Sequence[str], relevant: Collection[str], k: int) -> int:
    return len(set(unique(retrieved)[:k]) & set(relevant))


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / log2(at + 1) for at, gain in enumerate(gains, start=1))
