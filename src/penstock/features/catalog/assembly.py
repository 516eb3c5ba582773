"""Builds the catalog vertical from its parts."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from penstock.features.access import Guards, Principal
from penstock.features.catalog import store
from penstock.features.catalog.http.credentials import credential_routes
from penstock.features.catalog.http.models import import_routes, model_routes
from penstock.features.catalog.http.prices import price_routes
from penstock.features.catalog.http.providers import provider_routes
from penstock.features.catalog.http.shortlist import shortlist_routes
from penstock.features.catalog.measured import MeasuredModels
from penstock.features.catalog.ports import Kinds
from penstock.features.catalog.public_facts import packaged_facts
from penstock.features.catalog.public_prices import PublicPrices
from penstock.features.catalog.reference import Reference
from penstock.features.catalog.references import SecretReferences
from penstock.features.catalog.sections import CatalogSections
from penstock.features.catalog.service.access import ProviderAccess
from penstock.features.catalog.service.credentials import CredentialService
from penstock.features.catalog.service.discovery import Candidates, Discovery
from penstock.features.catalog.service.imports import ImportService
from penstock.features.catalog.service.models import ModelService
from penstock.features.catalog.service.prices import PriceService
from penstock.features.catalog.service.probe import Prober
from penstock.features.catalog.service.providers import ProviderService
from penstock.features.catalog.service.secrets import SECRETS_PURPOSE, SecretBox
from penstock.features.catalog.service.shortlist import ShortlistService
from penstock.features.catalog.vendors import Vendors
from penstock.features.context import Context
from penstock.features.vertical import Job, Vertical
from penstock.infra.columns import ColumnStore
from penstock.infra.crypto import Sealer, derive_key
from penstock.infra.home import Home
from penstock.infra.registry import Registry
from penstock.spi.chat import ChatProvider, Vendor
from penstock.spi.http import Fetch
from penstock.spi.secret_manager import SecretManager, Variable

REFERENCES_PURPOSE: Final = "values of references"  # the key of their file, derived for it
START: Final = Principal("system", "start", "found at start", {}, instance_admin=True)


class Catalog:
    """The parts of the vertical. `master_key` is the content of `HOME/master.key`."""

    def __init__(
        self,
        context: Context,
        kinds: Kinds,
        vendors: Mapping[str, Vendor],
        fetch: Fetch,
        *,
        master_key: bytes,
        references: SecretReferences,
    ) -> None:
        self.references = references
        box = SecretBox(context, Sealer(derive_key(master_key, SECRETS_PURPOSE)), references)
        public = PublicPrices()
        reference = Reference(packaged_facts(), public)
        self._prober = Prober(fetch, kinds, context.clock)
        self._vendors = vendors
        self.providers = ProviderService(context, kinds, Vendors(vendors, public), box)
        self.credentials = CredentialService(context, box)
        self.prices = PriceService(context)
        self.discovery = Discovery(self.providers, self.prices, self._prober, START)
        self.sections = CatalogSections(context.database, reference, box)
        self.models = ModelService(context, reference)
        self.imports = ImportService(context)

    def vertical(self, guards: Guards, shortlists: ShortlistService, *startup: Job) -> Vertical:
        """Returns routes and snapshot sections; `startup` is the discovery of providers."""
        require = guards.require
        return Vertical(
            routers=(
                provider_routes(require, self.providers, self._prober, self._vendors),
                credential_routes(require, self.credentials),
                price_routes(require, self.prices),
                model_routes(require, self.models),
                shortlist_routes(require, shortlists),
                import_routes(require, self.imports),
            ),
            sections=(self.sections,),
            startup=startup,
            jobs=(lambda: self.references.run(self.sections.references),),
            notices=self.references.notices,
            gauges=self.references.gauges,
        )


def open_references(
    context: Context,
    fetch: Fetch,
    variable: Variable,
    *,
    home: Path,
    master_key: bytes,
    changed: Callable[[], None],
) -> SecretReferences:
    """Returns the references to secrets managers, with their last values."""
    managers: Registry[SecretManager] = Registry("penstock.secrets")
    return SecretReferences(
        managers,
        fetch,
        variable,
        file=Home(home).secret_values,
        key=derive_key(master_key, REFERENCES_PURPOSE),
        clock=context.clock,
        changed=changed,
    )


def open_access(
    context: Context, master_key: bytes, references: SecretReferences
) -> ProviderAccess:
    """Returns what calls a provider with one of its credentials, for work beside the gateways."""
    box = SecretBox(context, Sealer(derive_key(master_key, SECRETS_PURPOSE)), references)
    kinds: Registry[ChatProvider] = Registry("penstock.providers")
    return ProviderAccess(context, kinds, box)


def listed_models(context: Context) -> Callable[[str], Mapping[str, Sequence[str]]]:
    """Returns the function that finds the providers of a project with the models that they list."""

    def find(project_id: str) -> Mapping[str, Sequence[str]]:
        with context.database.read() as connection:
            found = store.list_providers(connection, project_id)
        return {provider.name: provider.models for provider in found}

    return find


def build(
    context: Context,
    guards: Guards,
    vendors: Mapping[str, Vendor],
    fetch: Fetch,
    *,
    master_key: bytes,
    references: SecretReferences,
    project_id: Callable[[], str],
    candidates: Candidates | None,
    columns: Callable[[], ColumnStore],
) -> Vertical:
    """Builds the vertical. At start it discovers `candidates` for the first project; `None`
    disables the discovery. `columns` has the calls that shortlists measure models by."""
    kinds: Registry[ChatProvider] = Registry("penstock.providers")
    catalog = Catalog(context, kinds, vendors, fetch, master_key=master_key, references=references)
    shortlists = ShortlistService(catalog.models, MeasuredModels(columns), context.clock)
    if candidates is None:
        return catalog.vertical(guards, shortlists)
    return catalog.vertical(
        guards, shortlists, lambda: catalog.discovery.start(project_id, candidates)
    )
