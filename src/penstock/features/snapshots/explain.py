"""Explains a span's cost with the prices of the snapshot that the call used, and prices what is
done in batches, with those of the call that made the batch."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from penstock.features.batches.model import AnsweredRequest
from penstock.features.snapshots import store
from penstock.features.traces.model import SpanRecord
from penstock.infra.sql import Database
from penstock.rules.call import COUNTS, Usage, UsageSource
from penstock.rules.prices.charge import Charge, CostLine, context_of, tier_context
from penstock.rules.prices.price_book import CalledModel, PriceBook
from penstock.rules.snapshot.kinds import read_section
from penstock.rules.snapshot.prices import OWN_PRICES, VENDOR_PRICE_LISTS
from penstock.rules.snapshot.providers import PROVIDERS
from penstock.rules.snapshot.tree import Root

_REMEMBERED: Final = 8
_BATCH: Final = "batch"  # the service tier of such a request


class PastPrices:
    """One project's prices in one snapshot, and the vendor of each provider."""

    def __init__(self, prices: PriceBook, vendors: dict[str, str]) -> None:
        self.prices = prices
        self.vendors = vendors


class CostExplainer:
    """Explains costs of stored spans; caches the prices of the last few snapshots."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recent: dict[tuple[str, str], PastPrices] = {}

    def __call__(self, project_id: str, span: SpanRecord) -> Sequence[CostLine]:
        """Returns the lines that add up to a span's cost; empty if the span has no cost or its
        snapshot cannot be read."""
        if span.cost is None or (past := self._past(span.snapshot, project_id)) is None:
            return ()
        vendor = past.vendors.get(span.provider, "")
        called = CalledModel(span.provider, vendor, span.model, span.response_model)
        rates = past.prices.rates(called, span.start_ns, context_of(span.price_id))
        if rates is None or rates.price_id != span.price_id:
            return ()
        return rates.explain(_usage(span))

    def price_batched(self, request: AnsweredRequest) -> Charge | None:
        """Returns the cost of a request of a batch; `None` if it has no price."""
        if (past := self._past(request.snapshot, request.project_id)) is None:
            return None
        vendor = past.vendors.get(request.provider, "")
        called = CalledModel(request.provider, vendor, request.model, request.response_model)
        return past.prices.charge(called, request.usage, request.start_ns, tier_context(_BATCH))

    def _past(self, digest: str, project_id: str) -> PastPrices | None:
        if (past := self._recent.get((digest, project_id))) is None:
            past = self._read(digest, project_id)
            if past is not None:
                self._recent[digest, project_id] = past
                while len(self._recent) > _REMEMBERED:
                    self._recent.pop(next(iter(self._recent)), None)
        return past

    def _read(self, digest: str, project_id: str) -> PastPrices | None:
        with self._database.read() as connection:
            if (root_raw := store.find_root(connection, digest)) is None:
                return None
            hashes = msgspec.json.decode(root_raw, type=Root).sections
            wanted = {
                name: hash_
                for name, hash_ in hashes.items()
                if VENDOR_PRICE_LISTS.owner(name) is not None
                or name in {PROVIDERS.name(project_id), OWN_PRICES.name(project_id)}
            }
            contents = store.find_sections(connection, set(wanted.values()))
        sections = {
            name: read_section(name, contents[hash_])
            for name, hash_ in wanted.items()
            if hash_ in contents
        }
        return _past_prices(project_id, sections)


def _past_prices(project_id: str, sections: Mapping[str, object]) -> PastPrices:
    own = OWN_PRICES.find(sections, project_id)
    providers = PROVIDERS.find(sections, project_id)
    book = PriceBook(dict(VENDOR_PRICE_LISTS.all(sections)), own.overrides if own else ())
    entries = providers.providers if providers else ()
    return PastPrices(book, {entry.name: entry.vendor for entry in entries})


def _usage(span: SpanRecord) -> Usage:
    return Usage(
        **{name: getattr(span, name) for name in COUNTS},
        source=UsageSource.PROVIDER,
    )
