"""HashiCorp Vault and OpenBao, KV version 2: `vault:MOUNT/PATH#FIELD`.

`VAULT_ADDR`, `VAULT_TOKEN` and `VAULT_NAMESPACE` configure it, as for Vault's own tools. API:
https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-secret-version
"""

import re
from datetime import datetime
from typing import Final, cast
from urllib.parse import quote

from penstock.kernel.errors import SetupError
from penstock.plugins.secrets.fields import decode_object, refusal, split_name, text_of
from penstock.spi.http import HttpAnswer, HttpRequest
from penstock.spi.secret_manager import Variable

_SEGMENT: Final = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._~@:+-]{1,200}")
_ADVICE: Final = {
    403: "Check VAULT_TOKEN, and that its policy allows to read the secret.",
    404: "Check mount and path; the secrets engine must be KV version 2.",
}


class Vault:
    """Reads the newest version of a secret."""

    def problem_of(self, name: str) -> str:
        """Returns what is wrong with a reference; empty if nothing is."""
        path, field = split_name(name)
        segments = path.split("/")
        if len(segments) < 2 or not all(map(_SEGMENT.fullmatch, segments)) or not field:
            return "Write vault:MOUNT/PATH#FIELD, such as vault:secret/openai#api_key."
        return ""

    def request(self, name: str, variable: Variable, now: datetime) -> HttpRequest:
        """Returns the request for the newest version."""
        del now
        address, token = variable("VAULT_ADDR").rstrip("/"), variable("VAULT_TOKEN")
        if not address or not token:
            raise SetupError("VAULT_ADDR or VAULT_TOKEN is not set for the server.")
        mount, _, path = split_name(name).path.partition("/")
        headers = [(b"x-vault-token", token.encode()), (b"x-vault-request", b"true")]
        if namespace := variable("VAULT_NAMESPACE"):
            headers.append((b"x-vault-namespace", namespace.encode()))
        url = f"{address}/v1/{quote(mount)}/data/{quote(path)}"
        return HttpRequest("GET", url, tuple(headers))

    def read(self, name: str, answer: HttpAnswer) -> str:
        """Returns the field of the secret."""
        if answer.status != 200:
            raise refusal("Vault", answer.status, _ADVICE)
        data: object = decode_object(answer.body).get("data")
        values = cast("dict[str, object]", data).get("data") if isinstance(data, dict) else None
        return text_of(values, split_name(name).field)


def create() -> Vault:
    """Creates the plugin; named by the entry point."""
    return Vault()
