"""Discovers providers at start: an API key in the environment, a local model server, the simulator.
A provider that a user configured under the same name is never changed."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from penstock.features.access import Principal
from penstock.features.catalog.model import (
    NewProvider,
    Provider,
    ProviderChange,
)
from penstock.features.catalog.own_price import NewPrice
from penstock.features.catalog.service.prices import PriceService
from penstock.features.catalog.service.probe import Prober
from penstock.features.catalog.service.providers import ProviderService
from penstock.kernel.errors import NotFound, PenstockError
from penstock.rules.prices.price import UnitPrice
from penstock.spi.chat import DEFAULT_KIND, ProviderConfig, Vendor

SIMULATOR: Final = "sim"
_PROBE_S: Final = 0.5
_LISTING_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A provider that may exist. `certain`: added even if it does not answer now."""

    name: str
    base_url: str
    secret: str = field(default="", repr=False)
    certain: bool = False
    private_allowed: bool = False
    vendor: str | None = None
    prices: tuple[NewPrice, ...] = ()  # added with it, unless the provider has own prices


Candidates = Callable[[], tuple[Candidate, ...]]


@dataclass(frozen=True, slots=True)
class DiscoveredProvider:
    """A discovered provider. `problem`: why it cannot be used now, else empty."""

    name: str
    base_url: str
    model_count: int
    problem: str


def with_key(name: str, vendor: Vendor, api_key: str) -> Candidate:
    """Returns a candidate for a vendor whose API key is set."""
    return Candidate(name, vendor.base_url, api_key, certain=True)


def local_server(name: str, vendor: Vendor) -> Candidate:
    """Returns a candidate for a model server on its default port of this machine."""
    return Candidate(name, vendor.base_url, private_allowed=True)


def simulator(base_url: str) -> Candidate:
    """Returns the simulator that `penstock up` started, with prices similar to real models."""
    return Candidate(
        SIMULATOR,
        base_url,
        certain=True,
        private_allowed=True,
        prices=(
            _simulated("sim-small", "0.15", "0.60", "0.075"),
            _simulated("sim-large", "2.50", "10.00", "1.25"),
            _simulated("sim-reasoner", "1.10", "4.40", "0.275"),
            _simulated("sim-embed", "0.02", "0", "0"),
            _simulated("sim-image", "5.00", "30.00", "1.25"),
            _simulated("sim-transcribe", "2.50", "10.00", "0"),
        ),
    )


class Discovery:
    """Adds and updates candidates. `actor` is recorded in the audit log."""

    def __init__(
        self, providers: ProviderService, prices: PriceService, prober: Prober, actor: Principal
    ) -> None:
        self._providers = providers
        self._prices = prices
        self._prober = prober
        self._actor = actor

    async def start(self, project_id_of: Callable[[], str], candidates: Candidates) -> None:
        """Discovers the candidates and logs the result. Removes a simulator that no longer runs."""
        project_id = await asyncio.to_thread(project_id_of)
        tried = candidates()
        if SIMULATOR not in {candidate.name for candidate in tried}:
            await asyncio.to_thread(self.remove, project_id, SIMULATOR)
        log = logging.getLogger("penstock.server")
        for found in await self.run(project_id, tried):
            log.info("provider %s at %s: %d models", found.name, found.base_url, found.model_count)
            if found.problem:
                log.warning("provider %s: %s", found.name, found.problem)

    async def run(
        self, project_id: str, candidates: tuple[Candidate, ...]
    ) -> list[DiscoveredProvider]:
        """Probes all candidates concurrently; adds or updates those that exist, and returns
        them."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._add_or_update(project_id, c)) for c in candidates]
        return [found for task in tasks if (found := task.result())]

    def remove(self, project_id: str, name: str) -> None:
        """Removes a discovered provider, if it exists: the simulator of an earlier run."""
        provider = self._find(project_id, name)
        if provider is not None and provider.found:
            self._providers.remove(self._actor, project_id, name)

    async def _add_or_update(
        self, project_id: str, candidate: Candidate
    ) -> DiscoveredProvider | None:
        existing = await asyncio.to_thread(self._find, project_id, candidate.name)
        if existing is not None and not existing.found:
            return None
        check = await self._prober.check(
            DEFAULT_KIND,
            ProviderConfig(candidate.name, candidate.base_url, candidate.secret),
            private_allowed=candidate.private_allowed,
            timeout_s=_LISTING_S if candidate.certain else _PROBE_S,
        )
        if not check.ok and not candidate.certain:
            return None
        problem = check.problem
        try:
            await asyncio.to_thread(self._store, project_id, candidate, existing, check.models)
        except PenstockError as error:  # a user added it meanwhile, or the name hides a model
            problem = error.sentence()
        return DiscoveredProvider(candidate.name, candidate.base_url, len(check.models), problem)

    def _store(
        self,
        project_id: str,
        candidate: Candidate,
        existing: Provider | None,
        models: tuple[str, ...],
    ) -> None:
        if existing is None:
            self._providers.add(
                self._actor, project_id, _new_provider(candidate, models), found=True
            )
            self._add_prices(project_id, candidate)
            return
        self._refresh(existing, candidate)
        if models:
            self._providers.update_models(self._actor, project_id, candidate.name, models)

    def _add_prices(self, project_id: str, candidate: Candidate) -> None:
        priced = {price.provider for price in self._prices.list_all(project_id)}
        for price in candidate.prices:
            if price.provider not in priced:
                self._prices.add(self._actor, project_id, price)

    def _refresh(self, existing: Provider, candidate: Candidate) -> None:
        """Updates base URL and API key: the simulator's port and the environment may change."""
        known = self._providers.target(existing.project_id, existing.name)
        if (known.base_url, known.secret) == (candidate.base_url, candidate.secret):
            return
        change = ProviderChange(
            base_url=candidate.base_url,
            secret=candidate.secret,
            private_allowed=candidate.private_allowed,
            vendor=candidate.vendor,
        )
        self._providers.change(self._actor, existing.project_id, existing.name, change)

    def _find(self, project_id: str, name: str) -> Provider | None:
        try:
            return self._providers.get(project_id, name)
        except NotFound:
            return None


def _new_provider(candidate: Candidate, models: tuple[str, ...]) -> NewProvider:
    return NewProvider(
        candidate.name,
        candidate.base_url,
        secret=candidate.secret,
        models=models,
        private_allowed=candidate.private_allowed,
        vendor=candidate.vendor,
    )


def _simulated(model: str, per_input: str, per_output: str, per_cached: str) -> NewPrice:
    prices = (
        UnitPrice("input_tokens", Decimal(per_input)),
        UnitPrice("output_tokens", Decimal(per_output)),
        UnitPrice("cache_read_tokens", Decimal(per_cached)),
    )
    return NewPrice(SIMULATOR, model, prices, from_ms=0)
