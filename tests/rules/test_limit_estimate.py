"""The estimate of a call: above what it uses, and of bounded cost to compute."""

import base64
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.call import Operation, Usage, UsageSource
from penstock.rules.limits.estimate import EstimatedTokens, estimate_cost, estimate_tokens
from penstock.rules.limits.index import nano_usd
from penstock.rules.models.facts import ModelFacts
from penstock.rules.prices.charge import compile_rates
from penstock.rules.prices.price import UnitPrice

CHAT = Operation.CHAT
FACTS = ModelFacts(("gpt",), (), context_tokens=1000, output_tokens=500)


def output(request: object, facts: ModelFacts | None = None) -> int:
    return estimate_tokens(json.dumps(request).encode(), CHAT, facts).output


@pytest.mark.parametrize(
    ("request_", "tokens"),
    [
        ({"max_tokens": 100}, 100),
        ({"max_completion_tokens": 200}, 200),
        ({"max_output_tokens": 300}, 300),
        ({"generationConfig": {"maxOutputTokens": 400}}, 400),
        ({"generation_config": {"max_output_tokens": 401}}, 401),
        ({"max_tokens": 100, "max_completion_tokens": 200}, 200),
        ({"max_tokens": 100, "n": 3}, 300),
        ({"max_tokens": 100, "n": 2, "best_of": 5}, 500),
        ({"generationConfig": {"maxOutputTokens": 10, "candidateCount": 4}}, 40),
        ({}, 4096),
        ({"max_tokens": None}, 4096),
        ({"max_tokens": "many"}, 4096),
        ({"metadata": {"max_tokens": 1}}, 4096),
        ({"messages": [{"content": '"max_tokens": 1'}]}, 4096),
        ([], 4096),
    ],
)
def test_the_output_is_the_limit_of_the_request(request_: object, tokens: int) -> None:
    assert output(request_) == tokens


def test_the_output_is_at_most_what_the_model_writes() -> None:
    assert output({}, FACTS) == 500
    assert output({"max_tokens": 10_000}, FACTS) == 500
    assert output({"max_tokens": 10, "n": 2}, FACTS) == 20


@pytest.mark.parametrize("value", [10**30, -1, True, [], {}, 1e300, "9"])
def test_hostile_limits_are_bounded(value: object) -> None:
    for name in ("max_tokens", "n", "generationConfig"):
        assert 0 < output({name: value}) <= 2**40


@given(st.binary(max_size=200))
def test_any_body_has_an_estimate(body: bytes) -> None:
    tokens = estimate_tokens(body, CHAT)
    assert tokens.input == -(-len(body) // 3)
    assert tokens.output > 0


def test_an_image_counts_as_a_medium_and_a_text_of_any_language_does_not() -> None:
    image = base64.b64encode(bytes(range(256)) * 800).decode()
    with_image = json.dumps({"messages": [{"image_url": image}]}).encode()
    assert 1_600 <= estimate_tokens(with_image, CHAT).input < 3_000
    text = json.dumps({"content": "水" * 20_000}, ensure_ascii=False).encode()
    assert estimate_tokens(text, CHAT).input >= 20_000
    words = json.dumps({"content": "word " * 20_000}).encode()
    assert estimate_tokens(words, CHAT).input >= 33_000


def test_the_input_is_at_most_the_context_of_the_model() -> None:
    assert estimate_tokens(b"x" * 9000, CHAT, FACTS).input == 1000


@pytest.mark.parametrize("operation", [Operation.COUNT_TOKENS, Operation.MODERATION])
def test_what_costs_nothing_is_estimated_at_nothing(operation: str) -> None:
    assert estimate_tokens(b"x" * 9000, operation) == EstimatedTokens()


def test_embeddings_write_nothing() -> None:
    assert estimate_tokens(b"x" * 9000, Operation.EMBEDDINGS).output == 0


@given(
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.booleans(),
)
def test_the_cost_is_above_that_of_any_usage_within_the_estimate(
    input_tokens: int, output_tokens: int, part: int, cached: bool
) -> None:
    rates = compile_rates(
        "p",
        [
            UnitPrice("input_tokens", Decimal(3)),
            UnitPrice("output_tokens", Decimal(15)),
            UnitPrice("cache_read_tokens", Decimal("0.3")),
            UnitPrice("cache_write_tokens", Decimal("3.75")),
            UnitPrice("cache_write_1h_tokens", Decimal(6)),
        ],
    )
    body = b'{"cache_control": {}}' if cached else b"{}"
    most = estimate_cost(rates, EstimatedTokens(input_tokens, output_tokens), body)
    assert most is not None
    part = min(part, input_tokens)
    counts = {"cache_write_tokens": part, "cache_write_1h_tokens": part} if cached else {}
    usage = Usage(
        input_tokens,
        output_tokens,
        cache_read_tokens=input_tokens - part,
        source=UsageSource.PROVIDER,
        **counts,
    )
    charge = rates.charge(usage)
    assert charge is not None
    assert nano_usd(charge.cost) <= most


def test_a_model_without_a_price_has_no_cost() -> None:
    assert estimate_cost(None, EstimatedTokens(1, 1), b"") is None


HOUR = UnitPrice("input_audio_seconds", Decimal("0.36"), per=3600)
SEARCH = UnitPrice("rerank_searches", Decimal(2), per=1000)
INPUT = UnitPrice("input_tokens", Decimal(5))
LETTER = UnitPrice("input_characters", Decimal(15))
IMAGE = UnitPrice("output_image_tokens", Decimal(32))
FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + bytes(160_000)


def test_a_file_in_a_form_is_no_text() -> None:
    tokens = estimate_tokens(FORM, Operation.TRANSCRIPTION)
    assert 1_600 <= tokens.input < 2_000
    assert tokens.seconds >= 80  # 16 kbit/s


@pytest.mark.parametrize(
    ("operation", "body", "prices", "cost"),
    [
        (Operation.TRANSCRIPTION, b"--b" + bytes(7_197), [HOUR], Decimal("0.0008")),
        (Operation.TRANSCRIPTION, b"--b" + bytes(7_197), [INPUT], Decimal("0.008")),
        (Operation.RERANK, b"x" * 9_000, [SEARCH], Decimal("0.006")),
        (Operation.RERANK, b"x" * 9_000, [INPUT], Decimal("0.015")),
        (Operation.IMAGE_GENERATION, b'{"n":2}', [IMAGE], Decimal(12_480 * 32) / 1_000_000),
        (Operation.IMAGE_GENERATION, b'{"n":2}', [SEARCH], None),
        (Operation.CHAT, b"{}", [HOUR], None),
        (Operation.SPEECH, b'{"input":"abcd"}', [LETTER], Decimal("0.00006")),
        (Operation.SPEECH, b'{"input":4}', [LETTER], None),
    ],
)
def test_the_highest_cost_is_in_the_unit_that_has_a_price(
    operation: Operation, body: bytes, prices: list[UnitPrice], cost: Decimal | None
) -> None:
    rates = compile_rates("test", prices)
    found = estimate_cost(rates, estimate_tokens(body, operation), body)
    assert found == (None if cost is None else nano_usd(cost))
