"""Encrypts the credentials of providers, and decrypts them."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from penstock.features.catalog.model import clean_secret, secret_hint
from penstock.features.context import Context
from penstock.infra.crypto import Sealer

SECRETS_PURPOSE: Final = "provider secrets"  # the sealer holds the key derived for it


class SealedSecret(NamedTuple):
    """An encrypted secret; all empty for none."""

    id: str = ""
    hint: str = ""
    sealed: bytes = b""


@dataclass(frozen=True, slots=True)
class SecretBox:
    """Seals secrets, each under a new id, by which gateways notice a change."""

    context: Context
    sealer: Sealer

    def seal(self, secret: str) -> SealedSecret:
        """Encrypts a secret; none if it is empty. Raises `InvalidRequest` if it cannot be sent."""
        if not secret:
            return SealedSecret()
        text, secret_id = clean_secret(secret), self.context.new_id("sec")
        sealed = self.sealer.seal(text.encode(), secret_id.encode())
        return SealedSecret(secret_id, secret_hint(text), sealed)

    def open(self, secret_id: str, sealed: bytes) -> str:
        """Returns the decrypted secret. Raises `SealBroken` if it was encrypted under another
        master key."""
        return self.sealer.open(sealed, secret_id.encode()).decode()
