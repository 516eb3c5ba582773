"""Answer tokens: each allows feedback on one answer, for some days, and nothing else.

The gateway makes one for an answer if the request asks for it; the server verifies it. Everything
is in the token, so nothing is stored for it.
"""

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec

PREFIX: Final = "pat_"
PURPOSE: Final = "answer tokens"  # of the secret that signs them
REQUEST_HEADER: Final = b"x-penstock-feedback"
ANSWER_HEADER: Final = b"x-penstock-answer-token"
MAX_TOKEN_BYTES: Final = 512  # of a token as it is sent
SHORTEST_S: Final = 60  # of its life
LONGEST_S: Final = 30 * 24 * 3600  # of its life
USUAL_S: Final = 7 * 24 * 3600  # of its life, if the request does not say it
_MAC_CHARS: Final = 43
_MAX_DIGITS: Final = 9  # of the seconds in the request header; more ask for the usual time


class AnswerToken(msgspec.Struct, frozen=True, array_like=True):
    """The call whose answer it is for, and when it expires (Unix seconds)."""

    project_id: str
    trace_id: str
    span_id: str
    expires_s: int


def life_s(header: bytes) -> int:
    """Returns how long a token lives, by the request header: seconds, within the limits; any other
    text asks for the usual time."""
    if not header.isdigit() or len(header) > _MAX_DIGITS:
        return USUAL_S
    return min(max(int(header), SHORTEST_S), LONGEST_S)


def sign_answer(token: AnswerToken, secret: bytes) -> bytes:
    """Returns the token as it is sent."""
    payload = urlsafe_b64encode(msgspec.json.encode(token)).rstrip(b"=")
    return PREFIX.encode() + payload + b"." + _mac(payload, secret)


def verified_answer(presented: str, secret: bytes) -> AnswerToken | None:
    """Returns the token that was signed; `None` for any other text. It may have expired."""
    if len(presented) > MAX_TOKEN_BYTES or not presented.isascii():
        return None
    payload, _, mac = presented.encode().removeprefix(PREFIX.encode()).rpartition(b".")
    if not hmac.compare_digest(mac, _mac(payload, secret)):
        return None
    try:
        padded = payload + b"=" * (-len(payload) % 4)
        return msgspec.json.decode(urlsafe_b64decode(padded), type=AnswerToken)
    except (binascii.Error, msgspec.MsgspecError):  # of another version
        return None


def _mac(payload: bytes, secret: bytes) -> bytes:
    digest = hmac.digest(secret, PREFIX.encode() + payload, "sha256")
    return urlsafe_b64encode(digest)[:_MAC_CHARS]
