"""Azure OpenAI with Entra ID: requests carry a token in place of a key.

The secret is a service principal as `az ad sp create-for-rbac` prints it (JSON), whose client
secret Microsoft's server exchanges for a token of an hour. An API key is sent as it is.

Quirk, set per provider (others: see `openai_compatible`):
    token_scope = https://ai.azure.com/.default    what tokens are for; default: Azure OpenAI
"""

import re
from typing import Final
from urllib.parse import urlencode

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.plugins.providers.openai_compatible import OpenAICompatible
from penstock.plugins.providers.request_headers import READABLE
from penstock.rules.formats.json_text import decode_json
from penstock.rules.redaction import Redaction
from penstock.spi.chat import ProviderConfig
from penstock.spi.http import HttpAnswer, HttpRequest
from penstock.spi.tokens import IssuedToken

MAX_REASON_CHARS: Final = 300  # of the reason for which no token was issued
MAX_LIFETIME_S: Final = 24 * 3600.0  # of a token; one that says more is renewed after that
_SCOPE: Final = "https://cognitiveservices.azure.com/.default"
_AUTHORITY: Final = "https://login.microsoftonline.com"
_TENANT: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,99}", re.ASCII)
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,16384}")
_FORM: Final = (b"content-type", b"application/x-www-form-urlencoded")


class _Principal(msgspec.Struct):
    """A service principal. `authority` is that of another cloud."""

    tenant: str
    appId: str  # noqa: N815 - as Azure's command line prints it
    password: str
    authority: str = _AUTHORITY


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float


class _TokenError(msgspec.Struct):
    error: str = ""
    error_description: str = ""


_principal: Final = msgspec.json.Decoder(_Principal)
_token: Final = msgspec.json.Decoder(_Token)
_token_error: Final = msgspec.json.Decoder(_TokenError)


class AzureOpenAI(OpenAICompatible):
    """`spi.chat.ChatProvider` and `spi.tokens.TokenExchanger`."""

    def build_token_request(self, provider: ProviderConfig) -> HttpRequest | None:
        if not provider.secret.startswith("{"):
            return None
        found = _read(provider.secret)
        form = {
            "grant_type": "client_credentials",
            "client_id": found.appId,
            "client_secret": found.password,
            "scope": provider.quirks.get("token_scope", _SCOPE),
        }
        url = f"{found.authority.rstrip('/')}/{found.tenant}/oauth2/v2.0/token"
        return HttpRequest("POST", url, (*READABLE, _FORM), urlencode(form).encode())

    def read_token(self, provider: ProviderConfig, answer: HttpAnswer, now_s: float) -> IssuedToken:
        password = _read(provider.secret).password
        try:
            found = decode_json(_token, answer.body)
        except msgspec.DecodeError:
            raise _not_issued(answer, password) from None
        if not _TOKEN.fullmatch(found.access_token) or not found.expires_in > 0:
            raise _not_issued(answer, password)
        expires_s = now_s + min(found.expires_in, MAX_LIFETIME_S)
        return IssuedToken(found.access_token, expires_s, (password,))


def _read(secret: str) -> _Principal:
    try:
        found = _principal.decode(secret)
    except msgspec.DecodeError:
        found = None
    if found is None or not _TENANT.fullmatch(found.tenant) or not found.password:
        raise UpstreamFailed(
            "The credential is not a service principal.",
            hint="Store the JSON that `az ad sp create-for-rbac` prints: `tenant`, `appId` and"
            " `password`.",
            code="upstream_credential",
        )
    return found


def _not_issued(answer: HttpAnswer, password: str) -> UpstreamFailed:
    """The error with Entra ID's reason, of which the first line says what is wrong."""
    try:
        found = decode_json(_token_error, answer.body)
    except msgspec.DecodeError:
        found = _TokenError()
    lines = Redaction(password).clean(found.error_description).splitlines()
    reason = (lines or [found.error])[0][:MAX_REASON_CHARS]
    return UpstreamFailed(
        f"Entra ID issued no token: it answered {answer.status}"
        + (f": {reason}" if reason else ""),
        hint="Check the service principal, its client secret, and its role at the resource.",
        code="upstream_credential",
    )


def create() -> AzureOpenAI:
    """Creates the plugin; named by the entry point."""
    return AzureOpenAI()
