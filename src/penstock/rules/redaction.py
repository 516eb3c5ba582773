"""Removes secrets from text that others wrote, in any common encoding.

Texts are compared in a normal form: decoded escapes, then only ASCII letters and digits, in lower
case. In that form each encoding of the secret is one search string. Not found: compressed or
encrypted copies, parts of the secret, copies spread over several texts.
"""

import base64
import html
import re
from typing import Final
from urllib.parse import unquote_to_bytes

from penstock.kernel.errors import UpstreamFailed

MIN_SECRET_CHARS: Final = 8  # shorter ones are placeholders, and would match harmless texts
LONGEST_ESCAPE: Final = 6  # characters of `\\u0041`
MIN_OVERLAP: Final = 1024  # bytes
MAX_ROUNDS: Final = 8  # of decoding escapes inside escapes
REDACTED: Final = "[redacted]"

_ESCAPE: Final = re.compile(
    rb"\\+(?:u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|[bfnrtv])"
)
# As numbers: to look for bytes in bytes, Python raises and clears an exception first.
_PERCENT, _BACKSLASH, _AMPERSAND = b"%\\&"
_DROPPED: Final = bytes(byte for byte in range(256) if not chr(byte).isalnum() or byte > 127)
_LOWER: Final = bytes(range(256)).lower()


class Redaction:
    """Removes the secrets of one provider. Without a secret it changes nothing."""

    __slots__ = ("_needles", "_plain", "_shortest", "overlap")

    def __init__(self, *secrets: str) -> None:
        self.hide(*secrets)

    def hide(self, *secrets: str) -> None:
        """Removes these secrets from now on, instead of those before."""
        self._plain = tuple(one for one in secrets if len(one) >= MIN_SECRET_CHARS)
        parts = {part for one in secrets for part in (one, *one.split(":"))}  # a key pair is one
        self._needles = tuple({needle for part in parts for needle in _needles(part)})
        self._shortest = min(map(len, self._needles), default=0)
        longest = max(map(len, self._plain), default=0)
        self.overlap = max(longest * LONGEST_ESCAPE, MIN_OVERLAP)

    def found_in(self, text: bytes) -> bool:
        """Returns true if `text` contains the secret, plain or encoded."""
        if len(text) < self._shortest or not self._needles:
            return False
        normal = _normal_form(text)
        for needle in self._needles:  # noqa: SIM110 - on the path of every answer: half the time
            if needle in normal:
                return True
        return False

    def found_plain_in(self, content: bytes) -> bool:
        """Returns true if `content` contains the secret as it is: a cheap search for files."""
        return any(_encoded(plain) in content for plain in self._plain)

    def clean(self, text: str) -> str:
        """Returns `text` without the secret. A text with an encoded copy is replaced whole."""
        if not self.found_in(_encoded(text)):
            return text
        rest = text
        for plain in self._plain:
            rest = rest.replace(plain, REDACTED)
        return REDACTED if self.found_in(_encoded(rest)) else rest


def leaked() -> UpstreamFailed:
    """The error for a provider that sent our credential back outside the content of an answer."""
    return UpstreamFailed(
        "The provider's answer contained our credential and was withheld.",
        code="upstream_leaked_credential",
    )


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _needles(secret: str) -> set[bytes]:
    """The normal forms of the secret's encodings: itself, hexadecimal, base64 at each alignment."""
    raw = secret.encode("utf-8", "replace")
    found = {_normal_form(raw), _compact(raw), raw.hex().encode("ascii")}
    for skipped, lead in enumerate((0, 2, 3)):
        whole = (skipped + len(raw)) // 3 * 4  # further digits depend on what follows it
        found.add(_compact(base64.b64encode(bytes(skipped) + raw)[lead:whole]))
    return {needle for needle in found if len(needle) >= MIN_SECRET_CHARS <= len(raw)}


def _normal_form(text: bytes) -> bytes:
    if _PERCENT in text or _BACKSLASH in text or _AMPERSAND in text:
        for _ in range(MAX_ROUNDS):
            decoded = _decode_escapes(text)
            if decoded == text:
                break
            text = decoded
    return _compact(text)


def _decode_escapes(text: bytes) -> bytes:
    """Decodes one layer of percent-encoding, backslash escapes and HTML entities."""
    if _PERCENT in text:
        text = unquote_to_bytes(text)
    if _BACKSLASH in text:
        text = _ESCAPE.sub(_character, text)
    if _AMPERSAND in text:
        text = html.unescape(text.decode("utf-8", "replace")).encode("utf-8", "replace")
    return text


def _character(match: re.Match[bytes]) -> bytes:
    digits: bytes = match[1] or match[2] or match[3] or b"20"  # a line break or tab: a blank
    number = int(digits, 16)
    return chr(number).encode("utf-8", "replace") if number <= 0x10FFFF else b" "


def _compact(text: bytes) -> bytes:
    return text.translate(_LOWER, _DROPPED)
