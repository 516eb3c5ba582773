"""From a provider's answer to its cost: amounts worked out by hand, then compared with the library.

The rates are rows of genai-prices 0.2.3 as read on 2026-11-29, in USD for a million tokens. Their
source is the vendor's page: https://www.anthropic.com/pricing#api,
https://developers.openai.com/api/docs/pricing, https://ai.google.dev/gemini-api/docs/pricing.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from genai_prices.data import providers

from penstock.features.catalog.public_prices import PublicPrices
from penstock.plugins.providers.anthropic import AnthropicProvider
from penstock.plugins.providers.gemini import GeminiProvider
from penstock.plugins.providers.openai_compatible import OpenAICompatible
from penstock.plugins.providers.openai_responses import OpenAIResponses
from penstock.rules.prices.charge import tier_context
from penstock.rules.prices.price_book import CalledModel, PriceBook, PriceList
from penstock.spi.chat import ChatProvider

AT = datetime(2026, 11, 29, tzinfo=UTC)
LIBRARY = {provider.id: provider for provider in providers}


class Golden(NamedTuple):
    """An answer, and what it costs. `flavor`: the library's name of the format."""

    plugin: ChatProvider
    vendor: str
    flavor: str
    answer: dict[str, Any]
    cost: Decimal


def anthropic(model: str, cost: str, **usage: Any) -> Golden:
    answer = {"id": "m", "type": "message", "model": model, "content": [], "usage": usage}
    return Golden(AnthropicProvider(), "anthropic", "default", answer, Decimal(cost))


def openai(model: str, cost: str, tier: str | None = None, **usage: Any) -> Golden:
    answer = {"id": "c", "model": model, "choices": [], "service_tier": tier, "usage": usage}
    return Golden(OpenAICompatible(), "openai", "chat", answer, Decimal(cost))


def responses(model: str, cost: str, searches: int = 0, **usage: Any) -> Golden:
    answer = {
        "id": "resp_1",
        "object": "response",
        "model": model,
        "status": "completed",
        "output": [],
        "tool_usage": {"web_search": {"num_requests": searches}},
        "usage": usage,
    }
    return Golden(OpenAIResponses(), "openai", "responses", answer, Decimal(cost))


def gemini(model: str, cost: str, **usage: Any) -> Golden:
    answer = {"modelVersion": model, "candidates": [], "usageMetadata": usage}
    return Golden(GeminiProvider(), "google", "default", answer, Decimal(cost))


SONNET = {
    "input_tokens": 1_200,
    "cache_creation_input_tokens": 5_000,
    "cache_creation": {"ephemeral_5m_input_tokens": 2_000, "ephemeral_1h_input_tokens": 3_000},
    "cache_read_input_tokens": 10_000,
    "output_tokens": 800,
    "output_tokens_details": {"thinking_tokens": 300},
}
SEARCHED = {"server_tool_use": {"web_search_requests": 2}}
GPT_5_1 = {
    "prompt_tokens": 10_000,
    "completion_tokens": 1_500,
    "prompt_tokens_details": {"cached_tokens": 6_000},
    "completion_tokens_details": {"reasoning_tokens": 900},
}
SPOKEN = {
    "prompt_tokens": 1_000,
    "completion_tokens": 500,
    "prompt_tokens_details": {"audio_tokens": 900},
    "completion_tokens_details": {"audio_tokens": 400},
}
GOLDEN = {
    # claude-sonnet-4-5: input 3, output 15, cache read 0.30, cache write 3.75, for an hour 6; a
    # thousand searches 10. 1,200 x 3 + 2,000 x 3.75 + 3,000 x 6 + 10,000 x 0.30 + 800 x 15
    # = 3,600 + 7,500 + 18,000 + 3,000 + 12,000 = 44,100
    "cache writes by lifetime": anthropic("claude-sonnet-4-5", "0.0441", **SONNET),
    # and 2 x 10 / 1,000 = 0.02
    "web searches": anthropic("claude-sonnet-4-5", "0.0641", **SONNET, **SEARCHED),
    # batch: 1.50, 7.50, 0.15, 1.875, 3 are half of each; searches stay
    "batch": anthropic("claude-sonnet-4-5", "0.04205", **SONNET, **SEARCHED, service_tier="batch"),
    # claude-opus-4-8, fast: input 10, output 50, cache read 1, cache write 12.50, for an hour 20.
    # 1,200 x 10 + 2,000 x 12.50 + 3,000 x 20 + 10,000 x 1 + 800 x 50
    # = 12,000 + 25,000 + 60,000 + 10,000 + 40,000 = 147,000
    "fast mode": anthropic("claude-opus-4-8", "0.147", **SONNET, speed="fast"),
    # gpt-5.1: input 1.25, cached 0.125, output 10 (reasoning as output).
    # 4,000 x 1.25 + 6,000 x 0.125 + 1,500 x 10 = 5,000 + 750 + 15,000
    "reasoning": openai("gpt-5.1", "0.02075", "default", **GPT_5_1),
    # and a thousand searches 10: 3 x 10 / 1,000 = 0.03
    "searches of the responses API": responses(
        "gpt-5.1",
        "0.05075",
        3,
        input_tokens=10_000,
        input_tokens_details={"cached_tokens": 6_000},
        output_tokens=1_500,
        output_tokens_details={"reasoning_tokens": 900},
    ),
    # flex: 0.625, 0.0625, 5; priority: 2.50, 0.25, 20; batch: 0.625, 0.0625, 5
    "flex": openai("gpt-5.1", "0.010375", "flex", **GPT_5_1),
    "priority": openai("gpt-5.1", "0.0415", "priority", **GPT_5_1),
    # 4,000 x 0.625 + 6,000 x 0.0625 + 1,500 x 5 = 2,500 + 375 + 7,500
    "batch of OpenAI": openai("gpt-5.1", "0.010375", "batch", **GPT_5_1),
    # gpt-audio: input 2.50, output 10, audio in 32, audio out 64.
    # 100 x 2.50 + 900 x 32 + 100 x 10 + 400 x 64 = 250 + 28,800 + 1,000 + 25,600
    "audio": openai("gpt-audio", "0.05565", **SPOKEN),
    # gemini-2.5-flash: input 0.30, audio 1, cached 0.03, output 2.50 (thoughts as output).
    # 3,800 x 0.30 + 1,200 x 1 + 1,000 x 2.50 = 1,140 + 1,200 + 2,500
    "audio and thoughts": gemini(
        "gemini-2.5-flash",
        "0.00484",
        promptTokenCount=5_000,
        promptTokensDetails=[
            {"modality": "TEXT", "tokenCount": 3_800},
            {"modality": "AUDIO", "tokenCount": 1_200},
        ],
        candidatesTokenCount=400,
        thoughtsTokenCount=600,
    ),
    # gemini-2.5-flash: cached audio 0.10.
    # 6,000 input: 800 audio, 3,000 cached with 500 of the audio.
    # 2,700 x 0.30 + 2,500 x 0.03 + 300 x 1 + 500 x 0.10 + 400 x 2.50
    # = 810 + 75 + 300 + 50 + 1,000
    "cached audio": gemini(
        "gemini-2.5-flash",
        "0.002235",
        promptTokenCount=6_000,
        promptTokensDetails=[
            {"modality": "TEXT", "tokenCount": 5_200},
            {"modality": "AUDIO", "tokenCount": 800},
        ],
        cachedContentTokenCount=3_000,
        cacheTokensDetails=[
            {"modality": "TEXT", "tokenCount": 2_500},
            {"modality": "AUDIO", "tokenCount": 500},
        ],
        candidatesTokenCount=400,
    ),
    # gemini-3-pro-image: input 2, output 12, images 120.
    # 1,000 x 2 + (180 + 200) x 12 + 1,120 x 120 = 2,000 + 4,560 + 134,400
    "images": gemini(
        "gemini-3-pro-image-preview",
        "0.14096",
        promptTokenCount=1_000,
        promptTokensDetails=[{"modality": "TEXT", "tokenCount": 1_000}],
        candidatesTokenCount=1_300,
        candidatesTokensDetails=[{"modality": "IMAGE", "tokenCount": 1_120}],
        thoughtsTokenCount=200,
    ),
}


@pytest.mark.parametrize("golden", GOLDEN.values(), ids=GOLDEN)
def test_an_answer_costs_what_its_price_row_says(golden: Golden) -> None:
    facts = golden.plugin.read_answer(json.dumps(golden.answer).encode())
    assert facts.usage is not None
    prices = PriceBook({golden.vendor: PriceList(PublicPrices().get(golden.vendor))})
    called = CalledModel("p", golden.vendor, facts.model)
    context = tier_context(facts.service_tier)
    charge = prices.charge(called, facts.usage, int(AT.timestamp()) * 10**9, context)
    assert charge is not None
    assert charge.cost == golden.cost


@pytest.mark.parametrize("golden", GOLDEN.values(), ids=GOLDEN)
def test_the_library_computes_the_same_from_the_same_answer(golden: Golden) -> None:
    """It reads the usage of the answer, too, but no searches of the responses API."""
    facts = golden.plugin.read_answer(json.dumps(golden.answer).encode())
    vendor = LIBRARY[golden.vendor]
    model = vendor.find_model(facts.model)
    assert model is not None
    _, usage = vendor.extract_usage(golden.answer, api_flavor=golden.flavor)
    if golden.flavor == "responses":
        assert facts.usage is not None
        usage.web_searches = facts.usage.web_searches
    context = tier_context(facts.service_tier)
    price = model.calc_price(usage, vendor, genai_request_timestamp=AT, price_context=context)
    assert price.total_price == golden.cost
