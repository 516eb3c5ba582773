"""Azure OpenAI with Entra ID: requests carry a token in place of a key.

The secret is a service principal as `az ad sp create-for-rbac` prints it (JSON), whose client
secret Microsoft's server exchanges for a token of an hour. An API key is sent as it is.

Quirk, set per provider (others: see `openai_compatible`):
    token_scope = https://ai.azure.com/.default    what tokens are for; default: Azure OpenAI
"""

from typing import Final

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.plugins import entra_id
from penstock.plugins.providers.openai_compatible import OpenAICompatible
from penstock.spi.chat import ProviderConfig
from penstock.spi.http import HttpAnswer, HttpRequest
from penstock.spi.tokens import IssuedToken

_SCOPE: Final = "https://cognitiveservices.azure.com/.default"


class _Principal(msgspec.Struct):
    """A service principal. `authority` is that of another cloud."""

    tenant: str
    appId: str  # noqa: N815 - as Azure's command line prints it
    password: str
    authority: str = entra_id.AUTHORITY


_principal: Final = msgspec.json.Decoder(_Principal)


class AzureOpenAI(OpenAICompatible):
    """`spi.chat.ChatProvider` and `spi.tokens.TokenExchanger`."""

    def build_token_request(self, provider: ProviderConfig) -> HttpRequest | None:
        if not provider.secret.startswith("{"):
            return None
        found = _read(provider.secret)
        scope = provider.quirks.get("token_scope", _SCOPE)
        proof = {"client_secret": found.password}
        return entra_id.token_request(found.authority, found.tenant, found.appId, scope, proof)

    def read_token(self, provider: ProviderConfig, answer: HttpAnswer, now_s: float) -> IssuedToken:
        return entra_id.read_token(answer, now_s, _read(provider.secret).password)


def _read(secret: str) -> _Principal:
    try:
        found = _principal.decode(secret)
    except msgspec.DecodeError:
        found = None
    if found is None or not entra_id.is_tenant(found.tenant) or not found.password:
        raise UpstreamFailed(
            "The credential is not a service principal.",
            hint="Store the JSON that `az ad sp create-for-rbac` prints: `tenant`, `appId` and"
            " `password`.",
            code="upstream_credential",
        )
    return found


def create() -> AzureOpenAI:
    """Creates the plugin; named by the entry point."""
    return AzureOpenAI()
