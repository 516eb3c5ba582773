"""The language of a text, by its script and its most common words; not of names or single words."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from penstock.rules.evaluation.texts import words

SEARCHED_CHARS: Final = 20_000  # at the begin of a text
LEAST_WORDS: Final = 2  # common ones, to decide for a language
# First and last character of a script that stands for a language.
_SCRIPTS: Final[Mapping[str, tuple[str, str]]] = {
    "ar": ("\u0600", "\u06ff"),
    "el": ("\u0370", "\u03ff"),
    "he": ("\u0590", "\u05ff"),
    "hi": ("\u0900", "\u097f"),
    "ja": ("\u3040", "\u30ff"),
    "ko": ("\uac00", "\ud7af"),
    "th": ("\u0e00", "\u0e7f"),
    "zh": ("\u4e00", "\u9fff"),
}
_COMMON: Final[Mapping[str, str]] = {
    "cs": "je se na že jsou nebo jako ale pro jsem byl která které tak není může být i podle při",
    "da": "og er det en at på med for ikke de som den har af til et der kan jeg fra",
    "de": "der die das und ist nicht ein eine zu den mit sich auf für im dem von sie ich werden",
    "en": "the of and to is in that it for are with as was this be on not you have by from or an",
    "es": "el los las de que y en un una es por con para no se del lo como está más todos su",
    "fr": "le les des et est que une dans pour pas sur avec du ce il nous vous qui en au sont ou",
    "it": "il che di e la per non un una è con sono della gli del come nel dei più questo ed",
    "nl": "de het een en van is dat niet op te zijn met voor aan er ook maar wordt bij naar zij",
    "pl": "i w nie na się że jest do to z jak są przez oraz ich które od być może się",
    "pt": "o os as que e do da em um uma não para com é por mais dos são como ao seu à nas",
    "ru": "и в не на что с как это он по из для но от они все так же мы вы бы был",
    "sv": "och är det att en som på med för inte av till den har ett jag om de kan",
    "tr": "ve bir bu için ile de da olarak olan çok daha gibi değil ne var her en ben sen kadar",
    "uk": "і в не на що з як це він за та для але від вони всі так ми ви є до у",
}


def language_of(text: str) -> str:
    """Returns the code of the language (ISO 639-1); empty if it cannot be decided: too short, two
    languages alike, or one that is not known. 22 are known."""
    text = text[:SEARCHED_CHARS]
    return ("" if text.isascii() else _by_script(text)) or _by_words(Counter(words(text)))


def known_languages() -> tuple[str, ...]:
    """Returns the codes of the languages."""
    return tuple(sorted({*_SCRIPTS, *_COMMON}))


def _by_script(text: str) -> str:
    letters = sum(map(str.isalpha, text))
    scripts = {
        code: sum(first <= each <= last for each in text)
        for code, (first, last) in _SCRIPTS.items()
    }
    if scripts["ja"] > letters / 10:
        return "ja"  # it has Chinese characters too
    script = max(scripts, key=scripts.__getitem__)
    return script if scripts[script] > letters / 2 else ""


def _by_words(counts: Counter[str]) -> str:
    scores = {code: sum(counts[each] for each in known.split()) for code, known in _COMMON.items()}
    (best, most), (_, second) = Counter(scores).most_common(2)
    return best if most >= LEAST_WORDS and most > second else ""
