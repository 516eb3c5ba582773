"""Finds e-mail addresses, telephone numbers and IBANs in texts, by their forms.

Names and postal addresses have no form and are not found. Time is linear in the text.
"""

import re
from collections.abc import Iterator
from typing import Final

from penstock.rules.guards.scanning import Finding

_EMAIL: Final = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9-])"
)
# International (E.164: up to 15 digits) or of North America, with usual separators.
_PHONE: Final = re.compile(
    r"(?<![\w+.,/=-])(?:\+|00)[1-9](?:[ ./()-]{0,2}[0-9]){7,14}(?![\w])"
    r"|(?<![\w+.,/=-])\(?[2-9][0-9]{2}\)?[ .-]{1,2}[2-9][0-9]{2}[ .-][0-9]{4}(?!\w)"
)
_IBAN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])")


def find_personal_data(text: str) -> list[Finding]:
    """Returns what is found, in order and without overlaps."""
    found = sorted((*_emails(text), *_phones(text), *_ibans(text)))
    kept = list[Finding]()
    for each in found:
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
    return kept


def is_iban(text: str) -> bool:
    """Returns whether the check digits of an IBAN are right (ISO 7064, MOD 97-10)."""
    letters = text.replace(" ", "")
    moved = letters[4:] + letters[:4]
    return int("".join(str(int(each, 36)) for each in moved)) % 97 == 1


def _emails(text: str) -> Iterator[Finding]:
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield Finding(match.start(), match.end(), "e-mail address")


def _phones(text: str) -> Iterator[Finding]:
    for match in _PHONE.finditer(text):
        yield Finding(match.start(), match.end(), "telephone number")


def _ibans(text: str) -> Iterator[Finding]:
    for match in _IBAN.finditer(text):
        if is_iban(match[0]):
            yield Finding(match.start(), match.end(), "IBAN")
