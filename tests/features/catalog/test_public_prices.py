"""The compiled price lists against the library they come from: all models, tiers and dates."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import msgspec
import pytest
from genai_prices import Usage as LibraryUsage
from genai_prices.data import providers
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import (
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)
from msgspec.structs import replace

from penstock.features.catalog.public_prices import PublicPrices
from penstock.kernel.digests import canonical_json
from penstock.rules.call import Usage, UsageSource
from penstock.rules.prices.charge import ModelRates
from penstock.rules.prices.price import VendorPrices
from penstock.rules.prices.price_book import CalledModel, PriceBook, PriceList

TODAY = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
COUNTS = (
    Usage(0, 0),
    Usage(1, 1),
    Usage(1_000, 500, reasoning_tokens=200),
    Usage(12_345, 678, cache_read_tokens=9_999, cache_write_tokens=2_000, reasoning_tokens=678),
    Usage(5_000, 700, input_audio_tokens=1_200, output_audio_tokens=650),
    Usage(5_000, 700, cache_read_tokens=3, input_audio_tokens=1_200),
    Usage(10, 10, cache_read_tokens=11),
    Usage(10, 10, reasoning_tokens=6, output_audio_tokens=6),
    Usage(9_000, 50, cache_write_tokens=8_000, cache_write_1h_tokens=3_000),
    Usage(9_000, 50, cache_read_tokens=500, cache_write_tokens=500, cache_write_1h_tokens=500),
    Usage(9_000, 50, cache_write_tokens=10, cache_write_1h_tokens=11),
    Usage(5_000, 700, input_image_tokens=1_200, output_image_tokens=650),
    Usage(5_000, 700, cache_read_tokens=3, input_image_tokens=1_200),
    Usage(5_000, 9, cache_read_tokens=900, input_audio_tokens=800, cache_text_read_tokens=900),
    Usage(
        *(5_000, 9, 900),
        input_audio_tokens=800,
        input_image_tokens=700,
        cache_audio_read_tokens=500,
        cache_image_read_tokens=300,
        cache_text_read_tokens=100,
    ),
    Usage(5_000, 9, 900, input_audio_tokens=800, cache_audio_read_tokens=900),
    Usage(5_000, 700, web_searches=3),
    Usage(input_audio_seconds=90),
    Usage(rerank_searches=2),
    Usage(input_characters=1_234),
)
ALONE = {
    "web_searches": "web_searches_kcount",
    "input_audio_seconds": "input_audio_hours",
    "rerank_searches": "rerank_searches_kcount",
}
WHOLE = {
    **ALONE,
    "input_tokens": "input_",
    "output_tokens": "output_",
    "input_characters": "input_mchars",
}
CONTEXTS: tuple[dict[str, str], ...] = (
    {},
    {"service_tier": "flex"},
    {"service_tier": "priority", "processing": "batch"},
    {"service_tier": "default"},
    {"service_tier": "fast", "speed": "fast"},
    {"speed": "fast", "route": "mistral/eu"},
)


def library_usage(usage: Usage) -> LibraryUsage:
    return LibraryUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        output_reasoning_tokens=usage.reasoning_tokens,
        input_audio_tokens=usage.input_audio_tokens,
        output_audio_tokens=usage.output_audio_tokens,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
        input_image_tokens=usage.input_image_tokens,
        output_image_tokens=usage.output_image_tokens,
        web_searches=usage.web_searches,
        audio_seconds=usage.input_audio_seconds,
        input_audio_seconds=usage.input_audio_seconds,
        rerank_searches=usage.rerank_searches,
        input_characters=usage.input_characters,
        **cached_by_medium(usage),
    )


def cached_by_medium(usage: Usage) -> dict[str, int]:
    """Left out where it is not known of all cached tokens."""
    names = [f"cache_{medium}_read_tokens" for medium in ("audio", "image", "text")]
    counts = {name: getattr(usage, name) for name in names}
    return counts if sum(counts.values()) == usage.cache_read_tokens else {}


def price_sets(model: ModelInfo) -> list[ModelPrice]:
    if isinstance(model.prices, ModelPrice):
        return [model.prices]
    return [conditional.prices for conditional in model.prices]


def moments(model: ModelInfo) -> set[datetime]:
    """Now, and the last second before and the first of every change of price."""
    constraints = [variant.constraint for variant in model.price_variants or ()]
    if not isinstance(model.prices, ModelPrice):
        constraints += [conditional.constraint for conditional in model.prices]
    found = {TODAY}
    for constraint in constraints:
        match constraint:
            case StartDateConstraint():
                changes = [datetime.combine(constraint.start_date, time(), UTC)]
            case TimeOfDateConstraint():
                times = (constraint.start_time, constraint.end_time)
                changes = [datetime.combine(date(2026, 11, 20), t) for t in times]
            case None:
                changes = []
        found |= {change for c in changes for change in (c, c - timedelta(seconds=1))}
    return found


def usages(model: ModelInfo) -> list[Usage]:
    """The shapes above, and one token around each tier of the model."""
    edges = {
        tier.start + more
        for prices in price_sets(model)
        for price in prices.__dict__.values()
        if isinstance(price, TieredPrices)
        for tier in price.tiers
        for more in (0, 1)
    }
    return [*COUNTS, *(Usage(edge, 77, cache_read_tokens=edge // 3) for edge in sorted(edges))]


def has(prices: ModelPrice, start: str) -> bool:
    """Whether there is a price for requests, or one whose key begins like this, in tokens."""
    listed = {key for key, price in vars(prices).items() if price is not None}
    return "requests_kcount" in listed or any(
        key.startswith(start) and (key.endswith("_mtok") or key == start) for key in listed
    )


def library_cost(
    provider: Provider, model: ModelInfo, usage: Usage, at: datetime, context: dict[str, str]
) -> Decimal | None:
    """`None` where the library refuses the counts, and where it leaves out what has no price: web
    searches and the like, or everything."""
    prices = model.get_prices(at, context)
    if any(getattr(usage, one) and getattr(prices, key) is None for one, key in ALONE.items()):
        return None
    used = [key for name, key in WHOLE.items() if getattr(usage, name)]
    if used and any(vars(prices).values()) and not any(has(prices, key) for key in used):
        return None
    try:
        return model.calc_price(
            library_usage(usage), provider, genai_request_timestamp=at, price_context=context
        ).total_price
    except ValueError:
        return None


def only_uncounted(model: ModelInfo, at: datetime, context: dict[str, str]) -> bool:
    """Whether all that is asked is for seconds, pages and the like, which a call cannot count."""
    asked = [k for k, v in model.get_prices(at, context).__dict__.items() if v is not None]
    countable = ("_mtok", "requests_kcount", "input_mchars", *ALONE.values())
    return bool(asked) and not any(key.endswith(countable) for key in asked)


def compiled() -> Iterator[tuple[Provider, ModelInfo, ModelRates]]:
    """Every model of the library with our rates, as they are after the way through a snapshot."""
    public = PublicPrices()
    for provider in providers:
        raw = canonical_json(public.get(provider.id))
        document = msgspec.json.decode(raw, type=VendorPrices)
        for model, prices in zip(provider.models, document.models, strict=True):
            yield provider, model, ModelRates(provider.id, prices)


def test_every_model_costs_what_the_library_computes_at_every_tier_and_date() -> None:
    compared = 0
    for provider, model, rates in compiled():
        for at in moments(model):
            for context in CONTEXTS if model.price_variants else CONTEXTS[:1]:
                ours = rates.at(int(at.timestamp()) * 1_000_000_000, context)
                if ours is None:
                    assert only_uncounted(model, at, context), (provider.id, model.id)
                    continue
                for usage in usages(model):
                    charge = ours.charge(usage)
                    cost = charge.cost if charge is not None else None
                    expected = library_cost(provider, model, usage, at, context)
                    assert cost == expected, (provider.id, model.id, at, usage, context)
                    compared += 1
    assert compared > 30_000


def test_every_explanation_adds_up_to_the_charge() -> None:
    for provider, model, rates in compiled():
        ours = rates.at(int(TODAY.timestamp()) * 1_000_000_000, {})
        for usage in COUNTS if ours is not None else ():
            charge = ours.charge(usage)
            lines = ours.explain(usage)
            total = sum((line.amount for line in lines), Decimal(0))
            assert total == (charge.cost if charge else 0), (provider.id, model.id)
            assert all(line.amount == line.price * line.count / line.per for line in lines)


def references(provider: Provider) -> set[str]:
    """Ids that callers may send: all that match clauses name, and disturbed forms of them."""

    def values(logic: object) -> Iterator[str]:
        for name, value in vars(logic).items():
            if name in {"or_", "and_"}:
                for part in value:
                    yield from values(part)
            elif name != "regex":
                yield value

    plain = {value for model in provider.models for value in values(model.match)}
    plain |= {model.id for model in provider.models}
    return plain | {v for p in plain for v in (p.upper(), f"{p}-20251211", f"{p}-2025-12-11")}


@pytest.mark.parametrize("provider", providers, ids=lambda provider: provider.id)
def test_every_id_finds_the_model_that_the_library_finds(provider: Provider) -> None:
    public = PublicPrices()
    lists = {v: PriceList(public.get(v)) for v in public.with_fallbacks(provider.id)}
    prices = PriceBook(lists)
    now = int(TODAY.timestamp()) * 1_000_000_000
    for reference in references(provider) | {"no-such-model", "-20259999"}:
        expected = provider.find_model(reference, all_providers=get_snapshot().providers)
        rates = prices.rates(CalledModel("any", provider.id, reference), now)
        if expected is None:
            assert rates is None, reference
        elif rates is None:
            assert only_uncounted(expected, TODAY, {}), reference
        else:
            found = rates.price_id.partition("/")[2]
            assert found == expected.id or found.startswith(f"{expected.id}@"), reference


def test_the_vendor_is_known_by_the_address() -> None:
    public = PublicPrices()
    assert public.vendor_of("https://api.openai.com/v1") == "openai"
    assert public.vendor_of("https://my.openai.azure.com/openai/v1") == "azure"
    assert public.vendor_of("http://127.0.0.1:8000/v1") == ""
    assert public.with_fallbacks("azure")[:2] == ("azure", "openai")
    assert public.with_fallbacks("") == ()


def test_an_uncounted_usage_and_an_unknown_model_are_unpriced() -> None:
    prices = PriceBook({"openai": PriceList(PublicPrices().get("openai"))})
    known = CalledModel("openai", "openai", "gpt-4o")
    counted = Usage(1_000, 100, source=UsageSource.PROVIDER)
    now = int(TODAY.timestamp()) * 1_000_000_000
    assert prices.charge(known, counted, now) is not None
    assert prices.charge(known, Usage(1_000, 100), now) is None
    assert prices.charge(replace(known, model="gpt-nothing"), counted, now) is None
    assert prices.charge(replace(known, vendor=""), counted, now) is None
