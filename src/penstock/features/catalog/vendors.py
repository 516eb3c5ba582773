"""What is known of vendors ahead: where they are, what is odd about them, whose prices hold.

The rows are the plugins'; the public price lists are `public_prices`'.
"""

from collections.abc import Mapping
from typing import Final

from penstock.features.catalog.public_prices import PublicPrices
from penstock.kernel.errors import InvalidRequest
from penstock.spi.chat import Vendor

_NOT_KNOWN: Final = Vendor("", "")


class Vendors:
    """`rows` by the name that a provider or its `vendor` may have."""

    def __init__(self, rows: Mapping[str, Vendor], prices: PublicPrices) -> None:
        self._rows = rows
        self._prices = prices

    def find(self, provider: str, vendor: str | None) -> Vendor:
        """The row of `vendor`, if a person named one, else of the provider's name; if there is
        none, one without address and quirks."""
        return self._rows.get(vendor or provider, _NOT_KNOWN)

    def price_list(self, vendor: str | None, base_url: str) -> str:
        """Whose public prices hold, empty: nobody's. `None`: whoever the address belongs to.
        `InvalidRequest` for a vendor that has neither a row nor a price list."""
        if vendor is None:
            return self._prices.vendor_of(base_url)
        if row := self._rows.get(vendor):
            return self._prices.vendor_of(row.base_url)
        known = {*self._prices.vendors(), *self._rows}
        if vendor and vendor not in known:
            raise InvalidRequest(
                f"No vendor {vendor!r} is known.",
                hint=f"Known are: {', '.join(sorted(known))}.",
                param="vendor",
            )
        return vendor
