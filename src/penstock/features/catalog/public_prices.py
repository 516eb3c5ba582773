"""Compiles the public price lists of `genai-prices` into snapshot documents.

Only this module and `price_file` import that library; gateways read the documents. Units that calls
do not count (audio hours, pages) are left out.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Final, cast, get_args

from genai_prices.data import providers
from genai_prices.data_units import unit_data
from genai_prices.types import (
    ClauseAnd,
    ClauseContains,
    ClauseEndsWith,
    ClauseEquals,
    ClauseOr,
    ClauseRegex,
    ClauseStartsWith,
    MatchLogic,
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from penstock.rules.prices.price import (
    Clause,
    ModelPrices,
    PricePeriod,
    PriceVariant,
    Tier,
    Unit,
    UnitPrice,
    VendorPrices,
)

_OUR_NAMES: Final = {"output_reasoning_tokens": "reasoning_tokens"}
_COUNTED: Final = frozenset(get_args(Unit))
_Constraint = StartDateConstraint | TimeOfDateConstraint | None


class PublicPrices:
    """Compiles a vendor's list on first use and keeps it."""

    def __init__(self, vendors: Sequence[Provider] = providers) -> None:
        self._vendors = {vendor.id: vendor for vendor in vendors}
        self._units = _counted_units()
        self._compiled: dict[str, VendorPrices] = {}

    def replaced(self, lists: Mapping[str, VendorPrices]) -> "PublicPrices":
        """Returns public prices in which `lists` replace those of their vendors."""
        prices = PublicPrices(tuple(self._vendors.values()))
        prices._compiled = {**self._compiled, **lists}
        return prices

    def vendor_of(self, base_url: str) -> str:
        """Returns the vendor of a base URL; empty if none matches."""
        found = (v.id for v in self._vendors.values() if re.match(v.api_pattern, base_url))
        return next(found, "")

    def vendors(self) -> tuple[str, ...]:
        """Returns the ids of all vendors that have a list."""
        return tuple(self._vendors)

    def with_fallbacks(self, vendor: str) -> tuple[str, ...]:
        """Returns the lists that `vendor` needs, its own first; empty for an unknown vendor."""
        if vendor not in self._vendors and vendor not in self._compiled:
            return ()
        return (vendor, *self.get(vendor).fallbacks)

    def get(self, vendor: str) -> VendorPrices:
        """Returns the compiled list. Raises `KeyError` for an unknown vendor."""
        if (prices := self._compiled.get(vendor)) is None:
            source = self._vendors[vendor]
            prices = VendorPrices(
                vendor,
                tuple(_model(model, self._units) for model in source.models),
                tuple(source.fallback_model_providers or ()),
            )
            self._compiled[vendor] = prices
        return prices


def _counted_units() -> Mapping[str, tuple[Unit, int]]:
    """Maps the library's price key to our unit and the number of units per price."""
    units: dict[str, tuple[Unit, int]] = {}
    for key, raw in unit_data.items():
        name = _OUR_NAMES.get(key, key)
        if name in _COUNTED:
            units[raw["price_key"]] = (cast("Unit", name), raw["per"])
    return units


def _model(model: ModelInfo, units: Mapping[str, tuple[Unit, int]]) -> ModelPrices:
    if isinstance(model.prices, ModelPrice):
        periods = (_period(model.prices, None, units),)
    else:
        periods = tuple(_period(p.prices, p.constraint, units) for p in model.prices)
    variants = tuple(
        PriceVariant(variant.when, _period(variant.prices, variant.constraint, units))
        for variant in model.price_variants or ()
    )
    return ModelPrices(model.id, _clause(model.match), periods, variants)


def _period(
    model_price: ModelPrice, constraint: _Constraint, units: Mapping[str, tuple[Unit, int]]
) -> PricePeriod:
    listed = cast("dict[str, Decimal | TieredPrices | None]", model_price.__dict__)
    asked = {key: price for key, price in listed.items() if price is not None}
    prices = tuple(_unit_price(*units[key], asked[key]) for key in asked if key in units)
    from_ms, daily_s = None, None
    match constraint:
        case StartDateConstraint():
            start = datetime.combine(constraint.start_date, time(), UTC)
            from_ms = int(start.timestamp()) * 1000
        case TimeOfDateConstraint():
            daily_s = (_second_of_day(constraint.start_time), _second_of_day(constraint.end_time))
        case None:
            pass
    return PricePeriod(prices if prices or not asked else None, from_ms, daily_s)


def _unit_price(unit: Unit, per: int, price: Decimal | TieredPrices) -> UnitPrice:
    if isinstance(price, Decimal):
        return UnitPrice(unit, price, per)
    return UnitPrice(unit, price.base, per, tuple(Tier(t.start, t.price) for t in price.tiers))


def _second_of_day(moment: time) -> int:
    utc = datetime.combine(datetime(1970, 1, 2, tzinfo=UTC), moment.replace(tzinfo=None), UTC)
    offset = moment.utcoffset()
    seconds = int(utc.timestamp() - (offset.total_seconds() if offset else 0))
    return seconds % 86_400


def _clause(logic: MatchLogic) -> Clause:
    match logic:
        case ClauseEquals():
            return Clause("equals", logic.equals.lower())
        case ClauseStartsWith():
            return Clause("starts_with", logic.starts_with.lower())
        case ClauseEndsWith():
            return Clause("ends_with", logic.ends_with.lower())
        case ClauseContains():
            return Clause("contains", logic.contains.lower())
        case ClauseRegex():
            return Clause("regex", logic.regex)
        case ClauseOr():
            return Clause("or", of=tuple(_clause(part) for part in logic.or_))
        case ClauseAnd():
            return Clause("and", of=tuple(_clause(part) for part in logic.and_))
