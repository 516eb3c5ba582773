"""BLEU, chrF and ROUGE: how much of a text occurs in a reference, by words or characters."""

import re
from collections import Counter
from collections.abc import Sequence
from math import exp, log
from typing import Final, NamedTuple

BLEU_ORDER: Final = 4  # words of the longest n-grams
CHRF_ORDER: Final = 6  # characters of the longest n-grams
CHRF_BETA: Final = 2
_PUNCTUATION: Final = re.compile(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])")
_PERIOD_BEFORE: Final = re.compile(r"([^0-9])([\.,])")
_PERIOD_AFTER: Final = re.compile(r"([\.,])([^0-9])")
_DASH: Final = re.compile(r"([0-9])(-)")
_NO_LETTER: Final = re.compile(r"[^a-z0-9]+")


class Overlap(NamedTuple):
    """The share of the text that is in the reference, of the reference that is in the text, and
    their harmonic mean; from 0 to 1."""

    precision: float
    recall: float
    f1: float


def tokens_13a(text: str) -> list[str]:
    """Returns the words and marks as mteval-v13a and sacrebleu split them."""
    text = text.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, mark in (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")):
        text = text.replace(entity, mark)
    text = _PUNCTUATION.sub(r" \1 ", f" {text} ")
    text = _PERIOD_BEFORE.sub(r"\1 \2 ", text)
    text = _PERIOD_AFTER.sub(r" \1 \2", text)
    return _DASH.sub(r"\1 \2 ", text).split()


def bleu(text: str, references: Sequence[str]) -> float:
    """Returns BLEU of one sentence from 0 to 1, with as many orders as the text has words, at most
    four; 0 without words.

    K. Papineni et al., BLEU (2002); exponential smoothing and tokens as in sacrebleu's
    `sentence_bleu` (M. Post, A Call for Clarity in Reporting BLEU Scores, 2018).
    """
    words = tokens_13a(text)
    others = [tokens_13a(each) for each in references]
    if not words or not others:
        return 0.0
    logs, smooth = 0.0, 1.0
    orders = min(BLEU_ORDER, len(words))
    for order in range(1, orders + 1):
        have = _grams(words, order)
        allowed: Counter[tuple[str, ...]] = Counter()
        for each in others:
            allowed |= _grams(each, order)
        matched = (have & allowed).total()
        if order == 1 and not matched:
            return 0.0
        if not matched:
            smooth *= 2
        logs += log((matched or 1 / smooth) / have.total())
    closest = min((abs(len(each) - len(words)), len(each)) for each in others)[1]
    brevity = min(0.0, 1 - closest / len(words))
    return min(1.0, exp(logs / orders + brevity))


def chrf(text: str, reference: str) -> float:
    """Returns chrF2 of one sentence from 0 to 1: n-grams of 1 to 6 characters without spaces.

    M. Popović, chrF: Character N-gram F-score (2015); orders that one of the texts is too short for
    do not count, as in sacrebleu.
    """
    have, other = "".join(text.split()), "".join(reference.split())
    precisions: list[float] = []
    recalls: list[float] = []
    for order in range(1, CHRF_ORDER + 1):
        mine, theirs = _pieces(have, order), _pieces(other, order)
        if mine and theirs:
            matched = (mine & theirs).total()
            precisions.append(matched / mine.total())
            recalls.append(matched / theirs.total())
    if not precisions:
        return 0.0
    precision, recall = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    weighted = CHRF_BETA**2 * precision + recall
    return (1 + CHRF_BETA**2) * precision * recall / weighted if weighted else 0.0


def rouge_words(text: str) -> list[str]:
    """Returns the words as ROUGE has them: runs of a to z and digits, in lower case. Texts of other
    scripts have none; words of `texts.words` are for them."""
    return _NO_LETTER.sub(" ", text.lower()).split()


def rouge_n(text: Sequence[str], reference: Sequence[str], order: int) -> Overlap:
    """Returns ROUGE-N of words. C.-Y. Lin, ROUGE: A Package for Automatic Evaluation of Summaries
    (2004)."""
    mine, theirs = _grams(text, order), _grams(reference, order)
    return _overlap((mine & theirs).total(), mine.total(), theirs.total())


def rouge_l(text: Sequence[str], reference: Sequence[str]) -> Overlap:
    """Returns ROUGE-L of words: their longest common subsequence. Source as `rouge_n`."""
    return _overlap(common_length(text, reference), len(text), len(reference))


def common_length(one: Sequence[str], other: Sequence[str]) -> int:
    """Returns the length of the longest common subsequence, in time of the product of lengths / 64.

    H. Hyyrö, Bit-parallel LCS-length Computation Revisited (2004).
    """
    places: dict[str, int] = {}
    for at, each in enumerate(one):
        places[each] = places.get(each, 0) | 1 << at
    every = (1 << len(one)) - 1
    row = every
    for each in other:
        matches = row & places.get(each, 0)
        row = ((row + matches) | (row - matches)) & every
    return len(one) - row.bit_count()


def _grams(sequence: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(sequence[at : at + order]) for at in range(len(sequence) - order + 1))


def _pieces(text: str, order: int) -> Counter[str]:
    return Counter(text[at : at + order] for at in range(len(text) - order + 1))


def _overlap(matched: int, mine: int, theirs: int) -> Overlap:
    precision = matched / mine if mine else 0.0
    recall = matched / theirs if theirs else 0.0
    both = precision + recall
    return Overlap(precision, recall, 2 * precision * recall / both if both else 0.0)
