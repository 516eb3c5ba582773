"""The snapshot sections of the catalog: providers, prices, price lists, model facts, secrets."""

from collections.abc import Mapping

from msgspec.structs import replace
from sqlalchemy import Connection

from penstock.features.catalog import credential_store, store
from penstock.features.catalog.reference import Reference
from penstock.features.catalog.service.secrets import SecretBox
from penstock.infra.sql import Database
from penstock.rules.document import Document
from penstock.rules.prices.price import OverridesSection
from penstock.rules.snapshot.facts import MODEL_FACTS
from penstock.rules.snapshot.prices import OWN_PRICES, VENDOR_PRICE_LISTS
from penstock.rules.snapshot.providers import PROVIDERS, ProviderEntry, ProvidersSection


class CatalogSections:
    """Reads the sections `<project_id>/providers`, `<project_id>/prices`, `prices/<vendor>`,
    `facts/<vendor>`.

    Includes only the lists of vendors in use: all price lists together are 0.8 MB.
    """

    def __init__(self, database: Database, reference: Reference, box: SecretBox) -> None:
        self._database = database
        self._reference = reference
        self._box = box

    def documents(self) -> dict[str, Document]:
        """Returns the sections by name."""
        with self._database.read() as connection:
            providers = store.list_providers(connection)
            credentials = credential_store.list_all_credentials(connection)
            overrides = store.list_all_overrides(connection)
            ids = self._published_ids(connection)
            public = self._reference.prices(connection)
            public_facts = self._reference.facts(connection)
        sections: dict[str, Document] = {
            OWN_PRICES.name(project_id): OverridesSection(project_id, tuple(prices))
            for project_id, prices in overrides.items()
        }
        for project_id in {provider.project_id for provider in providers}:
            entries = tuple(
                _with_ids(p.entry(credentials.get((project_id, p.name), ())), ids)
                for p in providers
                if p.project_id == project_id
            )
            sections[PROVIDERS.name(project_id)] = ProvidersSection(project_id, entries)
        for vendor in {provider.vendor for provider in providers}:
            for name in public.with_fallbacks(vendor):
                sections[VENDOR_PRICE_LISTS.name(name)] = public.get(name)
        for provider in providers:
            for name in public_facts.vendors_of(provider.vendor, provider.models):
                if (facts := public_facts.get(name)) is not None:
                    sections[MODEL_FACTS.name(name)] = facts
        return sections

    def secrets(self) -> dict[str, str]:
        """Returns the decrypted secrets by published id, for the sealed document."""
        with self._database.read() as connection:
            sealed = _sealed(connection)
        return {
            id_ + version: value
            for id_, secret in sealed.items()
            for version, value in self._box.versions(id_, secret).items()
        }

    def references(self) -> list[str]:
        """Returns the secrets that are references to a secrets manager."""
        with self._database.read() as connection:
            sealed = _sealed(connection)
        opened = [self._box.open(id_, secret) for id_, secret in sealed.items()]
        return [each for each in dict.fromkeys(opened) if self._box.references.is_reference(each)]

    def _published_ids(self, connection: Connection) -> dict[str, str]:
        """The ids of secrets in the snapshot: that of a reference changes with its value."""
        sealed = _sealed(connection)
        return {id_: id_ + next(iter(self._box.versions(id_, sealed[id_]))) for id_ in sealed}


def _sealed(connection: Connection) -> dict[str, bytes]:
    own = store.sealed_secrets(connection)
    return {**own, **credential_store.sealed_credentials(connection)}


def _with_ids(entry: ProviderEntry, ids: Mapping[str, str]) -> ProviderEntry:
    credentials = tuple(
        replace(each, secret_id=ids.get(each.secret_id, each.secret_id))
        for each in entry.credentials
    )
    own = ids.get(entry.secret_id, entry.secret_id)
    return replace(entry, secret_id=own, credentials=credentials)
