"""The models of a project: facts, prices, providers, retirement; pages and filters."""

from decimal import Decimal

from penstock.features.catalog.http.models import ModelPriceView
from penstock.features.catalog.model import NewProvider
from penstock.features.catalog.own_price import NewPrice
from penstock.features.catalog.service.models import ServedModel
from penstock.rules.prices.charge import compile_rates
from penstock.rules.prices.price import UnitPrice
from tests.features.world import World


def add(world: World, name: str, url: str, *models: str, vendor: str | None = None) -> None:
    new = NewProvider(name, url, models=models, vendor=vendor)
    world.catalog.providers.add(world.admin, world.project_id, new)


def listed(
    world: World, *, search: str = "", provider: str = "", after: str = "", limit: int = 100
) -> list[ServedModel]:
    return world.catalog.models.list_page(
        world.project_id, search=search, provider=provider, after=after, limit=limit
    )


def test_a_model_has_facts_prices_and_all_its_providers(installed: World) -> None:
    add(installed, "openai", "https://api.openai.com/v1", "gpt-4o")
    add(installed, "mine", "https://models.example.org/v1", "gpt-4o", "my-model")
    price = NewPrice("mine", "*", (UnitPrice("input_tokens", Decimal("0.5")),), 0)
    installed.catalog.prices.add(installed.admin, installed.project_id, price)
    gpt, own = listed(installed)
    assert (gpt.id, own.id) == ("gpt-4o", "my-model")
    by_name = {offer.provider: offer for offer in gpt.offers}
    assert by_name.keys() == {"openai", "mine"}
    assert gpt.known is not None
    assert gpt.known.by_vendor
    assert gpt.known.model.context_tokens == 128_000
    assert gpt.retirement is not None
    assert gpt.retirement.on.isoformat() == "2027-01-14"
    vendor, mine = by_name["openai"], by_name["mine"]
    assert vendor.rates is not None
    assert {line.unit: line.base * line.per for line in vendor.rates.lines}[
        "input_tokens"
    ] == Decimal("2.5")
    assert mine.known is not None
    assert not mine.known.by_vendor
    assert mine.retirement is None
    assert mine.rates is not None
    assert mine.rates.lines[0].base * 1_000_000 == Decimal("0.5")
    assert (own.known, own.retirement) == (None, None)


def test_pages_and_filters(installed: World) -> None:
    add(installed, "a", "https://a.example.org/v1", *(f"model-{n:03d}" for n in range(250)))
    add(installed, "b", "https://b.example.org/v1", "model-007", "Other")
    names = [model.id for model in listed(installed, limit=300)]
    assert len(names) == 251
    first = listed(installed, limit=100)
    second = listed(installed, after=first[-1].id, limit=100)
    assert [model.id for model in (*first, *second)] == names[:200]
    assert [model.id for model in listed(installed, search="THER")] == ["Other"]
    only = listed(installed, provider="b")
    assert [model.id for model in only] == ["Other", "model-007"]
    assert [offer.provider for offer in only[1].offers] == ["a", "b"]
    assert listed(installed, provider="none") == []


def test_a_price_has_no_exponent() -> None:
    (ten,) = compile_rates("", [UnitPrice("output_tokens", Decimal("10.00"))]).lines
    assert ModelPriceView.of(ten).price == "10"
