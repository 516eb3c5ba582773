"""The cost of a call: examples computed by hand, and laws."""

from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.call import Usage, UsageSource
from penstock.rules.prices.charge import CostLine, ModelRates, compile_rates
from penstock.rules.prices.price import (
    Clause,
    ModelPrices,
    PricePeriod,
    PriceVariant,
    Tier,
    Unit,
    UnitPrice,
)

DAY_NS = 86_400 * 1_000_000_000
INPUT = UnitPrice("input_tokens", Decimal("2.50"))
OUTPUT = UnitPrice("output_tokens", Decimal("10.00"))
CACHED = UnitPrice("cache_read_tokens", Decimal("1.25"))
counts = st.integers(0, 10_000_000)


def cost(usage: Usage, *prices: UnitPrice) -> Decimal | None:
    charge = compile_rates("test", prices).charge(usage)
    return charge.cost if charge is not None else None


def model(*periods: PricePeriod, variants: tuple[PriceVariant, ...] = ()) -> ModelRates:
    prices = ModelPrices("m", Clause("equals", "m"), periods, variants)
    return ModelRates("acme", prices)


def input_price(rates: ModelRates, at_ns: int, context: dict[str, str] | None = None) -> Decimal:
    found = rates.at(at_ns, context or {})
    assert found is not None
    charge = found.charge(Usage(1_000_000, source=UsageSource.PROVIDER))
    assert charge is not None
    return charge.cost


def test_cached_tokens_have_their_own_price_and_are_subtracted_from_the_input() -> None:
    usage = Usage(1_000, 200, cache_read_tokens=400)
    # 600 * 2.50 + 400 * 1.25 + 200 * 10.00 = 1,500 + 500 + 2,000 per million
    assert cost(usage, INPUT, OUTPUT, CACHED) == Decimal("0.004")
    # without a price of their own they are plain input: 1,000 * 2.50 + 200 * 10.00
    assert cost(usage, INPUT, OUTPUT) == Decimal("0.0045")


def test_reasoning_and_audio_tokens_are_subtracted_from_the_output() -> None:
    reasoning = UnitPrice("reasoning_tokens", Decimal(3))
    audio = UnitPrice("output_audio_tokens", Decimal(80))
    usage = Usage(0, 100, reasoning_tokens=60, output_audio_tokens=10)
    # 30 * 10 + 60 * 3 + 10 * 80 = 300 + 180 + 800
    assert cost(usage, OUTPUT, reasoning, audio) == Decimal("0.00128")


@given(
    st.lists(st.decimals(0, 100, places=9), min_size=3, max_size=3),
    st.sampled_from([1, 1000, 1_000_000, 3600]),
    counts,
    counts,
)
def test_the_price_of_tokens_in_whole_numbers_is_the_charge_rounded_up(
    prices: list[Decimal], per: int, input_tokens: int, output_tokens: int
) -> None:
    units = ("requests", "input_tokens", "output_tokens")
    rates = compile_rates(
        "test", [*(UnitPrice(*each, per) for each in zip(units, prices, strict=True)), CACHED]
    )
    assert rates.of_tokens is not None
    exact = sum(
        Fraction(price) * count / per
        for price, count in zip(prices, (1, input_tokens, output_tokens), strict=True)
    )
    found = rates.of_tokens.cost(input_tokens, output_tokens)
    assert found == ceil(exact * 10**9)
    charge = rates.charge(Usage(input_tokens, output_tokens))
    if charge is not None:  # not above the highest cost of a call
        assert abs(found - charge.cost * 10**9) < 2


def test_prices_that_depend_on_the_number_of_tokens_have_no_price_of_a_token() -> None:
    tiered = UnitPrice("input_tokens", Decimal(1), tiers=(Tier(100, Decimal(2)),))
    assert compile_rates("test", [tiered, OUTPUT]).of_tokens is None
    assert compile_rates("test", [OUTPUT]).of_tokens is None


def test_a_price_per_request_is_charged_once() -> None:
    request = UnitPrice("requests", Decimal(5), per=1_000)
    assert cost(Usage(2_000_000), INPUT, request) == Decimal("5.005")


def test_above_a_tier_all_tokens_have_its_price() -> None:
    tiered = UnitPrice("input_tokens", Decimal(1), tiers=(Tier(100, Decimal(2)),))
    higher = UnitPrice("output_tokens", Decimal(4), tiers=(Tier(100, Decimal(8)),))
    assert cost(Usage(100, 10), tiered, higher) == Decimal("0.00014")
    assert cost(Usage(101, 10), tiered, higher) == Decimal("0.000282")


def test_counts_that_contradict_each_other_are_unpriced() -> None:
    assert cost(Usage(10, cache_read_tokens=11), INPUT, CACHED) is None


def test_cached_audio_of_unknown_share_is_unpriced() -> None:
    audio = UnitPrice("input_audio_tokens", Decimal(40))
    both = UnitPrice("cache_audio_read_tokens", Decimal(20))
    prices = (INPUT, CACHED, audio, both)
    assert cost(Usage(100, cache_read_tokens=10, input_audio_tokens=10), *prices) is None
    assert cost(Usage(100, cache_read_tokens=10), *prices) == Decimal("0.0002375")


def test_cached_audio_has_the_price_of_cached_audio() -> None:
    audio = UnitPrice("input_audio_tokens", Decimal(40))
    cached_audio = UnitPrice("cache_audio_read_tokens", Decimal(20))
    usage = Usage(
        *(1_000, 0, 300),
        input_audio_tokens=200,
        cache_audio_read_tokens=50,
        cache_text_read_tokens=250,
    )
    # 550 * 2.50 + 250 * 1.25 + 150 * 40 + 50 * 20 = 1,375 + 312.5 + 6,000 + 1,000
    assert cost(usage, INPUT, CACHED, audio, cached_audio) == Decimal("0.0086875")
    # without its price it costs what is cached costs: 550 * 2.50 + 300 * 1.25 + 150 * 40
    assert cost(usage, INPUT, CACHED, audio) == Decimal("0.00775")
    # without a price of what is cached, too, it is audio: 800 * 2.50 + 200 * 40
    assert cost(usage, INPUT, audio) == Decimal("0.01")
    # other audio has the price of input: 700 * 2.50 + 250 * 1.25 + 50 * 20
    assert cost(usage, INPUT, CACHED, cached_audio) == Decimal("0.0030625")


def test_cache_writes_are_priced_by_their_lifetime() -> None:
    written = UnitPrice("cache_write_tokens", Decimal("3.75"))
    an_hour = UnitPrice("cache_write_1h_tokens", Decimal(6))
    usage = Usage(1_000, cache_write_tokens=700, cache_write_1h_tokens=500)
    # 300 * 2.50 + 200 * 3.75 + 500 * 6 = 750 + 750 + 3,000
    assert cost(usage, INPUT, written, an_hour) == Decimal("0.0045")
    # 500 * 2.50 + 500 * 6: the others are plain input
    assert cost(usage, INPUT, an_hour) == Decimal("0.00425")
    # 300 * 2.50 + 700 * 3.75
    assert cost(usage, INPUT, written) == Decimal("0.003375")
    assert cost(Usage(9, cache_write_tokens=3, cache_write_1h_tokens=4), written, an_hour) is None


def test_image_tokens_have_their_own_price_and_cached_images_none() -> None:
    seen = UnitPrice("input_image_tokens", Decimal(8))
    made = UnitPrice("output_image_tokens", Decimal(30))
    usage = Usage(100, 60, input_image_tokens=40, output_image_tokens=50)
    # 60 * 2.50 + 40 * 8 + 10 * 10 + 50 * 30 = 150 + 320 + 100 + 1,500
    assert cost(usage, INPUT, OUTPUT, seen, made) == Decimal("0.00207")
    cached = UnitPrice("cache_image_read_tokens", Decimal(2))
    both = Usage(100, cache_read_tokens=10, input_image_tokens=10)
    assert cost(both, INPUT, CACHED, seen, cached) is None
    assert cost(both, INPUT, CACHED, seen) == Decimal("0.0002925")


def test_web_searches_without_a_price_leave_a_call_unpriced() -> None:
    search = UnitPrice("web_searches", Decimal(10), per=1_000)
    assert cost(Usage(1_000, web_searches=3), INPUT, search) == Decimal("0.0325")
    assert cost(Usage(1_000, web_searches=3), INPUT) is None
    assert cost(Usage(1_000), INPUT) == Decimal("0.0025")


def test_seconds_and_searches_have_their_own_price_or_leave_a_call_unpriced() -> None:
    hour = UnitPrice("input_audio_seconds", Decimal("0.36"), per=3_600)
    search = UnitPrice("rerank_searches", Decimal(2), per=1_000)
    # 90 s * 0.36 / 3,600
    assert cost(Usage(input_audio_seconds=90), hour) == Decimal("0.009")
    assert cost(Usage(rerank_searches=3), search) == Decimal("0.006")
    assert cost(Usage(input_audio_seconds=90), search) is None
    assert cost(Usage(rerank_searches=3), INPUT, OUTPUT) is None


def test_a_call_whose_counts_have_no_price_at_all_is_unpriced_and_not_free() -> None:
    hour = UnitPrice("input_audio_seconds", Decimal("0.36"), per=3_600)
    assert cost(Usage(100, 20), hour) is None
    assert cost(Usage(0, 20), INPUT) is None
    assert cost(Usage(), INPUT) == 0
    assert cost(Usage(100, 20)) == 0  # a list without prices: free


def test_the_last_period_that_has_started_applies() -> None:
    rates = model(
        PricePeriod((INPUT,)),
        PricePeriod((UnitPrice("input_tokens", Decimal(2)),), from_ms=1_000),
        PricePeriod((UnitPrice("input_tokens", Decimal(1)),), from_ms=2_000),
    )
    at_ms = {0: Decimal("2.50"), 999: Decimal("2.50"), 1_000: 2, 1_999: 2, 2_000: 1, 9_000: 1}
    for moment, price in at_ms.items():
        assert input_price(rates, moment * 1_000_000) == price


def test_a_daily_period_may_span_midnight() -> None:
    night = PricePeriod((UnitPrice("input_tokens", Decimal(1)),), daily_s=(79_200, 3_600))
    rates = model(PricePeriod((INPUT,)), night)
    cheap = [79_200, 86_399, 0, 3_599]
    assert [input_price(rates, DAY_NS * 9 + s * 1_000_000_000) for s in cheap] == [1, 1, 1, 1]
    assert input_price(rates, 3_600 * 1_000_000_000) == Decimal("2.50")


def test_a_variant_replaces_the_prices_it_names() -> None:
    flex = PricePeriod((UnitPrice("input_tokens", Decimal(1)),), from_ms=1_000)
    rates = model(
        PricePeriod((INPUT, OUTPUT)), variants=(PriceVariant({"service_tier": "flex"}, flex),)
    )
    assert input_price(rates, 10**9, {"service_tier": "flex"}) == 1
    assert input_price(rates, 10**9 - 1, {"service_tier": "flex"}) == Decimal("2.50")
    assert input_price(rates, 10**9, {"service_tier": "priority"}) == Decimal("2.50")
    found = rates.at(10**9, {"service_tier": "flex"})
    assert found is not None
    assert found.price_id == "acme/m+service_tier=flex"
    assert found.charge(Usage(0, 100)) == compile_rates(found.price_id, (OUTPUT,)).charge(
        Usage(0, 100)
    )


def test_free_costs_nothing_and_uncountable_is_unpriced() -> None:
    free, uncountable = model(PricePeriod(())), model(PricePeriod(None))
    assert input_price(free, 0) == 0
    assert uncountable.at(0, {}) is None


def test_an_explanation_names_counts_and_prices() -> None:
    rates = compile_rates("test", (INPUT, OUTPUT, CACHED))
    assert rates.explain(Usage(1_000, 200, cache_read_tokens=400)) == [
        CostLine("input_tokens", 600, Decimal("2.50"), 1_000_000, Decimal("0.0015")),
        CostLine("output_tokens", 200, Decimal("10.00"), 1_000_000, Decimal("0.002")),
        CostLine("cache_read_tokens", 400, Decimal("1.25"), 1_000_000, Decimal("0.0005")),
    ]
    assert rates.explain(Usage(1, cache_read_tokens=2)) == []


@given(counts, counts, st.integers(0, 100))
def test_every_token_is_billed_once(whole: int, output: int, share: int) -> None:
    cached = whole * share // 100
    usage = Usage(whole, output, cache_read_tokens=cached)
    lines = compile_rates("test", (INPUT, OUTPUT, CACHED)).explain(usage)
    assert sum(line.count for line in lines) == whole + output
    assert cost(usage, INPUT, OUTPUT, CACHED) == sum((li.amount for li in lines), Decimal(0))
    input_only = INPUT.price * whole / INPUT.per if whole or not output else None
    assert cost(usage, INPUT) == input_only


MEDIA = ("input_audio_tokens", "input_image_tokens")
CACHED_MEDIA = ("cache_audio_read_tokens", "cache_image_read_tokens")


@given(st.tuples(*[st.integers(0, 1_000)] * 6), st.sets(st.sampled_from((*MEDIA, *CACHED_MEDIA))))
def test_every_token_is_billed_once_whatever_is_cached_of_which_medium(
    parts: tuple[int, ...], priced: set[str]
) -> None:
    """Of any input, split into cached and other text, audio and images."""
    _, audio, image, cached_text, cached_audio, cached_image = parts
    usage = Usage(
        input_tokens=sum(parts),
        cache_read_tokens=cached_text + cached_audio + cached_image,
        input_audio_tokens=audio + cached_audio,
        input_image_tokens=image + cached_image,
        cache_audio_read_tokens=cached_audio,
        cache_image_read_tokens=cached_image,
        cache_text_read_tokens=cached_text,
    )
    apart = [UnitPrice(unit, Decimal(7)) for unit in get_args(Unit) if unit in priced]
    found = {
        line.unit: line.count for line in compile_rates("t", (INPUT, CACHED, *apart)).explain(usage)
    }
    assert sum(found.values()) == sum(parts)
    for unit, count in zip(
        (*MEDIA, *CACHED_MEDIA), (audio, image, cached_audio, cached_image), strict=True
    ):
        assert unit not in priced or found.get(unit, 0) == count


@given(counts, counts)
def test_more_usage_never_costs_less(input_tokens: int, more: int) -> None:
    tiered = UnitPrice("input_tokens", Decimal(1), tiers=(Tier(100, Decimal(2)),))
    less = cost(Usage(input_tokens), tiered)
    greater = cost(Usage(input_tokens + more), tiered)
    assert less is not None
    assert greater is not None
    assert less <= greater
