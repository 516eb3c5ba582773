"""A real model, called directly and through the gateway: the answers are equal."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI

from real_model.conftest import MODEL, Penstock

pytestmark = [pytest.mark.real_model, pytest.mark.timeout(300)]

PROMPTS = (
    "What is a penstock?",
    "水は高いところから低いところへ流れる。",
    "Größer wird der Druck: " * 40,
)


@pytest.fixture
def direct(model_server: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=model_server, api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def through(penstock: Penstock) -> Iterator[OpenAI]:
    with OpenAI(base_url=penstock.base_url, api_key=penstock.key, max_retries=0) as client:
        yield client


def chat_request(prompt: str, model: str = MODEL, **more: Any) -> dict[str, Any]:
    """A request with greedy decoding, so that the answer is deterministic."""
    messages = [{"role": "user", "content": prompt}]
    return {"model": model, "messages": messages, "temperature": 0, "max_tokens": 48, **more}


def stream(client: OpenAI, **request: Any) -> tuple[str, Any, str | None]:
    """Reads a stream; returns text, usage and finish reason."""
    text, usage, finish = "", None, None
    with client.chat.completions.create(**request, stream=True) as chunks:
        for chunk in chunks:
            usage = chunk.usage or usage
            for choice in chunk.choices:
                text += choice.delta.content or ""
                finish = choice.finish_reason or finish
    return text, usage, finish


def test_the_server_behaves_as_documented(model_server: str, direct: OpenAI) -> None:
    """docs/providers.md, section `transformers serve`: the quirks depend on it."""
    assert [model.id for model in direct.models.list()] == [MODEL]
    body = json.dumps(chat_request(PROMPTS[0], stream=True)).encode()
    request = urllib.request.Request(
        f"{model_server}/chat/completions", body, {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        events = [e for e in answer.read().decode().split("\n\n") if e]
    last = json.loads(events[-1].removeprefix("data: "))
    assert last["choices"][0]["finish_reason"] == "length"
    assert last["usage"]["completion_tokens"] == 48
    with pytest.raises(openai.UnprocessableEntityError):
        direct.chat.completions.create(**chat_request("x"), extra_body={"unheard_of": 1})


@pytest.mark.parametrize("prompt", PROMPTS, ids=["ascii", "japanese", "long"])
def test_the_answer_through_the_gateway_is_the_same(
    direct: OpenAI, through: OpenAI, prompt: str
) -> None:
    expected = direct.chat.completions.create(**chat_request(prompt))
    assert expected.choices[0].message.content
    got = through.chat.completions.create(**chat_request(prompt, f"local/{MODEL}"))
    assert got.choices == expected.choices
    assert got.usage == expected.usage
    assert got.model == expected.model == f"{MODEL}@main"


@pytest.mark.parametrize("prompt", PROMPTS, ids=["ascii", "japanese", "long"])
def test_the_stream_through_the_gateway_is_the_same(
    direct: OpenAI, through: OpenAI, prompt: str
) -> None:
    whole = direct.chat.completions.create(**chat_request(prompt))
    expected = stream(direct, **chat_request(prompt))
    got = stream(through, **chat_request(prompt, f"local/{MODEL}"))
    assert got == expected
    assert got[0] == whole.choices[0].message.content
    assert got[1] == whole.usage


@pytest.mark.parametrize("streamed", [False, True], ids=["unary", "stream"])
def test_the_trace_has_the_text_and_the_token_counts(
    through: OpenAI, penstock: Penstock, *, streamed: bool
) -> None:
    request = chat_request(PROMPTS[0], f"local/{MODEL}", stream=streamed)
    with through.chat.completions.with_streaming_response.create(**request) as answer:
        trace_id = answer.headers["x-penstock-trace-id"]
        answer.read()
    call, attempt = sorted(penstock.spans(trace_id), key=lambda span: span["kind"], reverse=True)
    direct_text, usage, _ = stream(through, **chat_request(PROMPTS[0], f"local/{MODEL}"))
    assert (call["kind"], attempt["parent_span_id"]) == ("call", call["span_id"])
    assert (call["status"], attempt["status"]) == ("ok", "ok")
    assert call["usage"]["input_tokens"] == usage.prompt_tokens
    assert call["usage"]["output_tokens"] == usage.completion_tokens == 48
    assert call["usage"]["source"] == "provider"
    assert call["cost"] is None  # a private model has no public price
    assert direct_text in json.dumps(call["output"], ensure_ascii=False)
    assert call["attributes"]["gen_ai.response.model"] == f"{MODEL}@main"
    assert call["attributes"]["gen_ai.response.finish_reasons"] == ["length"]


def test_without_the_quirk_a_stream_without_terminator_fails(
    through: OpenAI, penstock: Penstock
) -> None:
    """The stream may be incomplete, unless a quirk declares that the provider omits `[DONE]`."""
    with pytest.raises((openai.APIError, openai.APIConnectionError)):
        stream(through, **chat_request(PROMPTS[0], f"strict/{MODEL}"))
    whole = through.chat.completions.create(**chat_request(PROMPTS[0], f"strict/{MODEL}"))
    assert whole.choices[0].finish_reason == "length"


def test_an_error_of_the_server_is_passed_on(through: OpenAI) -> None:
    with pytest.raises(openai.UnprocessableEntityError):
        through.chat.completions.create(
            **chat_request("x", f"local/{MODEL}"), extra_body={"unheard_of": 1}
        )
