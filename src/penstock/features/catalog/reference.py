"""The facts and public prices in use: those of the package, replaced by imported ones."""

from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection

from penstock.features.catalog import imported_store
from penstock.features.catalog.imported_store import ListKind
from penstock.features.catalog.public_facts import PublicFacts
from penstock.features.catalog.public_prices import PublicPrices
from penstock.rules.models.facts import VendorFacts
from penstock.rules.prices.price import VendorPrices


class Reference:
    """Keeps the compiled lists until another file is imported."""

    def __init__(self, facts: Mapping[str, VendorFacts], prices: PublicPrices) -> None:
        self._packaged = facts
        self._packaged_prices = prices
        self._facts: tuple[frozenset[str], PublicFacts] = (frozenset(), PublicFacts(facts))
        self._prices: tuple[frozenset[str], PublicPrices] = (frozenset(), prices)

    def facts(self, connection: Connection) -> PublicFacts:
        """Returns the facts in use."""
        digests = _digests(connection, ListKind.FACTS)
        if digests != self._facts[0]:
            raw = imported_store.contents(connection, ListKind.FACTS)
            read = {name: msgspec.json.decode(one, type=VendorFacts) for name, one in raw.items()}
            self._facts = (digests, PublicFacts({**self._packaged, **read}))
        return self._facts[1]

    def prices(self, connection: Connection) -> PublicPrices:
        """Returns the public prices in use."""
        digests = _digests(connection, ListKind.PRICES)
        if digests != self._prices[0]:
            raw = imported_store.contents(connection, ListKind.PRICES)
            read = {name: msgspec.json.decode(one, type=VendorPrices) for name, one in raw.items()}
            self._prices = (digests, self._packaged_prices.replaced(read))
        return self._prices[1]


def _digests(connection: Connection, kind: ListKind) -> frozenset[str]:
    found = imported_store.list_all(connection)
    return frozenset(f"{one.vendor}/{one.digest}" for one in found if one.kind is kind)
