"""Builds the catalog vertical from its parts."""

from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter

from penstock.features.catalog.http.prices import price_routes
from penstock.features.catalog.http.providers import provider_routes
from penstock.features.catalog.ports import Context, Kinds
from penstock.features.catalog.public_prices import PublicPrices
from penstock.features.catalog.sections import CatalogSections
from penstock.features.catalog.service.discovery import Discovery
from penstock.features.catalog.service.prices import PriceService
from penstock.features.catalog.service.probe import Prober
from penstock.features.catalog.service.providers import SECRETS_PURPOSE, ProviderService
from penstock.features.catalog.vendors import Vendors
from penstock.features.identity.model import Principal, RequirePermission
from penstock.infra.crypto import Sealer, derive_key
from penstock.spi.chat import Vendor
from penstock.spi.http import Fetch

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
    ) -> None:
        sealer = Sealer(derive_key(master_key, SECRETS_PURPOSE))
        public = PublicPrices()
        self._prober = Prober(fetch, kinds, context.clock)
        self._vendors = vendors
        self.providers = ProviderService(context, kinds, Vendors(vendors, public), sealer)
        self.prices = PriceService(context)
        self.discovery = Discovery(self.providers, self.prices, self._prober, START)
        self.sections = CatalogSections(context.database, public, sealer)

    def routes(self, require: RequirePermission) -> list[APIRouter]:
        """Returns all routes of the vertical."""
        return [
            provider_routes(require, self.providers, self._prober, self._vendors),
            price_routes(require, self.prices),
        ]
