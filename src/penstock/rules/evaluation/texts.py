"""Texts as evaluators compare them: normal form, words, sentences, code and numbers in them."""

import json
import math
import re
import unicodedata
from typing import Final, cast

MAX_NUMBER_CHARS: Final = 400  # of a number in a text; a longer run of digits is none
_SPACE: Final = re.compile(r"\s+")
_WORD: Final = re.compile(r"\w+(?:['’]\w+)*")
_SENTENCE_END: Final = re.compile(r"[.!?。！？…]+[\"'”’)\]]*(?=\s|$)|[。！？]|\n{2,}")
_FENCE: Final = re.compile(r"```[\w+-]{0,30}[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL)
_NUMBER: Final = re.compile(
    r"(?<![\w.,])[-+−]?(?:\d{1,3}(?:,\d{3})++|\d++)(?:\.\d++)?(?:[eE][-+]?\d{1,4})?(?![\w])"
)


def normal(
    text: str, *, ignore_case: bool = True, ignore_space: bool = True, ignore_marks: bool = False
) -> str:
    """Returns the text in Unicode form NFC, without differences that are not to count. `marks` is
    punctuation."""
    text = unicodedata.normalize("NFC", text)
    if ignore_case:
        text = text.casefold()
    if ignore_marks:
        text = "".join(" " if unicodedata.category(each)[0] == "P" else each for each in text)
    if ignore_space or ignore_marks:
        text = _SPACE.sub(" ", text).strip()
    return text


def words(text: str) -> list[str]:
    """Returns the words, in lower case."""
    return _WORD.findall(text.casefold())


def sentences(text: str) -> list[str]:
    """Returns the sentences: parts that end with a full stop, an empty line, or the text."""
    found: list[str] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        found.append(text[start : match.end()].strip())
        start = match.end()
    found.append(text[start:].strip())
    return [each for each in found if any(map(str.isalnum, each))]


def as_text(value: object) -> str:
    """Returns a text for comparisons: texts as they are, other JSON values as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def as_texts(value: object) -> list[str]:
    """Returns a list of texts: of a list its members, of another value that value."""
    if isinstance(value, list | tuple):
        return [as_text(each) for each in cast("list[object]", value)]
    return [] if value is None else [as_text(value)]


def unfenced(text: str) -> str:
    """Returns the content of the only block of code in Markdown; the text itself if there is not
    exactly one."""
    found = _FENCE.findall(text)
    return found[0] if len(found) == 1 else text


def numbers(text: str) -> list[float]:
    """Returns the finite numbers in a text, with `,` between thousands and `.` before decimals."""
    found = [each for each in _NUMBER.findall(text) if len(each) <= MAX_NUMBER_CHARS]
    values = [float(each.replace(",", "").replace("−", "-")) for each in found]
    return [value for value in values if math.isfinite(value)]


def number_of(value: object) -> float | None:
    """Returns the number that a JSON value is, or the only one in its text; none otherwise."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e300 else None
    found = numbers(value) if isinstance(value, str) else []
    return found[0] if len(found) == 1 else None
