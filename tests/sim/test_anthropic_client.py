"""Anthropic's official client against the simulator."""

import asyncio
import base64
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic
from pydantic import BaseModel

from penstock.sim.config import DEFAULT_MODELS
from sim.conftest import Sim

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
QUESTION: Any = [{"role": "user", "content": "What is the value of magic_function of input 3?"}]
MAGIC: Any = {
    "name": "magic_function",
    "description": "Apply a magic function.",
    "input_schema": {
        "type": "object",
        "properties": {"input": {"type": "integer", "exclusiveMinimum": -1000}},
        "required": ["input"],
    },
}
NOTHING: Any = {"name": "stop_all", "input_schema": {"type": "object", "properties": {}}}
THINKING: Any = {"type": "enabled", "budget_tokens": 1024}


class Joke(BaseModel):
    """A joke."""

    setup: str
    punchline: str


@pytest.fixture
def client(sim: Sim) -> Iterator[Anthropic]:
    with Anthropic(base_url=sim.address, api_key="sk-ant-any", max_retries=0) as client:
        yield client


def ask(client: Anthropic, **more: Any) -> anthropic.types.Message:
    request: dict[str, Any] = {
        "model": "sim-small",
        "max_tokens": 4096,
        "messages": QUESTION,
        **more,
    }
    return client.messages.create(**request)


def ask_in_stream(client: Anthropic, **more: Any) -> anthropic.types.Message:
    request: dict[str, Any] = {
        "model": "sim-small",
        "max_tokens": 4096,
        "messages": QUESTION,
        **more,
    }
    with client.messages.stream(**request) as stream:
        return stream.get_final_message()


REQUESTS: dict[str, dict[str, Any]] = {
    "text": {},
    "system": {"system": [{"type": "text", "text": "Answer in verse."}]},
    "tool": {"tools": [MAGIC]},
    "tool without arguments": {"tools": [NOTHING], "tool_choice": {"type": "any"}},
    "parallel": {"tools": [MAGIC], "extra_headers": {"x-sim-tool-calls": "3"}},
    "thinking": {"thinking": THINKING},
    "thinking and tool": {"thinking": THINKING, "tools": [MAGIC]},
    "adaptive": {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
    "omitted": {"thinking": {**THINKING, "display": "omitted"}},
    "schema": {
        "output_config": {
            "format": {
                "type": "json_schema",
                "schema": {
                    "type": "object",
                    "properties": {"answer": {"type": "string"}},
                    "required": ["answer"],
                    "additionalProperties": False,
                },
            }
        }
    },
    "length": {"max_tokens": 3},
    "length in a tool": {"max_tokens": 2, "tools": [MAGIC]},
    "nothing": {"max_tokens": 0},
    "stop": {"stop_sequences": ["simul"]},
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_stream_and_a_document_are_the_same_message(client: Anthropic, name: str) -> None:
    whole = ask(client, **REQUESTS[name])
    streamed = ask_in_stream(client, **REQUESTS[name])
    assert streamed.to_dict() == whole.to_dict() | {"stop_details": None}


def test_text_and_its_usage(client: Anthropic) -> None:
    answer = ask(client, system="Be short.", max_tokens=5)
    assert answer.content[0].type == "text"
    assert (answer.stop_reason, answer.usage.output_tokens) == ("max_tokens", 5)
    stopped = ask(client, stop_sequences=["none", "simul"])
    assert stopped.content[0].to_dict() == {"type": "text", "text": "This is a "}
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", "simul")
    counted = client.messages.count_tokens(model="sim-small", messages=QUESTION, system="Be short.")
    assert counted.input_tokens == answer.usage.input_tokens


def test_tools_over_two_turns(client: Anthropic) -> None:
    first = ask(client, tools=[MAGIC, NOTHING])
    call: Any = first.content[0]
    assert (call.name, call.input, first.stop_reason) == (
        "magic_function",
        {"input": 3},
        "tool_use",
    )
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "5"}
    history = [
        *QUESTION,
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result]},
    ]
    second = ask(client, tools=[MAGIC, NOTHING], messages=history)
    assert (second.content[0].type, second.stop_reason) == ("text", "end_turn")
    forced = ask(client, messages=history, tools=[MAGIC, NOTHING], tool_choice={"type": "any"})
    assert forced.stop_reason == "tool_use"


def test_parallel_calls_unless_they_are_disabled(client: Anthropic) -> None:
    two = {"x-sim-tool-calls": "2"}
    assert len(ask(client, tools=[MAGIC], extra_headers=two).content) == 2
    single = {"type": "auto", "disable_parallel_tool_use": True}
    assert len(ask(client, tools=[MAGIC], extra_headers=two, tool_choice=single).content) == 1
    asked = [{"role": "user", "content": "Call it twice.\nx-sim-tool-calls: 2"}]
    assert len(ask(client, tools=[MAGIC], messages=asked).content) == 2


def test_thinking_is_returned_unchanged_with_a_tool(client: Anthropic) -> None:
    first = ask(client, tools=[MAGIC], thinking=THINKING)
    thought, call = first.content
    assert (thought.type, call.type) == ("thinking", "tool_use")
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "5"}

    def second(blocks: Any) -> anthropic.types.Message:
        history = [
            *QUESTION,
            {"role": "assistant", "content": blocks},
            {"role": "user", "content": [result]},
        ]
        return ask(client, tools=[MAGIC], thinking=THINKING, messages=history)

    assert second([thought, call]).stop_reason == "end_turn"
    with pytest.raises(anthropic.BadRequestError, match="Expected `thinking`"):
        second([call])
    for altered in ({"thinking": "Another."}, {"signature": ""}, {"signature": "c2lnbmVk"}):
        with pytest.raises(anthropic.BadRequestError, match="Invalid `signature` in `thinking`"):
            second([{**thought.to_dict(), **altered}, call])
    unsigned = {"type": "thinking", "thinking": thought.thinking}
    with pytest.raises(anthropic.BadRequestError, match="signature: Field required"):
        second([unsigned, call])


def test_redacted_thinking_is_returned_unchanged(client: Anthropic) -> None:
    magic = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_46C9A13E"
    asked: Any = [{"role": "user", "content": magic}]
    first = ask(client, messages=asked, thinking=THINKING)
    assert [block.type for block in first.content] == ["redacted_thinking", "text"]
    streamed = ask_in_stream(client, messages=asked, thinking=THINKING)
    assert streamed.to_dict()["content"] == first.to_dict()["content"]
    more = [*asked, {"role": "assistant", "content": first.content}, *QUESTION]
    assert ask(client, messages=more).stop_reason == "end_turn"
    more[1] = {
        "role": "assistant",
        "content": [{"type": "redacted_thinking", "data": "x"}, *first.content],
    }
    with pytest.raises(anthropic.BadRequestError, match="redacted_thinking"):
        ask(client, messages=more)


def test_a_structured_answer_parses(client: Anthropic) -> None:
    answer = client.messages.parse(
        model="sim-small",
        max_tokens=500,
        messages=[{"role": "user", "content": "Tell me a joke about 'cats'."}],
        output_format=Joke,
    )
    assert answer.parsed_output is not None
    assert answer.parsed_output.setup == "cats"


def test_media_are_counted(client: Anthropic) -> None:
    image = {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": PNG},
    }
    with_image = [{"role": "user", "content": [*[image] * 2, {"type": "text", "text": "What?"}]}]
    plain = [{"role": "user", "content": [{"type": "text", "text": "What?"}]}]
    usage = ask(client, messages=with_image).usage
    assert usage.input_tokens - ask(client, messages=plain).usage.input_tokens == 2 * 85


def test_a_marked_prefix_is_written_once_and_then_read(client: Anthropic) -> None:
    def call(text: str, ttl: str, *turns: Any) -> anthropic.types.Usage:
        marker = {"type": "ephemeral", "ttl": ttl}
        system = [{"type": "text", "text": text * 8000, "cache_control": marker}]
        last = {"type": "text", "text": "z" * 400, "cache_control": {"type": "ephemeral"}}
        asked = [*QUESTION, *turns, {"role": "user", "content": [last]}]
        return ask(client, system=system, messages=asked).usage

    first, again = call("x", "1h"), call("x", "1h")
    assert first.cache_creation
    assert again.cache_creation
    assert (first.cache_read_input_tokens, first.cache_creation.ephemeral_1h_input_tokens) == (
        0,
        2000,
    )
    written = first.cache_creation.ephemeral_5m_input_tokens
    assert first.cache_creation_input_tokens == 2000 + written > 2100
    assert again.cache_read_input_tokens == 2000 + written
    assert again.cache_creation_input_tokens == 0
    assert first.input_tokens == again.input_tokens < 100
    longer = call("x", "1h", {"role": "assistant", "content": "Yes."})
    assert longer.cache_read_input_tokens == 2000  # the system text; the turns differ
    assert call("y", "5m").cache_creation_input_tokens == 2000 + written


def test_a_conversation_reads_what_its_last_turn_wrote(client: Anthropic) -> None:
    history: Any = [{"role": "user", "content": "x" * 8000}]
    marker: Any = {"type": "ephemeral"}
    first = ask(client, messages=history, cache_control=marker)
    history = [*history, {"role": "assistant", "content": "Yes."}, *QUESTION]
    second = ask(client, messages=history, cache_control=marker)
    assert second.usage.cache_read_input_tokens == first.usage.cache_creation_input_tokens
    assert 0 < (second.usage.cache_creation_input_tokens or 0) < 100
    short = ask(client, cache_control=marker).usage
    assert (short.cache_creation_input_tokens, short.cache_read_input_tokens) == (0, 0)


def test_the_model_list(client: Anthropic) -> None:
    assert [m.id for m in client.models.list(limit=2)] == list(DEFAULT_MODELS)
    assert client.models.retrieve("sim-large").display_name == "sim-large"
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("no-such-model")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("401", anthropic.AuthenticationError),
        ("403", anthropic.PermissionDeniedError),
        ("429", anthropic.RateLimitError),
        ("500", anthropic.InternalServerError),
        ("529", anthropic.OverloadedError),
    ],
)
def test_errors_have_the_class_of_the_client(
    client: Anthropic, fault: str, error: type[anthropic.APIStatusError]
) -> None:
    with pytest.raises(error) as raised:
        ask(client, extra_headers={"x-sim-fault": fault, "x-sim-retry-after-s": "7"})
    body: Any = raised.value.body
    assert body["type"] == "error"
    assert raised.value.request_id
    if fault in ("429", "529"):
        assert raised.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("cut", httpx2.RemoteProtocolError),
        ("reset", httpx2.ReadError),
        ("error-event", anthropic.APIStatusError),
        ("malformed", ValueError),
    ],
)
def test_a_faulty_stream_raises(client: Anthropic, fault: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        ask_in_stream(client, extra_headers={"x-sim-fault": fault, "x-sim-after-tokens": "3"})


def test_keys_versions_and_rate_limits(sim: Sim, start_sim: Callable[..., Sim]) -> None:
    def fails(**headers: str) -> tuple[int, str]:
        status, _, answer = sim.post({}, "/v1/messages", **headers)
        return status, answer["error"]["type"]

    assert fails() == (401, "authentication_error")
    assert fails(x_api_key="invalid", anthropic_version="1") == (401, "authentication_error")
    assert fails(x_api_key="k") == (400, "invalid_request_error")
    limited = start_sim(requests_per_minute=1)
    with Anthropic(base_url=limited.address, api_key="k", max_retries=0) as client:
        ask(client)
        with pytest.raises(anthropic.RateLimitError) as raised:
            ask(client)
    assert int(raised.value.response.headers["retry-after"]) > 0
    assert raised.value.response.headers["anthropic-ratelimit-requests-limit"] == "1"


def test_an_embedding_model_has_no_messages(client: Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError, match="sim-embed"):
        ask(client, model="sim-embed")


def test_the_async_client(sim: Sim) -> None:
    async def run() -> tuple[str, str]:
        async with AsyncAnthropic(base_url=sim.address, api_key="k", max_retries=0) as client:
            whole = await client.messages.create(
                model="sim-small", max_tokens=99, messages=QUESTION
            )
            async with client.messages.stream(
                model="sim-small", max_tokens=99, messages=QUESTION
            ) as stream:
                text = "".join([piece async for piece in stream.text_stream])
        first: Any = whole.content[0]
        return first.text, text

    whole, streamed = asyncio.run(run())
    assert whole == streamed
