"""Reads a file of public prices in the format of the project `genai-prices`."""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, cast

import pydantic
from genai_prices.types import (
    Provider,
    _providers_from_raw,  # pyright: ignore[reportPrivateUsage] - the only reader of this format
)

from penstock.features.catalog.public_prices import PublicPrices
from penstock.kernel.errors import InvalidRequest
from penstock.rules.prices.price import ModelPrices, VendorPrices
from penstock.rules.prices.price_book import PriceList

_MOST_EXPENSIVE: Final = Decimal(1_000_000)
_LONGEST_PROBLEM: Final = 300  # characters of the problem of a price file, in its error
_UNREADABLE: Final = (ValueError, TypeError, LookupError, RecursionError)


def read_price_lists(text: str) -> list[VendorPrices]:
    """Returns the compiled lists of a file. Raises `InvalidRequest` that names vendor and model of
    what is wrong."""
    lists = [_compile(vendor) for vendor in _vendors(text)]
    if not lists:
        raise _bad("it has no vendor")
    if len({one.vendor for one in lists}) < len(lists):
        raise _bad("it has a vendor twice")
    return lists


def _vendors(text: str) -> Iterator[Provider]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad(f"it is not valid JSON: {error}") from None
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise _bad(f"row {number} is no vendor")
        yield _vendor(cast("dict[str, Any]", row), number)


def _vendor(row: Mapping[str, Any], number: int) -> Provider:
    """Reads the whole vendor at once; its parts one by one only to find a wrong one."""
    try:
        return _providers_from_raw([row])[0]
    except _UNREADABLE as error:
        name = str(row.get("id"))
        _require_readable(f"row {number} ({name})", {**row, "models": []})
        models = row.get("models")
        for model in cast("list[Any]", models) if isinstance(models, list) else ():
            of_model = cast("dict[str, Any]", model).get("id") if isinstance(model, dict) else model
            _require_readable(f"{name}/{of_model}", {**row, "models": [model]})
        raise _bad(f"row {number} ({name}): {_reason(error)}") from None


def _require_readable(place: str, row: Mapping[str, Any]) -> None:
    try:
        _providers_from_raw([row])
    except _UNREADABLE as error:
        raise _bad(f"{place}: {_reason(error)}") from None


def _compile(vendor: Provider) -> VendorPrices:
    prices = PublicPrices([vendor]).get(vendor.id)
    for model in prices.models:
        if problem := _problem(prices.vendor, model):
            raise _bad(f"{vendor.id}/{model.id}: {problem}")
    return prices


def _problem(vendor: str, model: ModelPrices) -> str:
    """Returns why a gateway could not use a model's prices."""
    try:
        PriceList(VendorPrices(vendor, (model,)))
    except re.error as error:
        return f"its pattern is not valid: {error}"
    periods = (*model.periods, *(variant.period for variant in model.variants))
    for price in (price for period in periods for price in period.prices or ()):
        amounts = (price.price, *(tier.price for tier in price.tiers))
        if not all(one.is_finite() and 0 <= one <= _MOST_EXPENSIVE for one in amounts):
            return f"the price of {price.unit} must be between 0 and {_MOST_EXPENSIVE}"
    return ""


def _reason(error: Exception) -> str:
    if isinstance(error, pydantic.ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return str(error) or type(error).__name__


def _bad(problem: str) -> InvalidRequest:
    return InvalidRequest(
        f"The prices cannot be used: {problem[:_LONGEST_PROBLEM]}.",
        hint="Nothing was changed.",
        code="bad_prices",
    )
