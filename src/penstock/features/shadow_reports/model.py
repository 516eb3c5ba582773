"""Values of shadow reports: both sides of pairs of calls."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final, Protocol

from penstock.features.rollouts.model import StoredRollout
from penstock.rules.word_diff import diff_words

MAX_PAIRS: Final = 1000  # pairs of calls of one report, the latest
MAX_COMPARED: Final = 20  # pairs of which the answers are compared by words
MAX_TEXT_CHARS: Final = 100_000  # of an answer that is compared; the rest is left out
MAX_DAYS: Final = 30  # of one report
_WORD: Final = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class SideFigures:
    """The figures of one side. `p50_ms`, `p95_ms`: of calls that went well; `cost`: USD of a call
    in the mean, of those with a price; `None`: no call to measure."""

    calls: int
    errors: int
    p50_ms: float | None
    p95_ms: float | None
    cost: float | None


@dataclass(frozen=True, slots=True)
class ScorePair:
    """The means of a score on both sides, with the number of calls that have it."""

    name: str
    shadow: float | None
    shadow_calls: int
    original: float | None
    original_calls: int


@dataclass(frozen=True, slots=True)
class ComparedPair:
    """A shadow call with its original. `difference`: the share of words that are not in both, 0 to
    1; `None` if one of them has no recorded text."""

    trace_id: str
    original_trace_id: str
    status: str
    error: str
    original_status: str
    difference: float | None


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """The figures of a shadow beside those of its originals. `pairs`: the latest, at most
    `MAX_PAIRS`; `latest`: those that are compared by words."""

    release: str
    pairs: int
    shadow: SideFigures
    original: SideFigures
    scores: tuple[ScorePair, ...]
    latest: tuple[ComparedPair, ...]

    @property
    def difference(self) -> float | None:
        """The mean difference of the answers that are compared."""
        known = [each.difference for each in self.latest if each.difference is not None]
        return sum(known) / len(known) if known else None


class GetRollout(Protocol):
    """Returns a rollout. Raises `NotFound`."""

    def __call__(self, project_id: str, use_case: str, environment: str, /) -> StoredRollout: ...


def difference_of(shadow: str, original: str) -> float:
    """Returns the share of words that are not in both texts, 0 to 1: one minus the Dice coefficient
    of their common subsequence (L. Dice, Measures of the Amount of Ecologic Association, 1945)."""
    before, after = original[:MAX_TEXT_CHARS], shadow[:MAX_TEXT_CHARS]
    total = _words(before) + _words(after)
    if not total:
        return 0.0
    pieces = diff_words(before, after)
    equal = sum(_words(each.text) for each in pieces if each.operation == "equal")
    return max(0.0, 1 - 2 * equal / total)


def quantile(values: Sequence[float], share: float) -> float | None:
    """Returns the smallest value that `share` of them do not exceed; `None` without values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def _words(text: str) -> int:
    return len(_WORD.findall(text))
