"""Azure Key Vault: `azure:NAME`, optionally with `/VERSION`, and with `#FIELD` for a secret that is
JSON.

`AZURE_KEY_VAULT_URI` names the vault; `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and
`AZURE_CLIENT_SECRET`, or `AZURE_FEDERATED_TOKEN_FILE` in its place, name the service principal, and
`AZURE_AUTHORITY_HOST` another cloud, as for Azure's own tools. API:
https://learn.microsoft.com/en-us/rest/api/keyvault/secrets/get-secret/get-secret
"""

import re
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from penstock.kernel.errors import SetupError
from penstock.plugins import entra_id
from penstock.plugins.secrets.fields import decode_object, refusal, split_name, text_of
from penstock.spi.http import HttpAnswer, HttpRequest
from penstock.spi.secret_manager import Variable
from penstock.spi.tokens import IssuedToken

_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,127}(?:/[A-Za-z0-9]{1,64})?")
_API_VERSION: Final = "7.4"
_PUBLIC: Final = "vault.azure.net"
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ADVICE: Final = {
    401: "Check that vault and service principal belong to the same tenant.",
    403: "Give the service principal the role Key Vault Secrets User, and this machine access to"
    " the vault's network; a secret may be disabled or expired.",
    404: "Check AZURE_KEY_VAULT_URI and the name.",
}


class KeyVault:
    """`spi.secret_manager.ManagerWithTokens`. Reads the latest version of a secret, or the named
    one."""

    def problem_of(self, name: str) -> str:
        """Returns what is wrong with a reference; empty if nothing is."""
        path, field = split_name(name)
        if not _NAME.fullmatch(path) or ("#" in name and not field):
            return "Write azure:NAME or azure:NAME#FIELD, such as azure:openai#api_key."
        return ""

    def request(self, name: str, variable: Variable, now: datetime) -> HttpRequest:
        """Returns the request, to which a token is added."""
        del now
        address = f"{_vault(variable)}/secrets/{split_name(name).path}"
        return HttpRequest("GET", f"{address}?api-version={_API_VERSION}")

    def token_request(self, variable: Variable) -> HttpRequest:
        """Returns the request to Entra ID."""
        tenant, client_id = variable("AZURE_TENANT_ID"), variable("AZURE_CLIENT_ID")
        name, proof = _proof(variable)
        if not client_id or not proof or not entra_id.is_tenant(tenant):
            raise SetupError(
                "AZURE_TENANT_ID, AZURE_CLIENT_ID or AZURE_CLIENT_SECRET is not set for the"
                " server, and no AZURE_FEDERATED_TOKEN_FILE."
            )
        fields = {name: proof}
        if name == "client_assertion":
            fields["client_assertion_type"] = _ASSERTION
        authority = variable("AZURE_AUTHORITY_HOST") or entra_id.AUTHORITY
        scope = f"https://{_resource(_vault(variable))}/.default"
        return entra_id.token_request(authority, tenant, client_id, scope, fields)

    def read_token(self, variable: Variable, answer: HttpAnswer, now: datetime) -> IssuedToken:
        """Returns the token."""
        return entra_id.read_token(answer, now.timestamp(), _proof(variable)[1])

    def read(self, name: str, answer: HttpAnswer) -> str:
        """Returns the secret, or the field of it."""
        if answer.status != 200:
            raise refusal("Azure Key Vault", answer.status, _ADVICE)
        whole = text_of(decode_object(answer.body), "value")
        field = split_name(name).field
        return text_of(decode_object(whole), field) if field else whole


def _vault(variable: Variable) -> str:
    """Returns the address of the vault."""
    if address := variable("AZURE_KEY_VAULT_URI").rstrip("/"):
        return address
    raise SetupError(
        "AZURE_KEY_VAULT_URI is not set for the server.",
        hint="It is the vault's address, such as https://acme.vault.azure.net.",
    )


def _resource(vault: str) -> str:
    """Returns the resource that tokens are for: the domain of the vaults of a cloud."""
    domain = (urlsplit(vault).hostname or "").partition(".")[2]
    return domain if domain.startswith("vault.") else _PUBLIC


def _proof(variable: Variable) -> tuple[str, str]:
    """Returns the field and the text that prove who the service principal is."""
    if secret := variable("AZURE_CLIENT_SECRET"):
        return "client_secret", secret
    return "client_assertion", variable("AZURE_FEDERATED_TOKEN")


def create() -> KeyVault:
    """Creates the plugin; named by the entry point."""
    return KeyVault()
