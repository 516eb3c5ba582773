"""`card_numbers`: finds numbers of payment cards.

A number has 13 to 19 digits, alone or in groups with one separator between them, a prefix and a
length that an issuer uses, and a right check digit (ISO/IEC 7812-1, annex B).
"""

import re
import string
from collections.abc import Container, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from penstock.rules.guards.policies import Options
from penstock.rules.guards.scanning import Finding

MIN_DIGITS: Final = 13
MAX_DIGITS: Final = 19
KIND: Final = "card number"
_SEPARATORS: Final = " -\u00a0\u2007\u2009\u202f\u2010\u2011\u2012\u2013\u2212"
# A run of digits, not the fraction of a number and not inside a word.
_RUN: Final = re.compile(
    rf"(?<![0-9A-Za-z_])(?<![0-9][.,])[0-9]++(?:[{re.escape(_SEPARATORS)}][0-9]++)*+"
)
_AT_END: Final = frozenset(("", *_SEPARATORS))  # what may follow a run that goes on
_GROUP: Final = re.compile(r"[0-9]+")
_DIGITS: Final = bytes(0x30 if 0x30 <= byte <= 0x39 else 0x20 for byte in range(256))
_BETWEEN: Final = "".join(sorted(_SEPARATORS)).encode()
_BETWEEN_OR_WORDS: Final = _BETWEEN + string.ascii_letters.encode()
_ENOUGH: Final = b"0" * MIN_DIGITS
_FRACTION: Final = re.compile(rb"(?<=[0-9])\.[0-9]+")
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


class _Issuer(NamedTuple):
    """Cards whose first digits are from `first` to `last`, with a number of digits of `lengths`."""

    first: int
    last: int
    lengths: range


# Visa, Mastercard, American Express, Discover, Diners Club, JCB, UnionPay, Maestro, Mir, RuPay,
# Troy.
_ISSUERS: Final = (
    _Issuer(4, 4, range(13, 20, 3)),
    _Issuer(51, 55, range(16, 17)),
    _Issuer(2221, 2720, range(16, 17)),
    _Issuer(34, 34, range(15, 16)),
    _Issuer(37, 37, range(15, 16)),
    _Issuer(6011, 6011, range(16, 20)),
    _Issuer(644, 659, range(16, 20)),
    _Issuer(300, 305, range(14, 20)),
    _Issuer(3095, 3095, range(14, 20)),
    _Issuer(36, 36, range(14, 20)),
    _Issuer(38, 39, range(14, 20)),
    _Issuer(3528, 3589, range(16, 20)),
    _Issuer(62, 62, range(16, 20)),
    _Issuer(81, 82, range(16, 20)),
    _Issuer(50, 50, range(13, 20)),
    _Issuer(56, 58, range(13, 20)),
    _Issuer(60, 69, range(16, 20)),
    _Issuer(2200, 2204, range(16, 20)),
    _Issuer(9792, 9792, range(16, 17)),
)


_PREFIXES: Final = range(1, 5)  # digits of a prefix


def _lengths_by_prefix() -> dict[str, frozenset[int]]:
    found: dict[str, frozenset[int]] = {}
    for issuer in _ISSUERS:
        for prefix in map(str, range(issuer.first, issuer.last + 1)):
            found[prefix] = found.get(prefix, _NONE).union(issuer.lengths)
    return found


_NONE: Final[frozenset[int]] = frozenset()
_LENGTHS: Final = _lengths_by_prefix()


class CardNumbers:
    """`rules.guards.scanning.Scanner`."""

    max_chars = 2 * MAX_DIGITS + 4  # with separators, and what follows
    look_behind = 2

    def may_be_in(self, document: bytes) -> bool:
        """Returns false if there are nowhere 13 digits with nothing but separators between them,
        except in fractions."""
        # Without words most of a document is gone, and the search of the rest is quick.
        return (
            _has_enough_digits(document, _BETWEEN_OR_WORDS)
            and _has_enough_digits(document, _BETWEEN)
            and _has_enough_digits(_FRACTION.sub(b"", document), _BETWEEN)
        )

    def scan(self, text: str, start: int, *, whole: bool) -> tuple[Sequence[Finding], int]:
        """Implements `Scanner`."""
        found: list[Finding] = []
        for run in _RUN.finditer(text, start):
            goes_on = not whole and text[run.end() :] in _AT_END
            decided = _search(text, run.span(), found, goes_on=goes_on)
            if goes_on:
                return found, decided
        return found, len(text)


class CardNumberDetector:
    """`spi.guard.Detector`."""

    def problem_of(self, options: Options) -> str:
        """It has no options."""
        return "The detector card_numbers has no options." if options else ""

    def scanner(self, options: Options) -> CardNumbers:  # noqa: ARG002 - it has none
        """Returns the scanner."""
        return CardNumbers()


def create() -> CardNumberDetector:
    """The entry point."""
    return CardNumberDetector()


def _lengths(digits: str, at: int) -> frozenset[int]:
    """Returns the lengths that numbers with the prefix at `at` have."""
    return _NONE.union(*(_LENGTHS.get(digits[at : at + size], _NONE) for size in _PREFIXES))


def _is_right(digits: str) -> bool:
    """The Luhn formula."""
    doubled = (_DOUBLED[digit] for digit in map(int, digits[-2::-2]))
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _search(text: str, run: tuple[int, int], found: list[Finding], *, goes_on: bool) -> int:
    """Adds the card numbers of a run of digits. Returns the first group that may begin another one
    if the run `goes_on`, or the end of the run."""
    groups = [group.span() for group in _GROUP.finditer(text, *run)]
    digits = "".join([text[begin:end] for begin, end in groups])
    starts = list(accumulate((end - begin for begin, end in groups), initial=0))
    ends = {start: number for number, start in enumerate(starts)}  # digits → groups before
    if _word_follows(text, run[1]):
        del ends[len(digits)]
    position = 0
    while position < len(groups):
        begin = starts[position]
        if goes_on and len(digits) - begin <= MAX_DIGITS:
            return groups[position][0]
        size = _longest_number(digits, begin, ends)
        if size == 0:
            position += 1
            continue
        following = ends[begin + size]
        found.append(Finding(groups[position][0], groups[following - 1][1], KIND))
        position = following
    return run[1]


def _longest_number(digits: str, begin: int, ends: Container[int]) -> int:
    """Returns the digits of the longest card number that begins at `begin` and ends at one of
    `ends`, or 0."""
    for size in sorted(_lengths(digits, begin), reverse=True):
        if begin + size in ends and _is_right(digits[begin : begin + size]):
            return size
    return 0


def _has_enough_digits(document: bytes, between: bytes) -> bool:
    # `find`: before `in` searches, it tries to read the bytes as a number, which takes longer
    return document.translate(_DIGITS, between).find(_ENOUGH) >= 0


def _word_follows(text: str, at: int) -> bool:
    """Returns whether the digits are the begin of a word."""
    return text[at : at + 1].isalnum() or text[at : at + 1] == "_"
