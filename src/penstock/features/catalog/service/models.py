"""The models of a project: what they can do, what they cost, who serves them, when they retire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import attrgetter

from penstock.features.catalog import store
from penstock.features.catalog.model import Provider
from penstock.features.catalog.public_facts import PublicFacts
from penstock.features.catalog.public_prices import PublicPrices
from penstock.features.catalog.reference import Reference
from penstock.features.context import Context
from penstock.rules.models.facts import KnownFacts, Retirement, retirement
from penstock.rules.prices.charge import Rates
from penstock.rules.prices.price_book import CalledModel, PriceBook, PriceList


@dataclass(frozen=True, slots=True)
class ServingProvider:
    """A model at one provider. `rates` are its prices now; `None`: unpriced. `own_server`: the
    provider is in the operator's own network; `None`: not known."""

    provider: str
    known: KnownFacts | None
    rates: Rates | None
    retirement: Retirement | None
    vendor: str = ""
    own_server: bool | None = None


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model id with all the providers of the project that list it."""

    id: str
    offers: tuple[ServingProvider, ...]

    @property
    def known(self) -> KnownFacts | None:
        """The facts of its vendor's own API, or those of its name."""
        found = [offer.known for offer in self.offers if offer.known is not None]
        return max(found, key=attrgetter("by_vendor"), default=None)

    @property
    def retirement(self) -> Retirement | None:
        """The retirement by its vendor, if that serves it here."""
        return next((offer.retirement for offer in self.offers if offer.retirement), None)


class ModelService:
    """Use cases of models."""

    def __init__(self, context: Context, reference: Reference) -> None:
        self._context = context
        self._reference = reference

    def list_page(
        self, project_id: str, *, search: str, provider: str, after: str, limit: int
    ) -> list[ServedModel]:
        """Returns up to `limit` models by id after `after`, whose id contains `search`; of one
        provider only if `provider` is not empty."""
        with self._context.database.read() as connection:
            providers = store.list_providers(connection, project_id)
            overrides = store.list_overrides(connection, project_id)
            prices = self._reference.prices(connection)
            facts = self._reference.facts(connection)
        served = _by_model(providers, search.lower(), provider)
        shown = sorted(name for name in served if name > after)[:limit]
        own_and_public = PriceBook(_price_lists(prices, served, shown), overrides)
        now_ns = self._context.clock.now_ns()
        return [
            ServedModel(
                name,
                tuple(_offer(one, name, facts, own_and_public, now_ns) for one in served[name]),
            )
            for name in shown
        ]


def _by_model(
    providers: Sequence[Provider], search: str, only: str
) -> Mapping[str, Sequence[Provider]]:
    served: dict[str, list[Provider]] = {}
    for provider in providers:
        for model in provider.models:
            if search in model.lower():
                served.setdefault(model, []).append(provider)
    if not only:
        return served
    return {name: who for name, who in served.items() if only in {one.name for one in who}}


def _price_lists(
    prices: PublicPrices, served: Mapping[str, Sequence[Provider]], shown: Sequence[str]
) -> Mapping[str, PriceList]:
    vendors = {provider.vendor for name in shown for provider in served[name]}
    needed = {name for vendor in vendors for name in prices.with_fallbacks(vendor)}
    return {name: PriceList(prices.get(name)) for name in needed}


def _offer(
    provider: Provider, model: str, facts: PublicFacts, own_and_public: PriceBook, now_ns: int
) -> ServingProvider:
    known = facts.index.find(provider.vendor, model)
    rates = own_and_public.rates(CalledModel(provider.name, provider.vendor, model), now_ns)
    return ServingProvider(
        provider.name,
        known,
        rates,
        retirement(known, _day(now_ns)),
        provider.vendor,
        _own_server(provider),
    )


def _own_server(provider: Provider) -> bool | None:
    """Only an instance admin may allow private addresses: they are of the operator's network."""
    if provider.private_allowed:
        return True
    return False if provider.vendor else None


def _day(now_ns: int) -> date:
    return datetime.fromtimestamp(now_ns / 1e9, UTC).date()
