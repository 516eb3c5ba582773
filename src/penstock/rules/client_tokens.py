"""Client tokens: what a key allows a browser or mobile application for some minutes.

A token has all of this inside and is authenticated, so that nothing is stored for it: `sign` and
`verified` are inverse under one secret. It allows nothing that its key does not allow.
"""

import binascii
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.rules.document import Document
from penstock.rules.limits.documents import LimitEntry, Measure, Over
from penstock.rules.limits.index import NANO, SpanLimit

PREFIX: Final = "pct_"
CLIENT_PURPOSE: Final = "client tokens"  # of the secret that signs them
MAX_TOKEN_BYTES: Final = 4096  # of a token as it is sent
SHORTEST_S: Final = 10  # of its life
LONGEST_S: Final = 3600  # of its life
CLOCKS_DIFFER_S: Final = 60  # of gateways that know the same keys
MAX_REQUESTS: Final = 10_000
MAX_TOKENS: Final = 100_000_000
MAX_USD: Final = 1000
MAX_ORIGINS: Final = 8
MAX_MODELS: Final = 16
MAX_CHARS: Final = 256  # of a use case, a user, a model, or an origin
ID_PREFIX: Final = "ctk_"
_ID: Final = re.compile(r"ctk_[0-9a-f]{32}")
_MS: Final = 1_000_000  # nanoseconds
_MAC_CHARS: Final = 43
_ORIGIN: Final = re.compile(
    r"https?://(?:[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_-]{1,63})*\.?|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?"
)


def latest_expiry_ms(token_id: str) -> int | None:
    """Returns when a token of this id has expired for certain, in milliseconds since the epoch:
    the id contains when it was made. `None` for a text that is no id of a client token."""
    if not _ID.fullmatch(token_id):
        return None
    return int(token_id.removeprefix(ID_PREFIX)[:12], 16) + LONGEST_S * 1000


class ClientToken(Document, frozen=True):
    """`key`: the digest of the key that made it. Times are milliseconds since the epoch. `origins`:
    the web pages that may use it; without one, no web page may. `models`: patterns as those of
    keys; empty: all models of the key. `spend` is in billionths of a dollar; `None`: no limit."""

    id: str
    key: str
    issued_ms: int
    expires_ms: int
    use_case: str
    requests: int
    user: str = ""
    origins: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    tokens: int | None = None
    spend: int | None = None

    def admits_origin(self, origin: str | None) -> bool:
        """Returns whether a request with this `Origin` header may use the token."""
        return origin in self.origins if self.origins else origin is None


class WantedLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The limits of a new token. `usd`: `null` is no limit."""

    requests: int = 20
    tokens: int | None = None
    usd: Decimal | None = Decimal("0.10")


class WantedToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request for a token."""

    use_case: str
    user: str = ""
    expires_in_s: int = 600
    origins: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    limits: WantedLimits = WantedLimits()


class IssuedClientToken(msgspec.Struct, frozen=True):
    """A new token, and when it expires."""

    id: str
    token: str
    expires_at: datetime
    expires_in_s: int


def read_wanted(body: bytes) -> WantedToken:
    """Reads a request for a token. Raises `InvalidRequest` for one that is not valid."""
    try:
        wanted = msgspec.json.decode(body, type=WantedToken)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"The request cannot be read: {error}.", code="invalid_json") from None
    for param, problem in (
        ("use_case", _problem_of_texts("use case", (wanted.use_case,), 1)),
        ("user", _problem_of_texts("user", (wanted.user,) if wanted.user else (), 1)),
        ("models", _problem_of_texts("model", wanted.models, MAX_MODELS)),
        ("origins", _problem_of_origins(wanted.origins)),
        ("expires_in_s", _problem_of_life(wanted.expires_in_s)),
        ("limits", _problem_of_limits(wanted.limits)),
    ):
        if problem:
            raise InvalidRequest(problem, param=param)
    return wanted


def new_token(
    wanted: WantedToken, token_id: str, key: str, now_ms: int, key_expires_ms: int | None
) -> ClientToken:
    """Returns the token for a valid request. It does not live longer than its key."""
    expires_ms = now_ms + wanted.expires_in_s * 1000
    limits = wanted.limits
    return ClientToken(
        id=token_id,
        key=key,
        issued_ms=now_ms,
        expires_ms=expires_ms if key_expires_ms is None else min(expires_ms, key_expires_ms),
        use_case=wanted.use_case,
        requests=limits.requests,
        user=wanted.user,
        origins=wanted.origins,
        models=wanted.models,
        tokens=limits.tokens,
        spend=None if limits.usd is None else int(limits.usd * NANO),
    )


def sign(token: ClientToken, secret: bytes) -> str:
    """Returns the token as it is sent. Raises `InvalidRequest` if it is too long."""
    payload = urlsafe_b64encode(msgspec.json.encode(token)).rstrip(b"=")
    signed = PREFIX.encode() + payload + b"." + _mac(payload, secret)
    if len(signed) > MAX_TOKEN_BYTES:
        raise InvalidRequest(
            f"The token would have more than {MAX_TOKEN_BYTES} characters.",
            hint="Name fewer models or origins.",
        )
    return signed.decode()


def verified(presented: bytes, secret: bytes) -> ClientToken | None:
    """Returns the token that was signed; `None` for any other text."""
    if len(presented) > MAX_TOKEN_BYTES:
        return None
    payload, _, mac = presented.removeprefix(PREFIX.encode()).rpartition(b".")
    if not hmac.compare_digest(mac, _mac(payload, secret)):
        return None
    return _claims(payload)


def stated_id(presented: str) -> str:
    """Returns the id that a token says it has, without a check; empty for any other text."""
    payload, _, _ = presented.removeprefix(PREFIX).rpartition(".")
    found = _claims(payload.encode()) if len(presented) <= MAX_TOKEN_BYTES else None
    return found.id if found else ""


def _claims(payload: bytes) -> ClientToken | None:
    try:
        padded = payload + b"=" * (-len(payload) % 4)
        return msgspec.json.decode(urlsafe_b64decode(padded), type=ClientToken)
    except (binascii.Error, msgspec.MsgspecError):  # of another version
        return None


def limits_of(token: ClientToken, project_id: str, key_id: str) -> Sequence[SpanLimit]:
    """Returns the limits of a token. Their counters exist while it lives."""
    amounts = (
        (Measure.REQUESTS, token.requests, 1),
        (Measure.TOKENS, token.tokens, 1),
        (Measure.SPEND, token.spend, NANO),
    )
    span = (token.issued_ms * _MS, token.expires_ms * _MS)
    return [
        SpanLimit(
            project_id,
            LimitEntry(
                *(token.id, "client token", measure, Decimal(amount) / unit),
                over=Over.ADMIT if measure == Measure.REQUESTS else Over.CUT,
            ),
            span,
            shared_by=key_id,
        )
        for measure, amount, unit in amounts
        if amount is not None
    ]


def _mac(payload: bytes, secret: bytes) -> bytes:
    digest = hmac.digest(secret, PREFIX.encode() + payload, "sha256")
    return urlsafe_b64encode(digest)[:_MAC_CHARS]


def _problem_of_texts(what: str, texts: Sequence[str], most: int) -> str:
    if len(texts) > most:
        return f"A token names at most {most} {what}s."
    if all(0 < len(text) <= MAX_CHARS and text.isprintable() for text in texts):
        return ""
    return f"A {what} has 1 to {MAX_CHARS} printable characters."


def _problem_of_origins(origins: Sequence[str]) -> str:
    if len(origins) > MAX_ORIGINS:
        return f"A token names at most {MAX_ORIGINS} origins."
    for origin in origins:
        if len(origin) > MAX_CHARS or not _ORIGIN.fullmatch(origin):
            return (
                f"{origin[:64]!r} is no origin. Write it as browsers send it, in lower case and "
                "without a path: https://app.example.com."
            )
    return ""


def _problem_of_life(seconds: int) -> str:
    if SHORTEST_S <= seconds <= LONGEST_S:
        return ""
    return f"A token lives {SHORTEST_S} to {LONGEST_S} seconds."


def _problem_of_limits(limits: WantedLimits) -> str:
    if not 1 <= limits.requests <= MAX_REQUESTS:
        return f"A token is for 1 to {MAX_REQUESTS} requests."
    if limits.tokens is not None and not 1 <= limits.tokens <= MAX_TOKENS:
        return f"A token is for 1 to {MAX_TOKENS} tokens of models."
    usd = limits.usd
    if usd is not None and not (usd.is_finite() and 0 < usd <= MAX_USD and usd == round(usd, 9)):
        return f"A token is for at most {MAX_USD} USD, in billionths of a dollar."
    return ""
