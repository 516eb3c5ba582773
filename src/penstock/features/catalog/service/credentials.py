"""Further credentials of a provider: the gateways use them in turn with its own one."""

from hmac import compare_digest
from typing import Final

from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.catalog import credential_store, store
from penstock.features.catalog.model import (
    Provider,
    ProviderCredential,
    check_base_url,
    check_name,
    clean_secret,
)
from penstock.features.catalog.service.providers import get_provider
from penstock.features.catalog.service.secrets import SecretBox
from penstock.features.context import Context
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound
from penstock.rules.snapshot.providers import OWN_CREDENTIAL

MOST_CREDENTIALS: Final = 16  # of one provider, its own one included


class CredentialService:
    """Use cases of credentials."""

    def __init__(self, context: Context, box: SecretBox) -> None:
        self._context = context
        self._box = box

    def list_all(self, project_id: str, provider: str) -> list[ProviderCredential]:
        """Returns the credentials of a provider, its own one first. Raises `NotFound`."""
        with self._context.database.read() as connection:
            owner = get_provider(connection, project_id, provider)
            return _all_of(connection, owner)

    def matches(self, project_id: str, provider: str, name: str, secret: str) -> bool:
        """Returns whether a credential is stored with this secret. Raises `NotFound` for an unknown
        provider, `InvalidRequest` for a secret that cannot be one."""
        with self._context.database.read() as connection:
            owner = get_provider(connection, project_id, provider)
            found = {one.name: one.secret_id for one in _all_of(connection, owner)}
            own = store.sealed_secrets(connection)
            sealed = {**own, **credential_store.sealed_credentials(connection)}
        secret_id = found.get(name, "")
        if not secret_id or secret_id not in sealed:
            return False
        stored = self._box.open(secret_id, sealed[secret_id])
        return compare_digest(stored.encode(), clean_secret(secret).encode())

    def add(
        self, actor: Principal, project_id: str, provider: str, name: str, secret: str
    ) -> ProviderCredential:
        """Adds a credential. Raises `NotFound`, `Conflict` if the name is taken, `InvalidRequest`
        for a wrong name, an empty secret, one more than there may be, or plain http."""
        if not secret:
            raise InvalidRequest("The credential is empty.", param="api_key")
        sealed = self._box.seal(secret, actor)
        with self._context.database.write() as tx:
            owner = get_provider(tx.connection, project_id, provider)
            check_base_url(owner.base_url, private_allowed=owner.private_allowed, secret=True)
            _require_free_name(_all_of(tx.connection, owner), check_name(name))
            now_ms = self._context.now_ms()
            new = ProviderCredential(
                project_id, provider, name, sealed.id, sealed.hint, created_ms=now_ms
            )
            credential_store.add_credential(tx.connection, new, sealed.sealed)
            self._context.audit_log.append(
                *(tx, actor, project_id, "provider.credential.add", provider),
                after=new.audit_fields(),
            )
        return new

    def remove(self, actor: Principal, project_id: str, provider: str, name: str) -> None:
        """Deletes a credential. Raises `NotFound`, and `InvalidRequest` for the provider's own."""
        if name == OWN_CREDENTIAL:
            raise InvalidRequest(
                f"{OWN_CREDENTIAL!r} is the API key of the provider itself.",
                hint="Change the provider: an empty `api_key` removes it.",
            )
        with self._context.database.write() as tx:
            owner = get_provider(tx.connection, project_id, provider)
            found = {one.name: one for one in _all_of(tx.connection, owner)}
            if name not in found:
                raise NotFound(
                    f"The provider {provider!r} has no credential {name!r}.",
                    hint="`penstock provider credential list` lists them.",
                )
            credential_store.remove_credentials(tx.connection, project_id, provider, name)
            self._context.audit_log.append(
                *(tx, actor, project_id, "provider.credential.remove", provider),
                before=found[name].audit_fields(),
            )


def _all_of(connection: Connection, owner: Provider) -> list[ProviderCredential]:
    further = credential_store.list_credentials(connection, owner.project_id, owner.name)
    if not owner.secret_id:
        return further
    own = ProviderCredential(
        owner.project_id,
        owner.name,
        OWN_CREDENTIAL,
        owner.secret_id,
        owner.secret_hint,
        created_ms=owner.created_ms,
    )
    return [own, *further]


def _require_free_name(existing: list[ProviderCredential], name: str) -> None:
    if name == OWN_CREDENTIAL or any(one.name == name for one in existing):
        raise Conflict(
            f"The name {name!r} is taken.",
            hint=f"Choose another name; {OWN_CREDENTIAL!r} is the provider's own API key.",
            param="name",
        )
    if len(existing) >= MOST_CREDENTIALS:
        raise InvalidRequest(
            f"A provider has at most {MOST_CREDENTIALS} credentials.", hint="Remove one first."
        )
