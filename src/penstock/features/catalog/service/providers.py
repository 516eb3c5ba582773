"""Providers of a project: added, changed, removed; their models and encrypted secrets."""

from dataclasses import replace

from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.catalog import credential_store, store
from penstock.features.catalog.model import (
    NewProvider,
    Provider,
    ProviderChange,
    check_base_url,
    origin,
    require_may_allow_private,
)
from penstock.features.catalog.new_provider import (
    clean_models,
    merged_quirks,
    provider_of,
    with_limits,
)
from penstock.features.catalog.ports import Kinds
from penstock.features.catalog.service.secrets import SecretBox
from penstock.features.catalog.vendors import Vendors
from penstock.features.context import Context
from penstock.infra.sql import Transaction
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound
from penstock.spi.chat import ProviderConfig


class ProviderService:
    """Use cases of providers."""

    def __init__(self, context: Context, kinds: Kinds, vendors: Vendors, box: SecretBox) -> None:
        self._context = context
        self._kinds = kinds
        self._vendors = vendors
        self._box = box

    def list_all(self, project_id: str) -> list[Provider]:
        """Returns the project's providers by name."""
        with self._context.database.read() as connection:
            return store.list_providers(connection, project_id)

    def get(self, project_id: str, name: str) -> Provider:
        """Returns the provider. Raises `NotFound`."""
        with self._context.database.read() as connection:
            return get_provider(connection, project_id, name)

    def add(
        self, actor: Principal, project_id: str, new: NewProvider, *, found: bool = False
    ) -> Provider:
        """Adds a provider. Raises `InvalidRequest` if its name, base URL, kind or vendor is not
        valid, `Conflict` if the name is taken or would hide another provider's model, `Forbidden`
        if the actor may not allow private addresses."""
        if new.private_allowed:
            require_may_allow_private(actor)
        now_ms = self._context.now_ms()
        secret = self._box.seal(new.secret, actor)
        checked = provider_of(project_id, new, self._vendors, self._kinds.names())
        provider = replace(
            checked,
            models_pinned=checked.models_pinned and not found,
            found=found,
            secret_id=secret.id,
            secret_hint=secret.hint,
            created_ms=now_ms,
            updated_ms=now_ms,
        )
        with self._context.database.write() as tx:
            _require_hides_nothing(tx.connection, provider)
            store.add_provider(tx.connection, provider, secret.sealed)
            self._audit(tx, actor, "provider.add", before=None, after=provider)
        return provider

    def change(
        self, actor: Principal, project_id: str, name: str, change: ProviderChange
    ) -> Provider:
        """Changes a provider. A new scheme, host or port needs the secret and `private_allowed`
        again, because both were given for the old one. Raises `Forbidden` if the change allows a
        private address and the actor may not do that."""
        with self._context.database.write() as tx:
            before = get_provider(tx.connection, project_id, name)
            if _allows_private(before, change):
                require_may_allow_private(actor)
            if change.base_url is not None and origin(change.base_url) != origin(before.base_url):
                _require_own_credential_only(tx.connection, before)
            after, sealed = self._changed(actor, before, change)
            store.save_provider(tx.connection, after, sealed)
            self._audit(tx, actor, "provider.change", before=before, after=after)
        return after

    def update_models(
        self, actor: Principal, project_id: str, name: str, models: tuple[str, ...]
    ) -> Provider:
        """Stores the provider's own list of models, unless a user has pinned them."""
        with self._context.database.write() as tx:
            before = get_provider(tx.connection, project_id, name)
            after = replace(before, models=clean_models(models), updated_ms=self._context.now_ms())
            if before.models_pinned or before.models == after.models:
                return before
            store.save_provider(tx.connection, after, None)
            self._audit(tx, actor, "provider.claim", before=before, after=after)
        return after

    def remove(self, actor: Principal, project_id: str, name: str) -> None:
        """Deletes a provider and its secrets. Raises `NotFound`."""
        with self._context.database.write() as tx:
            before = get_provider(tx.connection, project_id, name)
            credential_store.remove_credentials(tx.connection, project_id, name)
            store.remove_provider(tx.connection, project_id, name)
            self._audit(tx, actor, "provider.remove", before=before, after=None)

    def target(self, project_id: str, name: str) -> ProviderConfig:
        """Returns how to call a provider, with its decrypted secret."""
        with self._context.database.read() as connection:
            provider = get_provider(connection, project_id, name)
            sealed = store.sealed_secrets(connection).get(provider.secret_id)
        secret = self._box.reveal(provider.secret_id, sealed) if sealed else ""
        return ProviderConfig(name, provider.base_url, secret, provider.quirks)

    def _changed(
        self, actor: Principal, before: Provider, change: ProviderChange
    ) -> tuple[Provider, bytes | None]:
        base_url = change.base_url if change.base_url is not None else before.base_url
        moved = origin(base_url) != origin(before.base_url)
        if moved and before.secret_id and change.secret is None:
            raise InvalidRequest(
                "The API key was given for another address.",
                hint="Send the API key again together with the new base URL.",
                param="api_key",
            )
        private = change.private_allowed
        if private is None:
            private = before.private_allowed and not moved
        after = replace(before, private_allowed=private, updated_ms=self._context.now_ms())
        sealed = None
        if change.secret is not None:
            secret_id, hint, sealed = self._box.seal(change.secret, actor)
            after = replace(after, secret_id=secret_id, secret_hint=hint)
        if change.models is not None:
            models = clean_models(change.models)
            after = replace(after, models=models or before.models, models_pinned=bool(models))
        quirks = before.quirks if change.quirks is None else change.quirks
        if change.vendor:
            quirks = merged_quirks(self._vendors.find(before.name, change.vendor), quirks)
        base_url = check_base_url(base_url, private_allowed=private, secret=bool(after.secret_id))
        vendor = before.vendor if change.vendor is None and not moved else change.vendor
        prices = self._vendors.price_list(vendor, base_url)
        after = with_limits(after, change)
        return replace(after, base_url=base_url, quirks=quirks, vendor=prices), sealed

    def _audit(
        self,
        tx: Transaction,
        actor: Principal,
        action: str,
        *,
        before: Provider | None,
        after: Provider | None,
    ) -> None:
        either = after or before
        assert either is not None  # noqa: S101 - a change has a state before or after it
        self._context.audit_log.append(
            tx,
            actor,
            either.project_id,
            action,
            either.name,
            before=before.audit_fields() if before else None,
            after=after.audit_fields() if after else None,
        )


def _allows_private(before: Provider, change: ProviderChange) -> bool:
    """Returns whether the change allows a private address that was not allowed before."""
    base_url = change.base_url if change.base_url is not None else before.base_url
    kept = before.private_allowed and origin(base_url) == origin(before.base_url)
    return bool(change.private_allowed) and not kept


def get_provider(connection: Connection, project_id: str, name: str) -> Provider:
    """Returns the provider. Raises `NotFound`."""
    if provider := store.find_provider(connection, project_id, name):
        return provider
    raise NotFound(
        f"This project has no provider named {name!r}.",
        hint="`penstock provider list` lists the providers.",
    )


def _require_own_credential_only(connection: Connection, provider: Provider) -> None:
    if credential_store.list_credentials(connection, provider.project_id, provider.name):
        raise InvalidRequest(
            "The further credentials of this provider were given for another address.",
            hint="Remove them first: `penstock provider credential remove`.",
            param="base_url",
        )


def _require_hides_nothing(connection: Connection, new: Provider) -> None:
    for other in store.list_providers(connection, new.project_id):
        if other.name == new.name:
            raise Conflict(f"A provider named {new.name!r} already exists.", param="name")
        for model in other.models:
            if model.startswith(f"{new.name}/"):
                raise Conflict(
                    f"The name would hide the model {model!r} of provider {other.name!r}.",
                    hint="Choose another name.",
                    code="name_hides_model",
                    param="name",
                )
