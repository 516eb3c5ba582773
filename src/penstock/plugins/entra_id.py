"""Microsoft Entra ID: requests for tokens by OAuth 2.0 client credentials, and its answers."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.formats.json_text import decode_json
from penstock.rules.redaction import Redaction
from penstock.spi.http import HttpAnswer, HttpRequest
from penstock.spi.tokens import IssuedToken

AUTHORITY: Final = "https://login.microsoftonline.com"
MAX_REASON_CHARS: Final = 300  # of the reason for which no token was issued
MAX_LIFETIME_S: Final = 24 * 3600.0  # of a token; one that says more is renewed after that
_TENANT: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,99}", re.ASCII)
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,16384}")
_HEADERS: Final = (
    (b"accept", b"application/json"),
    (b"accept-encoding", b"identity"),
    (b"user-agent", b"penstock"),
    (b"content-type", b"application/x-www-form-urlencoded"),
)


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float


class _TokenError(msgspec.Struct):
    error: str = ""
    error_description: str = ""


_token: Final = msgspec.json.Decoder(_Token)
_token_error: Final = msgspec.json.Decoder(_TokenError)


def is_tenant(text: str) -> bool:
    """Returns whether a text can be the id or the domain of a tenant."""
    return _TENANT.fullmatch(text) is not None


def token_request(
    authority: str, tenant: str, client_id: str, scope: str, proof: Mapping[str, str]
) -> HttpRequest:
    """Returns the request for a token. `proof`: the fields that prove who asks, such as
    `client_secret`."""
    form = {"grant_type": "client_credentials", "client_id": client_id, **proof, "scope": scope}
    url = f"{authority.rstrip('/')}/{tenant}/oauth2/v2.0/token"
    return HttpRequest("POST", url, _HEADERS, urlencode(form).encode())


def read_token(answer: HttpAnswer, now_s: float, hidden: str) -> IssuedToken:
    """Returns the token of an answer. `hidden`: the secret that no error may contain. Raises
    `UpstreamFailed` with Entra ID's reason."""
    try:
        found = decode_json(_token, answer.body)
    except msgspec.DecodeError:
        raise _not_issued(answer, hidden) from None
    if not _TOKEN.fullmatch(found.access_token) or not found.expires_in > 0:
        raise _not_issued(answer, hidden)
    expires_s = now_s + min(found.expires_in, MAX_LIFETIME_S)
    return IssuedToken(found.access_token, expires_s, (hidden,))


def _not_issued(answer: HttpAnswer, hidden: str) -> UpstreamFailed:
    """The error with Entra ID's reason, of which the first line says what is wrong."""
    try:
        found = decode_json(_token_error, answer.body)
    except msgspec.DecodeError:
        found = _TokenError()
    lines = Redaction(hidden).clean(found.error_description).splitlines()
    reason = (lines or [found.error])[0][:MAX_REASON_CHARS]
    return UpstreamFailed(
        f"Entra ID issued no token: it answered {answer.status}"
        + (f": {reason}" if reason else ""),
        hint="Check the service principal, its client secret, and its role at the resource.",
        code="upstream_credential",
    )
