"""What facts rule out: only what is certain, and the quick search never overlooks it."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.errors import InvalidRequest
from penstock.plugins.surfaces.anthropic import AnthropicSurface
from penstock.plugins.surfaces.gemini import GeminiSurface
from penstock.rules.models.facts import FactSource, KnownFacts, Modality, ModelFacts, VendorFacts
from penstock.rules.models.limits import ModelLimits
from penstock.rules.wire.openai.request_reader import read_request
from penstock.spi.surface import Surface

SOURCE = (FactSource("https://example.org/models", date(2026, 11, 29)),)
TEXT = (Modality.TEXT,)
BLIND = ModelFacts(("blind",), SOURCE, inputs=TEXT, outputs=TEXT)
NO_TOOLS = ModelFacts(("plain",), SOURCE, tools=False)
SHORT = ModelFacts(("short",), SOURCE, output_tokens=4096)
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
AUDIO = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def limits(
    facts: ModelFacts, *, by_vendor: bool = True, enforced: bool = True
) -> ModelLimits | None:
    vendor = VendorFacts("acme", (facts,), rejects_larger_output=enforced)
    return ModelLimits.of(KnownFacts(facts, vendor, by_vendor))


def request(*parts: dict[str, Any], **members: object) -> bytes:
    content = [{"type": "text", "text": "Hello"}, *parts]
    return json.dumps({"messages": [{"role": "user", "content": content}], **members}).encode()


def rejection(found: ModelLimits | None, body: bytes) -> InvalidRequest | None:
    """The error of a request that passes as bytes."""
    if found is None or not found.may_concern(body):
        return None
    try:
        conversation = read_request(body)
    except InvalidRequest:
        return None
    try:
        found.require(conversation, "acme/it")
    except InvalidRequest as error:
        return error
    return None


@pytest.mark.parametrize(
    ("facts", "body", "message"),
    [
        (BLIND, request(IMAGE), "acme/it cannot read images."),
        (BLIND, request(AUDIO), "acme/it cannot read audio."),
        (NO_TOOLS, request(tools=[TOOL]), "acme/it cannot call tools."),
        (
            SHORT,
            request(max_tokens=4097),
            "acme/it writes at most 4096 tokens; the request allows 4097.",
        ),
        (SHORT, request(max_completion_tokens=10**9), "acme/it writes at most 4096 tokens"),
    ],
)
def test_what_the_model_cannot_do_is_rejection(
    facts: ModelFacts, body: bytes, message: str
) -> None:
    error = rejection(limits(facts), body)
    assert error is not None
    assert error.message.startswith(message)
    assert error.code == "unsupported_by_model"
    assert "https://example.org/models (2026-11-29)" in error.hint


@pytest.mark.parametrize(
    ("facts", "body"),
    [
        (BLIND, request()),
        (BLIND, request({"type": "file", "file": {"file_data": "JVBE", "filename": "a.pdf"}})),
        (BLIND, request({"type": "text", "text": '{"image_url": "a"}'})),
        (BLIND, request(tools=[TOOL])),
        (BLIND, b'{"messages": "no list", "image_url": "'),
        (NO_TOOLS, request(IMAGE)),
        (NO_TOOLS, request({"type": "text", "text": "tools"})),
        (SHORT, request(max_tokens=4096)),
        (SHORT, request({"type": "text", "text": '"max_tokens": 5000'})),
        (SHORT, request(max_tokens=5000.5)),
    ],
)
def test_what_is_not_certain_is_left_to_the_provider(facts: ModelFacts, body: bytes) -> None:
    found = limits(facts)
    assert found is not None
    assert rejection(found, body) is None


def test_a_schema_that_looks_like_a_limit_is_read_and_passes() -> None:
    schema = {"type": "object", "properties": {"max_tokens": 9999, "image_url": {}}}
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    for facts in (BLIND, SHORT):
        found = limits(facts)
        assert found is not None
        assert rejection(found, request(tools=[tool])) is None


@pytest.mark.parametrize("first", [True, False])
def test_the_limit_of_a_large_request_is_found_at_both_ends(first: bool) -> None:
    text = {"messages": [{"role": "user", "content": "x" * 100_000}]}
    limit = {"max_tokens": 5000}
    found = limits(SHORT)
    assert found is not None
    assert rejection(found, json.dumps(limit | text if first else text | limit).encode())
    assert not rejection(found, json.dumps(text).encode())


@pytest.mark.parametrize("first", [True, False])
def test_an_image_in_a_large_request_is_found_at_both_ends(first: bool) -> None:
    text = {"type": "text", "text": "x " * 100_000}
    content = [IMAGE, text] if first else [text, IMAGE]
    found = limits(BLIND)
    assert found is not None
    body = json.dumps({"messages": [{"role": "user", "content": content}]}).encode()
    assert rejection(found, body)
    assert not found.may_concern(json.dumps({"messages": [{"content": [text]}]}).encode())


def test_unknown_facts_rule_nothing_out() -> None:
    assert limits(ModelFacts(("m",), SOURCE)) is None
    assert limits(ModelFacts(("m",), SOURCE, inputs=tuple(Modality), tools=True)) is None
    assert limits(SHORT, enforced=False) is None
    assert limits(BLIND, by_vendor=False) is None
    assert ModelLimits.of(None) is None


def test_images_in_the_results_of_tools_count() -> None:
    found = limits(BLIND)
    assert found is not None
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": [IMAGE]},
    ]
    error = rejection(found, json.dumps({"messages": messages}).encode())
    assert error is not None
    assert "images" in error.message


def test_requests_of_anthropics_format_are_judged_alike() -> None:
    image = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
    question = {"role": "user", "content": [{"type": "image", "source": image}]}
    plain = {"model": "m", "max_tokens": 4096, "messages": [{"role": "user", "content": "Hi"}]}
    bodies = {
        "images": (BLIND, plain | {"messages": [question]}),
        "tools": (NO_TOOLS, plain | {"tools": [{"name": "f", "input_schema": {}}]}),
        "4097": (SHORT, plain | {"max_tokens": 4097}),
    }
    require_judged(AnthropicSurface(), plain, bodies)


def test_requests_of_geminis_format_are_judged_alike() -> None:
    image = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    plain = {
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "generationConfig": {"maxOutputTokens": 4096},
    }
    bodies = {
        "images": (BLIND, plain | {"contents": [{"role": "user", "parts": [image]}]}),
        "tools": (NO_TOOLS, plain | {"tools": [{"functionDeclarations": [{"name": "f"}]}]}),
        "4097": (SHORT, plain | {"generationConfig": {"maxOutputTokens": 4097}}),
    }
    require_judged(GeminiSurface(), plain, bodies)


def require_judged(
    surface: Surface, plain: dict[str, Any], bodies: dict[str, tuple[ModelFacts, dict[str, Any]]]
) -> None:
    """Each body is refused with its word; the plain one is not even read."""
    for word, (facts, document) in bodies.items():
        found = limits(facts)
        assert found is not None
        assert not found.may_concern(json.dumps(plain).encode())
        body = json.dumps(document).encode()
        assert found.may_concern(body)
        with pytest.raises(InvalidRequest, match=word):
            found.require(surface.read_conversation(body), "m")


JSON_TEXT = st.text(max_size=40)


@given(
    st.lists(st.sampled_from([IMAGE, AUDIO]), max_size=3),
    st.lists(JSON_TEXT, max_size=3),
    st.integers(1, 10_000),
    st.booleans(),
    st.sampled_from([(",", ":"), (", ", ": "), (" , ", " :\n")]),
)
def test_the_quick_search_finds_all_that_reading_finds(
    media: list[dict[str, Any]],
    texts: list[str],
    most: int,
    tools: bool,
    separators: tuple[str, str],
) -> None:
    """With any spacing, and any other text around it."""
    parts = [*media, *({"type": "text", "text": text} for text in texts)]
    document: dict[str, Any] = {
        "messages": [{"role": "user", "content": parts}],
        "max_tokens": most,
    }
    if tools:
        document["tools"] = [TOOL]
    body = json.dumps(document, separators=separators).encode()
    for facts in (BLIND, NO_TOOLS, SHORT):
        found = limits(facts)
        assert found is not None
        try:
            found.require(read_request(body), "m")
        except InvalidRequest:
            assert found.may_concern(body), facts.names
