"""`prices/<vendor>`: public price lists. `<project_id>/prices`: a project's own prices."""

from typing import Final

from penstock.rules.prices.price import OverridesSection, VendorPrices
from penstock.rules.prices.price_book import PriceList
from penstock.rules.snapshot.section import SectionKind, plain_section

VENDOR_PRICE_LISTS: Final = SectionKind("prices", VendorPrices, PriceList, PriceList, shared=True)
OWN_PRICES: Final = plain_section("prices", OverridesSection)
