"""The snapshot sections of the catalog: providers, prices, price lists, model facts, secrets."""

from penstock.features.catalog import credential_store, store
from penstock.features.catalog.reference import Reference
from penstock.features.catalog.service.secrets import SecretBox
from penstock.infra.sql import Database
from penstock.rules.price import OverridesSection
from penstock.rules.snapshot import (
    MODEL_FACTS,
    OWN_PRICES,
    PROVIDERS,
    VENDOR_PRICE_LISTS,
    Document,
    ProvidersSection,
)


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
            public = self._reference.prices(connection)
            public_facts = self._reference.facts(connection)
        sections: dict[str, Document] = {
            OWN_PRICES.name(project_id): OverridesSection(project_id, tuple(prices))
            for project_id, prices in overrides.items()
        }
        for project_id in {provider.project_id for provider in providers}:
            entries = tuple(
                p.entry(credentials.get((project_id, p.name), ()))
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
        """Returns the decrypted secrets by secret id, for the sealed document."""
        with self._database.read() as connection:
            own = store.sealed_secrets(connection)
            further = credential_store.sealed_credentials(connection)
        sealed = {**own, **further}
        return {id_: self._box.open(id_, secret) for id_, secret in sealed.items()}
