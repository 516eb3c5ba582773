"""Signatures of webhooks, after the Standard Webhooks specification 1.0.

The text that is signed is `id.timestamp.body`. A secret is `whsec_` and base64 of 24 to 64 bytes.
"""

import base64
import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

PREFIX: Final = "whsec_"
SECRET_LENGTH: Final = 32  # bytes of a key
KEY_LENGTHS: Final = (24, 64)  # least and most bytes of a key that is given


def written_secret(key: bytes) -> str:
    """Returns a key as receivers enter it."""
    return PREFIX + base64.b64encode(key).decode()


def read_secret(text: str) -> bytes:
    """Returns the key of a secret. Raises `ValueError` with a sentence that does not contain it."""
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not text.startswith(PREFIX) or not KEY_LENGTHS[0] <= len(key) <= KEY_LENGTHS[1]:
        raise ValueError(
            f"A secret is {PREFIX} and base64 of {KEY_LENGTHS[0]} to {KEY_LENGTHS[1]} bytes."
        )
    return key


def signature(keys: Sequence[bytes], message_id: str, timestamp_s: int, body: bytes) -> str:
    """Returns the header `webhook-signature`: one signature for each key, while keys overlap."""
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    digests = (hmac.new(key, signed, sha256).digest() for key in keys)
    return " ".join(f"v1,{base64.b64encode(each).decode()}" for each in digests)
