"""A project's own prices: kept, audited, checked."""

from decimal import Decimal

import pytest

from penstock.features.catalog.own_price import NewPrice
from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.rules.prices.price import Tier, UnitPrice
from tests.features.world import World

PRICES = (
    UnitPrice("input_tokens", Decimal("0.07"), tiers=(Tier(1_000, Decimal("0.14")),)),
    UnitPrice("output_tokens", Decimal("0.21")),
)
NEW = NewPrice("vllm", "llama-*", PRICES, from_ms=1_700_000_000_000)


def test_own_prices_are_kept_as_they_were_given(installed: World) -> None:
    prices, project_id = installed.catalog.prices, installed.project_id
    added = prices.add(installed.admin, project_id, NEW)
    assert prices.list_all(project_id) == [added]
    assert (added.prices, added.from_ms) == (PRICES, 1_700_000_000_000)
    wanted = NewPrice("*", "llama-*", PRICES[1:], from_ms=0)
    replaced = prices.replace(installed.admin, project_id, added.id, wanted)
    assert prices.list_all(project_id) == [replaced]
    prices.remove(installed.admin, project_id, added.id)
    assert prices.list_all(project_id) == []
    actions = [event.action for event in installed.events()]
    assert actions == ["price.add", "price.replace", "price.remove"]
    assert installed.events()[1].before["prices"][0]["price"] == "0.07"
    assert installed.events()[1].after["provider"] == "*"


def test_a_price_starts_now_by_default(installed: World) -> None:
    added = installed.catalog.prices.add(
        installed.admin, installed.project_id, NewPrice("*", "llama", PRICES)
    )
    assert added.from_ms > 1_790_000_000_000


def test_other_projects_prices_are_not_found(installed: World) -> None:
    prices = installed.catalog.prices
    added = prices.add(installed.admin, installed.project_id, NEW)
    with pytest.raises(NotFound):
        prices.remove(installed.admin, "prj_other", added.id)
    with pytest.raises(NotFound):
        prices.replace(installed.admin, installed.project_id, "prc_unknown", NEW)
    assert prices.list_all("prj_other") == []


@pytest.mark.parametrize(
    "wanted",
    [
        NewPrice("", "llama", PRICES),
        NewPrice("*", "x" * 201, PRICES),
        NewPrice("*", "a\nb", PRICES),
        NewPrice("*", "llama", ()),
        NewPrice("*", "llama", (PRICES[1], PRICES[1])),
        NewPrice("*", "llama", (UnitPrice("requests", Decimal(-1)),)),
        NewPrice("*", "llama", (UnitPrice("requests", Decimal("NaN")),)),
        NewPrice("*", "llama", (UnitPrice("requests", Decimal("Infinity")),)),
        NewPrice("*", "llama", (UnitPrice("requests", Decimal("0.0000001")),)),
        NewPrice("*", "llama", (UnitPrice("requests", Decimal(10**7)),)),
        NewPrice(
            "*",
            "llama",
            (UnitPrice("input_tokens", Decimal(1), tiers=(Tier(5, Decimal(1)),) * 2),),
        ),
        NewPrice(
            "*", "llama", (UnitPrice("input_tokens", Decimal(1), tiers=(Tier(-1, Decimal(1)),)),)
        ),
    ],
)
def test_what_is_no_price_is_refused(installed: World, wanted: NewPrice) -> None:
    with pytest.raises(InvalidRequest):
        installed.catalog.prices.add(installed.admin, installed.project_id, wanted)
    assert installed.events() == []
