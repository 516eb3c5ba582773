"""Encrypts the credentials of providers, and decrypts them."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from penstock.features.access import Principal
from penstock.features.catalog.model import clean_secret, require_may_refer, secret_hint
from penstock.features.catalog.references import SecretReferences
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
    references: SecretReferences

    def seal(self, secret: str, actor: Principal) -> SealedSecret:
        """Encrypts a secret; none if it is empty. Raises `InvalidRequest` if it cannot be sent,
        `Forbidden` for a reference to a secrets manager by somebody who is no instance admin: the
        server may read more there than belongs to the project."""
        if not secret:
            return SealedSecret()
        if self.references.is_reference(secret):
            require_may_refer(actor)
            self.references.check(secret)
        text, secret_id = clean_secret(secret), self.context.new_id("sec")
        sealed = self.sealer.seal(text.encode(), secret_id.encode())
        hint = text if self.references.is_reference(text) else secret_hint(text)
        return SealedSecret(secret_id, hint, sealed)

    def reveal(self, secret_id: str, sealed: bytes) -> str:
        """Returns the secret to send: the last value of a reference. Raises `SealBroken`."""
        return self.references.value_of(self.open(secret_id, sealed))

    def versions(self, secret_id: str, sealed: bytes) -> dict[str, str]:
        """Returns the texts that gateways may need, by a suffix of the id, the present one first.
        Raises `SealBroken`."""
        return self.references.versions_of(self.open(secret_id, sealed))

    def open(self, secret_id: str, sealed: bytes) -> str:
        """Returns the decrypted secret, or the reference. Raises `SealBroken` if it was encrypted
        under another master key."""
        return self.sealer.open(sealed, secret_id.encode()).decode()
