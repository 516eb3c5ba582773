"""Properties of an answer's prose: readability, citations, whether it declines."""

import re
from collections.abc import Collection
from typing import Final, NamedTuple

from penstock.rules.evaluation.texts import normal, sentences, words

DECLINING_CHARS: Final = 400  # at the begin of an answer that are searched for declining phrases
_VOWELS: Final = re.compile(r"[aeiouy]+")
_CITATION: Final = re.compile(r"[\[【]([^\[\]【】\n]{1,200})[\]】](?!\()")
_SPLIT: Final = re.compile(r"\s*[,;]\s*")
_DECLINES: Final = re.compile(
    r"\bi (?:can['’]?t|cannot|can not|won['’]?t|will not|must decline to|have to decline to|"
    r"am (?:unable|not able) to) "
    r"(?:help|assist|answer|provide|comply|do that|fulfill|discuss|create|write|generate|share|"
    r"support|engage|give)"
    r"|\bi['’]?m (?:unable|not able) to (?:help|assist|answer|provide|comply|fulfill|discuss)"
    r"|\bi['’]?m sorry,? but i (?:can|am|must|won)"
    r"|\bas an ai(?: language model)?,? i (?:can|am not|do not|don)"
    r"|\bich kann (?:ihnen |dir )?(?:dabei |damit |hierbei |das |diese frage )?(?:leider )?nicht"
    r"|\bje ne peux pas (?:vous |t['’])?(?:aider|répondre|fournir)"
    r"|\bje suis désolée?,? mais je ne"
    r"|\bno puedo (?:ayudar|responder|proporcionar|cumplir)|\blo siento,? pero no"
    r"|\bnão posso (?:ajudar|responder|fornecer)|\bnon posso (?:aiutar|rispondere|fornire)"
)


class Readability(NamedTuple):
    """The Flesch figures of a text: ease (about 0 hard to 100 easy) and the U.S. school grade."""

    ease: float
    grade: float


class CitedPassages(NamedTuple):
    """The marks of citations in a text, those that name a passage, and those that do not."""

    resolved: tuple[str, ...]
    unresolved: tuple[str, ...]


def syllables(word: str) -> int:
    """Returns the syllables of an English word, estimated: groups of vowels, without a silent e."""
    found = len(_VOWELS.findall(word))
    silent = word.endswith("e") and not word.endswith(("le", "ee", "ye")) and found > 1
    return max(1, found - silent)


def readability_by_counts(word_count: int, sentence_count: int, syllable_count: int) -> Readability:
    """Returns the figures of counts above 0.

    Ease: R. Flesch, A New Readability Yardstick (1948). Grade: J. Kincaid et al., Derivation of New
    Readability Formulas (1975).
    """
    length, weight = word_count / sentence_count, syllable_count / word_count
    return Readability(
        206.835 - 1.015 * length - 84.6 * weight, 0.39 * length + 11.8 * weight - 15.59
    )


def readability(text: str) -> Readability | None:
    """Returns the figures of an English text; none without a word of letters."""
    found = [word for word in iter(words(text)) if word[0].isalpha()]
    if not found:
        return None
    return readability_by_counts(
        len(found), max(1, len(sentences(text))), sum(map(syllables, found))
    )


def citations(text: str, passages: Collection[str]) -> CitedPassages:
    """Returns the citations in square brackets, such as [1], [2, 3] or [doc-7]. In brackets with
    other words they are none, unless one of their parts names a passage or is a number; links of
    Markdown are none."""
    found: list[str] = []
    for inner in _CITATION.findall(text):
        parts = [each.strip() for each in _SPLIT.split(inner) if each.strip()]
        if any(each in passages or each.isdecimal() for each in parts):
            found += parts
    marks = tuple(dict.fromkeys(found))
    return CitedPassages(
        tuple(each for each in marks if each in passages),
        tuple(each for each in marks if each not in passages),
    )


def declines(text: str) -> bool:
    """Returns whether the begin of an answer has a phrase by which models decline, in English,
    German, French, Spanish, Portuguese or Italian. Other phrases and languages are not found."""
    return _DECLINES.search(normal(text[:DECLINING_CHARS])) is not None
