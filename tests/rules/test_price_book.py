"""Finding the price of a model."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from penstock.rules.call import Usage, UsageSource
from penstock.rules.prices.price import (
    Clause,
    ModelPrices,
    PriceOverride,
    PricePeriod,
    UnitPrice,
    VendorPrices,
)
from penstock.rules.prices.price_book import CalledModel, PriceBook, PriceList

USAGE = Usage(1_000_000, source=UsageSource.PROVIDER)
CALLED = CalledModel("openai", "acme", "llama-3-8b")


def per_mtok(price: str) -> tuple[UnitPrice, ...]:
    return (UnitPrice("input_tokens", Decimal(price)),)


def entry(name: str, match: Clause, price: str = "1") -> ModelPrices:
    return ModelPrices(name, match, (PricePeriod(per_mtok(price)),))


def override(name: str, provider: str, model: str, price: str, from_ms: int = 0) -> PriceOverride:
    return PriceOverride(name, provider, model, per_mtok(price), from_ms)


def price_id(prices: PriceBook, called: CalledModel, start_ns: int = 10**18) -> str | None:
    charge = prices.charge(called, USAGE, start_ns)
    return charge.price_id if charge is not None else None


ACME = PriceList(
    VendorPrices(
        "acme",
        (
            entry(
                "first", Clause("or", of=(Clause("equals", "a"), Clause("starts_with", "llama")))
            ),
            entry("exact", Clause("equals", "llama-3-8b")),
            entry("end", Clause("and", of=(Clause("ends_with", "z"), Clause("contains", "y")))),
            entry("regex", Clause("regex", "^r[0-9]+$")),
            entry("dated", Clause("equals", "m-2025-12-11")),
        ),
        ("zeta",),
    )
)
ZETA = PriceList(VendorPrices("zeta", (entry("z", Clause("equals", "only-zeta")),)))
LISTS = {"acme": ACME, "zeta": ZETA}


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ("a", "acme/first"),
        ("LLAMA-3-8B", "acme/first"),  # before the exact one in the list
        ("xyz", "acme/end"),
        ("xz", None),
        ("r42", "acme/regex"),
        ("r4x", None),
        ("only-zeta", "zeta/z"),
        ("m-20251211", "acme/dated"),
        ("m-20251241", None),
        ("m-20250230", None),
    ],
)
def test_the_first_matching_clause_applies(model: str, found: str | None) -> None:
    assert price_id(PriceBook(LISTS), replace(CALLED, model=model)) == found


def test_the_model_in_the_answer_is_tried_first() -> None:
    prices = PriceBook(LISTS)
    assert price_id(prices, CalledModel("p", "acme", "a", "r42")) == "acme/regex"
    assert price_id(prices, CalledModel("p", "acme", "a", "unknown")) == "acme/first"


def test_an_own_price_wins_over_the_public_one() -> None:
    prices = PriceBook(LISTS, [override("mine", "*", "llama-*", "0.07")])
    charge = prices.charge(CALLED, USAGE, 0)
    assert charge is not None
    assert (charge.price_id, charge.cost) == ("override/mine", Decimal("0.07"))
    assert price_id(prices, replace(CALLED, model="a", response_model="llama-3")) == "override/mine"


def test_the_most_precise_own_price_wins_then_the_latest() -> None:
    overrides = [
        override("all", "*", "*", "1", from_ms=5_000),
        override("family", "*", "llama-*", "2"),
        override("family-later", "*", "llama-*", "3", from_ms=2_000),
        override("provider", "openai", "*", "4", from_ms=9_000),
    ]
    prices = PriceBook(LISTS, overrides)
    expected = {0: "family", 1_999: "family", 2_000: "family-later", 9_000: "provider"}
    for moment_ms, name in expected.items():
        assert price_id(prices, CALLED, moment_ms * 1_000_000) == f"override/{name}"


def test_before_an_own_price_starts_the_public_one_applies() -> None:
    prices = PriceBook(LISTS, [override("mine", "*", "llama-*", "0", from_ms=1_000)])
    assert price_id(prices, CALLED, 999_000_000) == "acme/first"


def test_the_cache_of_matches_has_a_limit() -> None:
    prices = PriceBook(LISTS)
    for number in range(5_000):
        assert price_id(prices, replace(CALLED, model=f"unknown-{number}")) is None
    assert len(prices._found) == 4_096
    assert price_id(prices, CALLED) == "acme/first"
