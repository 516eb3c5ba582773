"""A pairwise judge asked in both orders: a choice counts if it survives the change of places."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from penstock.rules.statistics.comparisons import mcnemar


class PairChoice(StrEnum):
    """The better one of two answers, by place."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"


class OrderCounts(NamedTuple):
    """Comparisons by result. `both_first`: those in which the judge chose the first place in both
    orders, which are ties; `both_second` likewise. `p_bias`: how likely a judge without a bias to
    one place is to choose one of them so much more often (sign test, two-sided); 1 without such
    comparisons."""

    wins: int
    ties: int
    losses: int
    both_first: int
    both_second: int
    p_bias: float

    @property
    def biased(self) -> bool:
        """Returns whether the judge prefers a place, at the level of 5 %."""
        return self.p_bias < 0.05


def pairwise_score(forward: PairChoice, backward: PairChoice) -> float:
    """Returns 1 if the answer wins both times, 0 if it loses both times, otherwise 0.5. It is the
    first one in the forward order, the second one in the other."""
    if (forward, backward) == (PairChoice.FIRST, PairChoice.SECOND):
        return 1.0
    if (forward, backward) == (PairChoice.SECOND, PairChoice.FIRST):
        return 0.0
    return 0.5


def order_counts(orders: Iterable[tuple[PairChoice, PairChoice]]) -> OrderCounts:
    """Returns the counts of comparisons; each has its choices in both orders."""
    found = list(orders)
    scores = [pairwise_score(*each) for each in found]
    first = found.count((PairChoice.FIRST, PairChoice.FIRST))
    second = found.count((PairChoice.SECOND, PairChoice.SECOND))
    return OrderCounts(
        scores.count(1.0),
        scores.count(0.5),
        scores.count(0.0),
        first,
        second,
        mcnemar(first, second),
    )
