"""How the server itself calls a provider with one of its credentials."""

from penstock.features.catalog import credential_store, store
from penstock.features.catalog.model import CalledProvider
from penstock.features.catalog.ports import Kinds
from penstock.features.catalog.service.providers import get_provider
from penstock.features.catalog.service.secrets import SecretBox
from penstock.features.context import Context
from penstock.infra.crypto import SealBroken
from penstock.kernel.errors import NotFound
from penstock.rules.snapshot.providers import OWN_CREDENTIAL
from penstock.spi.chat import ProviderConfig


class ProviderAccess:
    """Finds providers with their decrypted secrets."""

    def __init__(self, context: Context, kinds: Kinds, box: SecretBox) -> None:
        self._context = context
        self._kinds = kinds
        self._box = box

    def __call__(self, project_id: str, provider: str, credential: str) -> CalledProvider:
        """Returns a provider with a credential (empty: it needs none). Raises `NotFound` if one of
        them was removed, or the secret cannot be read."""
        with self._context.database.read() as connection:
            found = get_provider(connection, project_id, provider)
            further = credential_store.list_credentials(connection, project_id, provider)
            secrets = {one.name: one.secret_id for one in further}
            secrets[OWN_CREDENTIAL] = found.secret_id
            secret_id = secrets.get(credential or OWN_CREDENTIAL)
            sealed = {
                **store.sealed_secrets(connection),
                **credential_store.sealed_credentials(connection),
            }
        if secret_id is None:
            raise NotFound(
                f"The provider {provider!r} has no credential {credential!r}.",
                hint="Add one with this name and a key of the same account.",
                code="credential_not_found",
            )
        try:
            secret = self._box.reveal(secret_id, sealed[secret_id]) if secret_id in sealed else ""
        except SealBroken as error:
            raise NotFound(
                f"The secret of {provider!r} cannot be read with this master key.",
                hint="Set it again.",
            ) from error
        config = ProviderConfig(provider, found.base_url, secret, found.quirks)
        return CalledProvider(self._kinds.get(found.kind), config, found.private_allowed)
