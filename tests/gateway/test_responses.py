"""The Responses API, by the official SDK: a provider that serves it gets the caller's bytes, any
other one gets the request as chat."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest
import pytest_asyncio
from openai import AsyncOpenAI
from openai.types.responses import Response
from pydantic import BaseModel

from gateway import responses_api as api
from gateway.conftest import Rig
from gateway.homes import make_home, provider
from gateway.http_client import Answer, call
from gateway.raw_upstream import STREAM_HEAD, Script, answers, chunk, raw_upstream, unary
from gateway.worker import worker
from penstock.rules.call import CallStatus, UsageSource

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIXTURES = Path(__file__).parent / "fixtures"
OWN = "up/small"  # of the provider that serves the API itself
CHAT = "chat/small"
WEATHER: Any = {
    "type": "function",
    "name": "weather",
    "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}


class Place(BaseModel):
    city: str
    inhabitants: int


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    home = tmp_path_factory.mktemp("responses") / "home"
    async with raw_upstream(answers(unary(b"{}"))) as upstream:
        own = provider(upstream.url, quirks={"responses": "yes"})
        make_home(home, [own, provider(upstream.url, "chat")])
        async with worker(home) as running:
            yield Rig(upstream, running)


@pytest_asyncio.fixture(loop_scope="module")
async def client(rig: Rig) -> AsyncIterator[AsyncOpenAI]:
    async with rig.openai() as opened:
        yield opened


def streamed(*pieces: bytes, end: bytes = b"0\r\n\r\n") -> Script:
    return answers(STREAM_HEAD, *(chunk(piece) for piece in pieces if piece), end, close=True)


def own_id(answer: bytes) -> bytes:
    """The id of a response as the gateway gives it out, in its quotes."""
    found = re.findall(rb'"resp_ps_[^"]+"', answer)
    assert len(set(found)) == 1
    return found[0]


def sent(rig: Rig, at: int = 0) -> dict[str, Any]:
    """A request that the provider got."""
    return json.loads(rig.upstream.seen[at].body)


def path(rig: Rig) -> str:
    return rig.upstream.seen[0].head.split(b" ")[1].decode()


def chat_answer(**message: Any) -> bytes:
    reason = "tool_calls" if "tool_calls" in message else "stop"
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "small-1",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": None, **message},
                "finish_reason": reason,
            }
        ],
        "usage": {
            "prompt_tokens": 14,
            "completion_tokens": 9,
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
    }
    return unary(json.dumps(body).encode())


def chat_stream(name: str) -> Script:
    return streamed((FIXTURES / name).read_bytes())


async def post(rig: Rig, document: dict[str, Any]) -> Answer:
    return await call(rig.worker.url, json.dumps(document).encode(), path="/v1/responses")


async def test_a_provider_of_the_same_dialect_gets_the_callers_bytes(rig: Rig) -> None:
    body = json.dumps(api.response(api.message("Hallo"))).encode()
    rig.answer(answers(unary(body)))
    request = b'{ "input":"Hi","unknown" : [1e2] , "model":"up/small","prompt":{"id":"p"} }'
    answer = await call(rig.worker.url, request, path="/v1/responses")
    body = body.replace(b'"resp_1"', own_id(answer.body))
    assert (answer.status, answer.body) == (200, body)
    assert path(rig) == "/v1/responses"
    assert rig.upstream.seen[0].body == request.replace(b"up/small", b"small")
    end = await rig.end_of(answer.trace_id)
    assert (end.status, end.begin.dialect) == (CallStatus.OK, "responses")
    assert [attempt.dialect for attempt in end.attempts] == ["responses"]
    assert (end.response_id, end.response_model) == ("resp_1", "small-2026-01-01")
    assert (end.finish_reasons, end.response) == (("completed",), body)
    usage = end.usage
    assert (usage.input_tokens, usage.output_tokens, usage.source) == (14, 9, UsageSource.PROVIDER)
    assert (usage.cache_read_tokens, usage.reasoning_tokens) == (4, 2)
    assert float(end.cost) > 0


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_a_stream_of_the_same_dialect_passes_byte_for_byte(rig: Rig, size: int) -> None:
    items = (api.reasoning("Hm", "gAAA"), api.message("Grüße 👋🏽"), api.call("weather", "{}"))
    whole = b"".join(api.events(*items))
    rig.answer(streamed(*(whole[at : at + size] for at in range(0, len(whole), size))))
    answer = await post(rig, {"model": OWN, "input": "Hi", "stream": True})
    given = own_id(answer.body)
    assert (answer.status, answer.whole) == (200, True)
    assert answer.body == whole.replace(b'"resp_1"', given)
    end = await rig.end_of(answer.trace_id)
    assert json.loads(end.response) == api.response(*items, id=json.loads(given))
    assert end.response_id == "resp_1"
    assert (end.finish_reasons, end.usage.output_tokens) == (("completed",), 9)


@pytest.mark.parametrize("model", [OWN, CHAT])
async def test_a_whole_answer_is_the_same_for_the_sdk(
    rig: Rig, client: AsyncOpenAI, model: str
) -> None:
    own = unary(json.dumps(api.response(api.message("Hallo"))).encode())
    rig.answer(answers(own if model == OWN else chat_answer(content="Hallo")))
    answer = await client.responses.create(model=model, input="Hi", instructions="Be kind.")
    assert isinstance(answer, Response)
    assert (answer.output_text, answer.status) == ("Hallo", "completed")
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.total_tokens) == (14, 23)
    assert answer.usage.input_tokens_details.cached_tokens == 4
    assert answer.usage.output_tokens_details.reasoning_tokens == 2
    Response.model_validate(answer.model_dump(), strict=False)


async def test_a_chat_provider_gets_the_request_as_chat(rig: Rig, client: AsyncOpenAI) -> None:
    rig.answer(answers(chat_answer(content="{}")))
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    image = {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"}
    await client.responses.create(
        model=CHAT,
        instructions="Be kind.",
        input=[
            {"role": "user", "content": [{"type": "input_text", "text": "Hi"}, image]},  # pyright: ignore[reportArgumentType] - as plain JSON
        ],
        tools=[WEATHER],
        tool_choice="required",
        text={"format": {"type": "json_schema", "name": "n", "schema": schema, "strict": True}},
        reasoning={"effort": "low"},
        max_output_tokens=50,
        store=False,
        include=["reasoning.encrypted_content"],
        truncation="auto",
    )
    url = {"url": "data:image/png;base64,AAAA", "detail": "low"}
    function = {name: WEATHER[name] for name in ("name", "description", "parameters", "strict")}
    assert sent(rig) == {
        "model": "small",
        "messages": [
            {"role": "system", "content": "Be kind."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Hi"},
                    {"type": "image_url", "image_url": url},
                ],
            },
        ],
        "tools": [{"type": "function", "function": function}],
        "tool_choice": "required",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "n", "schema": schema, "strict": True},
        },
        "reasoning_effort": "low",
        "max_completion_tokens": 50,
        "store": False,
    }
    assert path(rig) == "/v1/chat/completions"


@pytest.mark.parametrize("model", [OWN, CHAT])
async def test_the_sdk_accumulates_a_stream(rig: Rig, client: AsyncOpenAI, model: str) -> None:
    text = "Grüße aus Köln 👋🏽 — ça va?"
    own = streamed(*api.events(api.message(text)))
    rig.answer(own if model == OWN else chat_stream("text.sse"))
    async with client.responses.stream(model=model, input="Hi") as stream:
        seen = [event async for event in stream]
        answer = await stream.get_final_response()
    assert (answer.output_text, answer.status) == (text, "completed")
    assert [event.sequence_number for event in seen] == list(range(len(seen)))
    assert "".join(e.delta for e in seen if e.type == "response.output_text.delta") == text
    names = [event.type for event in seen if event.type != "response.output_text.delta"]
    assert names == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert answer.usage is not None
    assert answer.usage.input_tokens == 14


@pytest.mark.parametrize("model", [OWN, CHAT])
@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_is_parsed_as_a_pydantic_model(
    rig: Rig, client: AsyncOpenAI, model: str, *, stream: bool
) -> None:
    text = '{"city":"Köln","inhabitants":1073096}'
    own = api.message(text)
    if stream:
        delta = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}]}
        chat = b"data: " + json.dumps(delta).encode() + b"\n\ndata: [DONE]\n\n"
        rig.answer(streamed(*api.events(own)) if model == OWN else streamed(chat))
        async with client.responses.stream(
            model=model, input="Where?", text_format=Place
        ) as events:
            answer = await events.get_final_response()
    else:
        whole = unary(json.dumps(api.response(own)).encode())
        rig.answer(answers(whole if model == OWN else chat_answer(content=text)))
        answer = await client.responses.parse(model=model, input="Where?", text_format=Place)
    assert answer.output_parsed == Place(city="Köln", inhabitants=1073096)
    form = sent(rig)["text"]["format"] if model == OWN else sent(rig)["response_format"]
    assert form["type"] == "json_schema"


@pytest.mark.parametrize("stream", [False, True])
async def test_tools_are_called_over_two_turns(
    rig: Rig, client: AsyncOpenAI, *, stream: bool
) -> None:
    arguments = '{"city":"Zürich","unit":"°C"}'
    function = {"name": "weather", "arguments": arguments}
    history: list[Any] = [{"role": "user", "content": "Weather?"}]
    if stream:
        rig.answer(chat_stream("tools.sse"))
        async with client.responses.stream(model=CHAT, input=history, tools=[WEATHER]) as events:
            answer: Response = await events.get_final_response()
    else:
        calls = [{"id": "call_1", "type": "function", "function": function}]
        rig.answer(answers(chat_answer(tool_calls=calls)))
        answer = await client.responses.create(model=CHAT, input=history, tools=[WEATHER])
    called = answer.output[-1]
    assert called.type == "function_call"
    assert (called.name, json.loads(called.arguments)) == ("weather", json.loads(arguments))
    history += [item.model_dump(exclude_none=True) for item in answer.output]
    history.append({"type": "function_call_output", "call_id": called.call_id, "output": "21 °C"})
    rig.answer(answers(chat_answer(content="Warm")))
    second = await client.responses.create(model=CHAT, input=history, tools=[WEATHER])
    assert second.output_text == "Warm"
    messages = sent(rig)["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "tool"]
    assert messages[1]["tool_calls"][0]["function"] == {**function, "arguments": called.arguments}
    assert messages[2] == {"role": "tool", "tool_call_id": called.call_id, "content": "21 °C"}


@pytest.mark.parametrize("stream", [False, True])
async def test_reasoning_of_another_provider_goes_out_sealed_and_comes_back(
    rig: Rig, client: AsyncOpenAI, *, stream: bool
) -> None:
    if stream:
        deltas = ({"reasoning_content": "Hm"}, {"reasoning_content": "m"}, {"content": "Hi"})
        chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
        last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        pieces = [b"data: " + json.dumps(one).encode() + b"\n\n" for one in (*chunks, last)]
        rig.answer(streamed(*pieces, b"data: [DONE]\n\n"))
        async with client.responses.stream(model=CHAT, input="Hi") as events:
            answer: Response = await events.get_final_response()
    else:
        rig.answer(answers(chat_answer(reasoning_content="Hmm", content="Hi")))
        answer = await client.responses.create(model=CHAT, input="Hi")
    thought = answer.output[0]
    assert thought.type == "reasoning"
    assert [part.text for part in thought.summary] == ["Hmm"]
    assert thought.encrypted_content
    history: list[Any] = [item.model_dump(exclude_none=True) for item in answer.output]
    rig.answer(answers(chat_answer(content="Bye")))
    await client.responses.create(model=CHAT, input=[*history, {"role": "user", "content": "Bye"}])
    assert sent(rig)["messages"][0] == {
        "role": "assistant",
        "content": "Hi",
        "reasoning_content": "Hmm",
    }
    rig.answer(answers(unary(json.dumps(api.response(api.message("Bye"))).encode())))
    other = await post(rig, {"model": OWN, "input": history})
    assert sent(rig)["input"] == [{"role": "assistant", "content": "Hi"}]
    assert other.headers["x-penstock-translation"] == "dropped=reasoning"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("previous_response_id", "resp_1"),
        ("conversation", "conv_1"),
        ("prompt", {"id": "pmpt_1"}),
        ("background", True),
    ],
)
async def test_what_only_the_provider_keeps_is_rejected_elsewhere(
    rig: Rig, name: str, value: Any
) -> None:
    rig.answer(answers(unary(b"{}")))
    answer = await post(rig, {"model": CHAT, "input": "Hi", name: value})
    error = json.loads(answer.body)["error"]
    assert (answer.status, error["code"], error["param"]) == (400, "not_translatable", name)
    assert rig.upstream.seen == []
    rig.answer(answers(unary(json.dumps(api.response(status="queued")).encode())))
    answer = await post(rig, {"model": OWN, "input": "Hi", name: value})
    if not isinstance(value, str):
        assert (answer.status, sent(rig)[name]) == (200, value)
    else:
        codes = {
            "previous_response_id": (404, "response_not_found"),
            "conversation": (400, "conversation_not_served"),
        }
        assert (answer.status, answer.error["code"]) == codes[name]
        assert rig.upstream.seen == []


async def test_tools_of_the_provider_are_rejected_elsewhere(rig: Rig) -> None:
    rig.answer(answers(unary(b"{}")))
    tools = [WEATHER, {"type": "web_search"}]
    answer = await post(rig, {"model": CHAT, "input": "Hi", "tools": tools})
    assert (answer.status, json.loads(answer.body)["error"]["param"]) == (400, "tools.1")


@pytest.mark.parametrize("model", [OWN, CHAT])
async def test_errors_are_those_of_the_sdk(rig: Rig, client: AsyncOpenAI, model: str) -> None:
    error = {"error": {"message": "too long", "type": "invalid_request_error", "code": "c"}}
    rig.answer(answers(unary(json.dumps(error).encode(), "400 Bad")))
    with pytest.raises(openai.BadRequestError, match="too long") as caught:
        await client.responses.create(model=model, input="Hi")
    assert caught.value.code == "c"
    with pytest.raises(openai.AuthenticationError):
        await client.with_options(api_key="pk_wrong").responses.create(model=model, input="Hi")
    with pytest.raises(openai.NotFoundError, match="This project has no response 'resp_1'"):
        await client.responses.retrieve("resp_1")


@pytest.mark.parametrize("model", [OWN, CHAT])
async def test_a_cut_stream_raises_in_the_sdk(rig: Rig, client: AsyncOpenAI, model: str) -> None:
    whole = b"".join(api.events(api.message("x" * 100)))
    if model == CHAT:
        whole = (FIXTURES / "text.sse").read_bytes()
    rig.answer(streamed(whole[: len(whole) // 2]))
    with pytest.raises(openai.APIError, match="before it was complete"):
        async with client.responses.stream(model=model, input="Hi") as events:
            await events.get_final_response()


async def test_an_answer_that_was_cut_by_its_limit_is_incomplete(
    rig: Rig, client: AsyncOpenAI
) -> None:
    delta = {"choices": [{"index": 0, "delta": {"content": "Hal"}, "finish_reason": "length"}]}
    rig.answer(streamed(b"data: " + json.dumps(delta).encode() + b"\n\ndata: [DONE]\n\n"))
    stream = await client.responses.create(model=CHAT, input="Hi", stream=True)
    last = [event async for event in stream][-1]
    assert last.type == "response.incomplete"
    assert last.response.incomplete_details is not None
    assert last.response.incomplete_details.reason == "max_output_tokens"
    assert last.response.output_text == "Hal"
