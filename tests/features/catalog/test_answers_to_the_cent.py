"""From a provider's answer to its cost: amounts worked out by hand, then compared with the library.

The rates are rows of genai-prices 0.2.3 as read on 2026-11-29, in USD for a million tokens. Their
source is the vendor's page: https://www.anthropic.com/pricing#api,
https://developers.openai.com/api/docs/pricing, https://ai.google.dev/gemini-api/docs/pricing.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from genai_prices import Usage as LibraryUsage
from genai_prices.data import providers
from genai_prices.data_units import unit_data

from penstock.features.catalog.public_prices import PublicPrices
from penstock.plugins.providers.anthropic import AnthropicProvider
from penstock.plugins.providers.gemini import GeminiProvider
from penstock.plugins.providers.openai_compatible import OpenAICompatible
from penstock.plugins.providers.openai_responses import OpenAIResponses
from penstock.rules.call import Usage
from penstock.rules.prices.charge import tier_context
from penstock.rules.prices.price_book import CalledModel, PriceBook, PriceList
from penstock.rules.speech import estimate_speech
from penstock.spi.chat import ChatProvider

AT = datetime(2026, 11, 29, tzinfo=UTC)
LIBRARY = {provider.id: provider for provider in providers}


class Golden(NamedTuple):
    """An answer, and what it costs. `flavor`: the library's name of the format. `asked`: the model,
    if the answer does not name it. `context`: what else the price depends on."""

    plugin: ChatProvider
    vendor: str
    flavor: str
    answer: dict[str, Any]
    cost: Decimal
    asked: str = ""
    context: Mapping[str, str] | None = None

    def read(self) -> tuple[str, Usage, Mapping[str, str]]:
        """The model, what was used, and what else the price depends on."""
        facts = self.plugin.read_answer(json.dumps(self.answer).encode())
        assert facts.usage is not None
        context = self.context or tier_context(facts.service_tier)
        return facts.model or self.asked, facts.usage, context


def media(model: str, cost: str, flavor: str, batch: bool = False, **usage: Any) -> Golden:
    """An answer with images, or a transcription."""
    context = {"processing": "batch"} if batch else None
    answer = {"created": 1, "data": [], "text": "", "usage": usage}
    return Golden(OpenAICompatible(), "openai", flavor, answer, Decimal(cost), model, context)


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


def gemini(model: str, cost: str, queries: Sequence[str] = (), **usage: Any) -> Golden:
    grounded = {"content": {"parts": []}, "groundingMetadata": {"webSearchQueries": queries}}
    answer = {"modelVersion": model, "candidates": [grounded], "usageMetadata": usage}
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
IMAGES = {
    "total_tokens": 1_700,
    "input_tokens": 450,
    "input_tokens_details": {"text_tokens": 50, "image_tokens": 400},
    "output_tokens": 1_250,
}
HEARD = {
    "type": "tokens",
    "total_tokens": 1_200,
    "input_tokens": 1_000,
    "input_token_details": {"text_tokens": 100, "audio_tokens": 900},
    "output_tokens": 200,
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
    # gpt-image-1: text in 5, images in 10, output 40, which is images.
    # 50 x 5 + 400 x 10 + 1,250 x 40 = 250 + 4,000 + 50,000
    "an image of gpt-image-1": media("gpt-image-1", "0.05425", "images", **IMAGES),
    # batch: 2.50, 5, 20
    "a batch of images": media("gpt-image-1", "0.027125", "images", batch=True, **IMAGES),
    # gpt-image-1.5: text in 5, images in 8, text out 10, images out 32.
    # 50 x 5 + 400 x 8 + 150 x 10 + 1,100 x 32 = 250 + 3,200 + 1,500 + 35,200
    "an image and text of gpt-image-1.5": media(
        "gpt-image-1.5",
        "0.04015",
        "images",
        **IMAGES,
        output_tokens_details={"text_tokens": 150, "image_tokens": 1_100},
    ),
    # gpt-4o-transcribe: text in 2.50, audio in 6, output 10.
    # 100 x 2.50 + 900 x 6 + 200 x 10 = 250 + 5,400 + 2,000
    "a transcription in tokens": media("gpt-4o-transcribe", "0.00765", "tokens", **HEARD),
    # whisper-1: 0.36 an hour. 90 begun seconds of 89.2: 90 x 0.36 / 3,600
    "a transcription in seconds": media(
        "whisper-1", "0.009", "seconds", type="duration", seconds=89.2
    ),
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
    # gemini-3-flash-preview: input 0.50, output 3; a thousand searches 14. Two different ones, and
    # an empty one, which is free: 2,000 x 0.50 + 500 x 3 = 2,500; 2 x 14 / 1,000 = 0.028
    "searches of Gemini 3": gemini(
        "gemini-3-flash-preview",
        "0.0305",
        ["tide", "", "river", "tide"],
        promptTokenCount=2_000,
        candidatesTokenCount=500,
    ),
    # gemini-2.5-flash: a thousand grounded answers 35, whatever they searched for.
    # 2,000 x 0.30 + 500 x 2.50 = 1,850; 1 x 35 / 1,000 = 0.035
    "searches of Gemini 2.5": gemini(
        "gemini-2.5-flash",
        "0.03685",
        ["tide", "river"],
        promptTokenCount=2_000,
        candidatesTokenCount=500,
    ),
}


@pytest.mark.parametrize("golden", GOLDEN.values(), ids=GOLDEN)
def test_an_answer_costs_what_its_price_row_says(golden: Golden) -> None:
    model, usage, context = golden.read()
    assert charged(golden.vendor, model, usage, context) == golden.cost


@pytest.mark.parametrize("golden", GOLDEN.values(), ids=GOLDEN)
def test_the_library_computes_the_same_from_the_same_answer(golden: Golden) -> None:
    """It reads the usage of the answer, too, but no searches of the responses API and of Gemini,
    and no transcriptions."""
    name, ours, context = golden.read()
    vendor = LIBRARY[golden.vendor]
    model = vendor.find_model(name)
    assert model is not None
    match golden.flavor:
        case "tokens":
            counts = (ours.input_tokens, ours.input_audio_tokens, ours.output_tokens)
            usage = LibraryUsage(
                input_tokens=counts[0], input_audio_tokens=counts[1], output_tokens=counts[2]
            )
        case "seconds":
            seconds = ours.input_audio_seconds
            usage = LibraryUsage(input_audio_seconds=seconds, audio_seconds=seconds)
        case flavor:
            _, usage = vendor.extract_usage({"model": name, **golden.answer}, api_flavor=flavor)
    if golden.flavor == "responses" or golden.vendor == "google":
        usage.web_searches = ours.web_searches
    price = model.calc_price(usage, vendor, genai_request_timestamp=AT, price_context=context)
    assert price.total_price == golden.cost


def charged(vendor: str, model: str, usage: Usage, context: Mapping[str, str]) -> Decimal | None:
    prices = PriceBook({vendor: PriceList(PublicPrices().get(vendor))})
    called = CalledModel("p", vendor, model)
    charge = prices.charge(called, usage, int(AT.timestamp()) * 10**9, context)
    return charge.cost if charge is not None else None


def test_speech_is_priced_by_its_characters_where_the_price_is_for_them() -> None:
    """tts-1: 15 for a million characters, tts-1-hd: 30; gpt-4o-mini-tts has prices of tokens."""
    usage = estimate_speech(json.dumps({"input": "Grüße an alle", "voice": "alloy"}).encode())
    assert usage is not None
    assert usage.input_characters == 13
    # 13 x 15 / 1,000,000
    assert charged("openai", "tts-1", usage, {}) == Decimal("0.000195")
    assert charged("openai", "tts-1-hd", usage, {}) == Decimal("0.00039")
    assert charged("openai", "gpt-4o-mini-tts", usage, {}) is None
    for model, price in (("tts-1", "0.000195"), ("tts-1-hd", "0.00039")):
        found = LIBRARY["openai"].find_model(model)
        assert found is not None
        theirs = LibraryUsage(input_characters=13)
        cost = found.calc_price(theirs, LIBRARY["openai"], genai_request_timestamp=AT)
        assert cost.total_price == Decimal(price)


def test_price_lists_have_no_price_of_an_image() -> None:
    """Models of images have prices of tokens; a price of an image would need a count of images."""
    assert all(unit.endswith("_tokens") for unit in unit_data if "image" in unit)
