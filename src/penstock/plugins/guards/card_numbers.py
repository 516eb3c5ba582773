"""`card_numbers`: finds numbers of payment cards.

A number has 13 to 19 digits, alone or in groups with one separator between them, a prefix and a
length that an issuer uses, and a right check digit (ISO/IEC 7812-1, annex B).
"""

import re
from collections.abc import Iterator, Sequence
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


class CardNumbers:
    """`rules.guards.scanning.Scanner`."""

    max_chars = 2 * MAX_DIGITS + 4  # with separators, and what follows
    look_behind = 2

    def may_be_in(self, document: bytes) -> bool:
        """Returns false if there are nowhere 13 digits with nothing but separators between them,
        except in fractions."""
        return _has_enough_digits(document) and _has_enough_digits(_FRACTION.sub(b"", document))

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


def is_card_number(digits: str) -> bool:
    """Returns whether digits have a prefix and a length of an issuer, and a right check digit."""
    length = len(digits)
    return any(
        issuer.first <= int(digits[: len(str(issuer.first))]) <= issuer.last
        and length in issuer.lengths
        for issuer in _ISSUERS
    ) and _is_right(digits)


def _is_right(digits: str) -> bool:
    """The Luhn formula."""
    total = 0
    for position, digit in enumerate(map(int, reversed(digits))):
        total += _DOUBLED[digit] if position % 2 else digit
    return total % 10 == 0


def _search(text: str, run: tuple[int, int], found: list[Finding], *, goes_on: bool) -> int:
    """Adds the card numbers of a run of digits. Returns the first group that may begin another one
    if the run `goes_on`, or the end of the run."""
    groups = [group.span() for group in _GROUP.finditer(text, *run)]
    following = _word_follows(text, run[1])
    position = 0
    while position < len(groups):
        begin, end = groups[position][0], -1
        size, last = 0, position
        while last < len(groups) and size <= MAX_DIGITS:
            size += groups[last][1] - groups[last][0]
            last += 1
        if goes_on and size <= MAX_DIGITS:
            return begin
        for count in _candidates(groups, position):
            upto = groups[count - 1][1]
            is_last = upto == run[1]
            if not (is_last and following) and is_card_number(_digits(text, begin, upto)):
                end = count
        if end < 0:
            position += 1
            continue
        found.append(Finding(begin, groups[end - 1][1], KIND))
        position = end
    return run[1]


def _candidates(groups: Sequence[tuple[int, int]], first: int) -> Iterator[int]:
    """Yields the ends of the numbers that begin with a group, the longest last: the number of the
    group after it."""
    size = 0
    for number in range(first, len(groups)):
        size += groups[number][1] - groups[number][0]
        if size > MAX_DIGITS:
            return
        if size >= MIN_DIGITS:
            yield number + 1


def _digits(text: str, start: int, end: int) -> str:
    return "".join(_GROUP.findall(text, start, end))


def _has_enough_digits(document: bytes) -> bool:
    return _ENOUGH in document.translate(_DIGITS, delete=_BETWEEN)


def _word_follows(text: str, at: int) -> bool:
    """Returns whether the digits are the begin of a word."""
    return text[at : at + 1].isalnum() or text[at : at + 1] == "_"
