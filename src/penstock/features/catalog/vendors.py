"""Predefined vendors: their base URL, quirks and public prices.

The rows come from the plugins, the price lists are those of `public_prices`.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from penstock.kernel.errors import InvalidRequest
from penstock.spi.chat import Vendor

_NOT_KNOWN: Final = Vendor("", "")


class PriceLists(Protocol):
    """The vendors that have a public price list."""

    def vendor_of(self, base_url: str) -> str:
        """Returns the vendor of a base URL; empty if none matches."""
        ...

    def vendors(self) -> tuple[str, ...]:
        """Returns the ids of all vendors that have a list."""
        ...


class Vendors:
    """Finds vendors and price lists. `rows`: predefined vendors by name."""

    def __init__(self, rows: Mapping[str, Vendor], prices: PriceLists) -> None:
        self._rows = rows
        self._prices = prices

    def find(self, provider: str, vendor: str | None) -> Vendor:
        """Returns the vendor named `vendor` or, without it, like the provider; if there is none, a
        vendor without base URL and quirks."""
        return self._rows.get(vendor or provider, _NOT_KNOWN)

    def price_list(self, vendor: str | None, base_url: str) -> str:
        """Returns the name of the public price list that applies; empty if none does. `None` looks
        it up by the base URL. Raises `InvalidRequest` for an unknown vendor."""
        if vendor is None:
            return self._prices.vendor_of(base_url)
        if row := self._rows.get(vendor):
            return self._prices.vendor_of(row.base_url)
        known = {*self._prices.vendors(), *self._rows}
        if vendor and vendor not in known:
            raise InvalidRequest(
                f"The vendor {vendor!r} is unknown.",
                hint=f"Known vendors: {', '.join(sorted(known))}.",
                param="vendor",
            )
        return vendor
