"""Call tokens: what lets another machine make calls of a run as one key, for some minutes.

A token has all of this inside and is authenticated: nothing is stored for it. `sign` and `verified`
are inverse under one secret, which the worker and the gateways derive from the gateway token.
"""

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec

from penstock.rules.document import Document

PREFIX: Final = "pcl_"
CALL_PURPOSE: Final = "call tokens"  # of the secret that signs them
MAX_TOKEN_BYTES: Final = 1024  # of a token as it is sent


class CallToken(Document, frozen=True):
    """Calls of a project as one of its keys. `expires_s`: Unix seconds."""

    project_id: str
    key_id: str
    expires_s: float


def sign(token: CallToken, secret: bytes) -> str:
    """Returns the token as it is sent."""
    payload = urlsafe_b64encode(msgspec.json.encode(token)).rstrip(b"=")
    return (PREFIX.encode() + payload + b"." + _mac(payload, secret)).decode()


def verified(presented: bytes, secret: bytes) -> CallToken | None:
    """Returns the token that was signed; `None` for any other text."""
    if len(presented) > MAX_TOKEN_BYTES:
        return None
    payload, _, mac = presented.removeprefix(PREFIX.encode()).rpartition(b".")
    if not hmac.compare_digest(mac, _mac(payload, secret)):
        return None
    try:
        padded = payload + b"=" * (-len(payload) % 4)
        return msgspec.json.decode(urlsafe_b64decode(padded), type=CallToken)
    except (binascii.Error, msgspec.MsgspecError):  # of another version
        return None


def _mac(payload: bytes, secret: bytes) -> bytes:
    digest = hmac.digest(secret, PREFIX.encode() + payload, "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=")
