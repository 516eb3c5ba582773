"""Checks media in requests: valid base64, and an image of the type that the request names."""

import base64
import binascii
from typing import Final

_BEGINNINGS: Final = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"%PDF-": "application/pdf",
}


def decoded(data: str) -> bytes | None:
    """Returns the bytes of a base64 text, or None if it is not valid."""
    try:
        return base64.b64decode(data.encode("ascii"), validate=True) or None
    except (binascii.Error, UnicodeError):
        return None


def seen_type(data: bytes) -> str:
    """Returns the media type by the first bytes; "" if they are not known."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _BEGINNINGS.items() if data.startswith(start)), "")
