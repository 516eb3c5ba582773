"""Metrics of answers from retrieved passages, by claims that a judge decides.

The formulas are pure: a judge splits texts into claims and decides them elsewhere. Where there is
nothing to divide by, the value is none. S. Es et al., RAGAS (2023), where no other source is named.
"""

from collections.abc import Sequence
from math import sqrt


def share(decisions: Sequence[bool]) -> float | None:
    """Returns the share of claims that are supported: faithfulness for claims of the answer and the
    passages, context recall for claims of the expected answer and the passages."""
    return sum(decisions) / len(decisions) if decisions else None


def context_precision(useful: Sequence[bool]) -> float | None:
    """Returns the mean of the precisions at the places of useful passages, in the order of their
    retrieval; 0 if none is useful; none without passages.

    RAGAS's `ContextPrecision`: Σ (precision@k · useful_k) / Σ useful_k, which is the average
    precision over what was retrieved.
    """
    if not useful:
        return None
    found, total = 0, 0.0
    for at, each in enumerate(useful, start=1):
        if each:
            found += 1
            total += found / at
    return total / found if found else 0.0


def noise_sensitivity(
    right: Sequence[bool],
    from_relevant: Sequence[bool],
    from_irrelevant: Sequence[bool],
    *,
    relevant: bool,
) -> float | None:
    """Returns the share of the answer's claims that are wrong and come from relevant passages, or
    from irrelevant ones only. Lower is better; none without claims.

    RAGAS's `NoiseSensitivity`, after RAGChecker (D. Ru et al., 2024).
    """
    if not right:
        return None
    rows = zip(right, from_relevant, from_irrelevant, strict=True)
    wrong = [
        not good and (of_relevant if relevant else of_irrelevant and not of_relevant)
        for good, of_relevant, of_irrelevant in rows
    ]
    return sum(wrong) / len(wrong)


def cosine(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Returns the cosine of two vectors, from -1 to 1; none if one is zero. Raises `ValueError` if
    lengths differ."""
    product = sum(a * b for a, b in zip(one, other, strict=True))
    size = sqrt(sum(a * a for a in one)) * sqrt(sum(b * b for b in other))
    return max(-1.0, min(1.0, product / size)) if size else None


def mean_of_known(values: Sequence[float | None]) -> float | None:
    """Returns the mean of the values that there are; none without any."""
    known = [each for each in values if each is not None]
    return sum(known) / len(known) if known else None
