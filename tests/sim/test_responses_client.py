"""OpenAI's official client against the simulator's responses API."""

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from sim.conftest import Sim
from sim.test_wire import events

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
QUESTION = "What is the value of magic_function of input 3?"
MAGIC: Any = {
    "type": "function",
    "name": "magic_function",
    "description": "Apply a magic function.",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"input": {"type": "integer"}},
        "required": ["input"],
        "additionalProperties": False,
    },
}
ENCRYPTED: Any = {"include": ["reasoning.encrypted_content"], "store": False}


class Joke(BaseModel):
    """A joke."""

    setup: str
    punchline: str


@pytest.fixture
def client(sim: Sim) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{sim.address}/v1", api_key="sk-any", max_retries=0) as client:
        yield client


def ask(client: OpenAI, **more: Any) -> Response:
    return client.responses.create(**{"model": "sim-small", "input": QUESTION, **more})


def ask_in_stream(client: OpenAI, **more: Any) -> list[ResponseStreamEvent]:
    request: dict[str, Any] = {"model": "sim-small", "input": QUESTION, **more}
    with client.responses.create(**request, stream=True) as stream:
        return list(stream)


SCHEMA: Any = {
    "format": {
        "type": "json_schema",
        "name": "answer",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"answer": {"type": "string"}},
            "required": ["answer"],
            "additionalProperties": False,
        },
    }
}
REQUESTS: dict[str, dict[str, Any]] = {
    "text": {},
    "instructions": {"instructions": "Answer in verse.", "temperature": 0.5},
    "tool": {"tools": [MAGIC]},
    "parallel": {"tools": [MAGIC], "extra_headers": {"x-sim-tool-calls": "3"}},
    "reasoning": {"reasoning": {"effort": "low"}},
    "summary": {"reasoning": {"effort": "low", "summary": "auto"}, **ENCRYPTED},
    "reasoning and tool": {"model": "sim-reasoner", "tools": [MAGIC], **ENCRYPTED},
    "schema": {"text": SCHEMA},
    "length": {"max_output_tokens": 16, "extra_headers": {"x-sim-tokens": "40"}},
    "length in reasoning": {"max_output_tokens": 16, "reasoning": {"effort": "low"}},
    "metadata": {"metadata": {"team": "x"}},
}


def without_times(response: Response) -> dict[str, Any]:
    return {k: v for k, v in response.to_dict().items() if k not in ("created_at", "completed_at")}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_stream_and_a_document_are_the_same_response(client: OpenAI, name: str) -> None:
    whole = ask(client, **REQUESTS[name])
    streamed = ask_in_stream(client, **REQUESTS[name])
    last: Any = streamed[-1]
    assert last.type == f"response.{whole.status}"
    assert without_times(last.response) == without_times(whole)
    assert [event.sequence_number for event in streamed] == list(range(len(streamed)))
    done = [event.item for event in streamed if event.type == "response.output_item.done"]
    assert [item.to_dict() for item in done] == [item.to_dict() for item in whole.output]


@pytest.mark.parametrize("name", REQUESTS)
def test_the_deltas_make_the_items(client: OpenAI, name: str) -> None:
    texts: dict[int, str] = {}
    kinds = ("output_text", "function_call_arguments", "reasoning_summary_text")
    for event in ask_in_stream(client, **REQUESTS[name]):
        if event.type in {f"response.{kind}.delta" for kind in kinds}:
            delta: Any = event
            texts[delta.output_index] = texts.get(delta.output_index, "") + delta.delta
        if event.type == "response.output_item.done":
            item: Any = event.item
            match item.type:
                case "message":
                    said = item.content[0].text
                case "function_call":
                    said = item.arguments
                case _:
                    said = "".join(part.text for part in item.summary)
            assert texts.get(event.output_index, "") == said


@pytest.mark.parametrize("name", REQUESTS)
def test_every_event_has_the_types_of_the_client(sim: Sim, name: str) -> None:
    members = {k: v for k, v in REQUESTS[name].items() if k != "extra_headers"}
    body = {"model": "sim-small", "input": QUESTION, "stream": True, **members}
    check: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
    with sim.connect(body, "/v1/responses") as connection:
        data = b"".join(iter(lambda: connection.recv(65536), b""))
    read = [part.partition("\ndata: ") for part in events(data)]
    for kind, _, payload in read:
        check.validate_json(payload)
        assert kind == f"event: {json.loads(payload)['type']}"


def test_text_and_its_usage(client: OpenAI) -> None:
    answer = ask(client, max_output_tokens=16, extra_headers={"x-sim-tokens": "40"})
    assert answer.incomplete_details
    assert (answer.status, answer.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert answer.usage
    assert answer.usage.output_tokens == 16
    counted = client.responses.input_tokens.count(model="sim-small", input=QUESTION)
    assert counted.input_tokens == answer.usage.input_tokens
    history: Any = [
        {"role": "developer", "content": "x" * 8000},
        {"role": "user", "content": QUESTION},
    ]
    reasoned = ask(client, model="sim-reasoner", input=history).usage
    assert reasoned
    assert reasoned.output_tokens_details.reasoning_tokens == 256
    assert reasoned.input_tokens_details.cached_tokens == 1920


@pytest.mark.parametrize("store", [True, False])
def test_a_tool_and_its_reasoning_over_two_turns(client: OpenAI, *, store: bool) -> None:
    more: dict[str, Any] = {"model": "sim-reasoner", "tools": [MAGIC]}
    more |= {} if store else ENCRYPTED
    first = ask(client, **more)
    reasoning, call = first.output
    assert (reasoning.type, call.type) == ("reasoning", "function_call")
    assert json.loads(call.arguments) == {"input": 3}
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "5"}

    def second(*items: Any) -> Response:
        said = [item if isinstance(item, dict) else item.to_dict() for item in items]
        return ask(client, input=[{"role": "user", "content": QUESTION}, *said, result], **more)

    assert second(reasoning, call).output_text
    bare = {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": "{}"}
    assert second(bare).output_text
    with pytest.raises(openai.BadRequestError, match="without its required 'reasoning' item"):
        second(call)
    with pytest.raises(openai.BadRequestError, match="without its required following item"):
        ask(client, input=[{"role": "user", "content": "x"}, reasoning.to_dict()], **more)
    altered = {**reasoning.to_dict(), "encrypted_content": "gAAAAABaltered=="}
    with pytest.raises(openai.BadRequestError) as raised:
        second(altered, call)
    assert raised.value.code == "invalid_encrypted_content"
    unknown = {"type": "reasoning", "id": "rs_unknown", "summary": []}
    with pytest.raises(openai.NotFoundError, match="Items are not persisted"):
        second(unknown, bare)


def test_a_previous_response_is_continued(client: OpenAI) -> None:
    first = ask(client, model="sim-reasoner", tools=[MAGIC])
    call: Any = first.output[-1]
    result: Any = [{"type": "function_call_output", "call_id": call.call_id, "output": "5"}]
    second = ask(client, input=result, previous_response_id=first.id, tools=[MAGIC])
    assert second.output_text
    assert second.previous_response_id == first.id
    assert client.responses.retrieve(first.id).output == first.output
    with pytest.raises(openai.BadRequestError) as raised:
        ask(client, previous_response_id="resp_unknown")
    assert raised.value.code == "previous_response_not_found"
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve("resp_unknown")


def test_the_choice_of_tools(client: OpenAI) -> None:
    other = {**MAGIC, "name": "stop_all"}

    def called(choice: Any, **more: Any) -> list[str]:
        answer = ask(client, tools=[MAGIC, other], tool_choice=choice, **more)
        return [item.name for item in answer.output if item.type == "function_call"]

    assert called("none") == []
    assert called({"type": "function", "name": "stop_all"}) == ["stop_all"]
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [{"name": "stop_all"}]}
    assert called(allowed) == ["stop_all"]
    two = {"x-sim-tool-calls": "2"}
    assert len(called("auto", extra_headers=two)) == 2
    assert len(called("auto", extra_headers=two, parallel_tool_calls=False)) == 1


def test_a_structured_answer_parses(client: OpenAI) -> None:
    answer = client.responses.parse(
        model="sim-small", input="Tell me a joke about 'cats'.", text_format=Joke
    )
    assert answer.output_parsed
    assert answer.output_parsed.setup == "cats"
    with client.responses.stream(
        model="sim-small", input="Tell me a joke about 'cats'.", text_format=Joke
    ) as stream:
        for _ in stream:
            pass
        assert stream.get_final_response().output_parsed == answer.output_parsed
    mode = ask(
        client,
        input="A joke as JSON with `setup` and `punchline`.",
        text={"format": {"type": "json_object"}},
    )
    assert json.loads(mode.output_text).keys() == {"setup", "punchline"}


def test_media_are_counted(client: OpenAI) -> None:
    text = {"type": "input_text", "text": "What?"}
    image = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"}
    file = {"type": "input_file", "file_data": f"data:text/plain;base64,{PNG}", "filename": "a"}

    def tokens(*parts: Any) -> int:
        answer = ask(client, input=[{"role": "user", "content": list(parts)}])
        return answer.usage.input_tokens if answer.usage else 0

    assert tokens(image, file, text) - tokens(text) == 2 * 85


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("401", openai.AuthenticationError),
        ("429", openai.RateLimitError),
        ("500", openai.InternalServerError),
    ],
)
def test_errors_have_the_class_of_the_client(
    client: OpenAI, fault: str, error: type[openai.APIStatusError]
) -> None:
    with pytest.raises(error):
        ask(client, extra_headers={"x-sim-fault": fault})


def test_a_faulty_stream(client: OpenAI) -> None:
    def read(fault: str) -> list[Any]:
        headers = {"x-sim-fault": fault, "x-sim-after-tokens": "3"}
        return ask_in_stream(client, extra_headers=headers)

    with pytest.raises((openai.APIError, httpx2.TransportError)):
        read("cut")
    assert (read("error-event")[-1].type, read("error-event")[-1].code) == ("error", "server_error")
    assert read("no-done")[-1].type == "response.output_item.done"


def test_a_huge_answer_streams_all_of_its_text(client: OpenAI) -> None:
    headers = {"x-sim-megabytes": "2"}
    streamed = ask_in_stream(client, extra_headers=headers)
    deltas = [e.delta for e in streamed if e.type == "response.output_text.delta"]
    assert len("".join(deltas)) == 2 * 1024 * 1024
    assert len(ask(client, extra_headers=headers).output_text) == 2 * 1024 * 1024


def test_the_async_client(sim: Sim) -> None:
    async def run() -> tuple[str, str]:
        async with AsyncOpenAI(base_url=f"{sim.address}/v1", api_key="k", max_retries=0) as client:
            whole = await client.responses.create(model="sim-small", input=QUESTION)
            async with client.responses.stream(model="sim-small", input=QUESTION) as stream:
                final = await stream.get_final_response()
        return whole.output_text, final.output_text

    whole, streamed = asyncio.run(run())
    assert whole == streamed
