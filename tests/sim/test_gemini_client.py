"""Google's official client against the simulator."""

import asyncio
import base64
import itertools
import json
import operator
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.genai import Client, errors, types
from pydantic import BaseModel

from penstock.sim.config import DEFAULT_MODELS
from sim.conftest import Sim

PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)
QUESTION = "What is the value of magic_function of input 3?"
MAGIC = types.FunctionDeclaration(
    name="magic_function",
    description="Apply a magic function.",
    parameters=types.Schema(
        type=types.Type.OBJECT,
        properties={"input": types.Schema(type=types.Type.INTEGER)},
        required=["input"],
    ),
)
NOTHING = types.FunctionDeclaration(name="stop_all", description="Stops all machines.")
TOOLS = [types.Tool(function_declarations=[MAGIC, NOTHING])]
THINKING = types.ThinkingConfig(include_thoughts=True, thinking_budget=1024)


class Joke(BaseModel):
    """A joke."""

    setup: str
    punchline: str


def connect(address: str, key: str = "any") -> Client:
    return Client(
        api_key=key,
        http_options=types.HttpOptions(
            base_url=address, retry_options=types.HttpRetryOptions(attempts=1)
        ),
    )


@pytest.fixture
def client(sim: Sim) -> Iterator[Client]:
    with connect(sim.address) as client:
        yield client


def ask(
    client: Client, contents: Any = QUESTION, model: str = "sim-small", **config: Any
) -> types.GenerateContentResponse:
    return client.models.generate_content(
        model=model, contents=contents, config=types.GenerateContentConfig(**config)
    )


def ask_in_stream(
    client: Client, contents: Any = QUESTION, model: str = "sim-small", **config: Any
) -> list[types.GenerateContentResponse]:
    return list(
        client.models.generate_content_stream(
            model=model, contents=contents, config=types.GenerateContentConfig(**config)
        )
    )


def headers(**sim: str) -> types.HttpOptions:
    return types.HttpOptions(
        headers={f"x-sim-{name.replace('_', '-')}": value for name, value in sim.items()}
    )


def joined(parts: Any) -> list[dict[str, Any]]:
    """The parts, with consecutive texts of one kind as one."""
    made: list[dict[str, Any]] = []
    for thought, group in itertools.groupby(
        parts, key=lambda part: (part.text is not None, part.thought, part.function_call)
    ):
        several = list(group)
        part = several[-1].model_dump(exclude_none=True)
        if thought[0]:
            part["text"] = "".join(each.text for each in several)
        made.append(part)
    return made


REQUESTS: dict[str, dict[str, Any]] = {
    "text": {},
    "system": {"system_instruction": "Answer in verse."},
    "tool": {"tools": TOOLS},
    "parallel": {"tools": TOOLS, "http_options": headers(tool_calls="3")},
    "thoughts": {"thinking_config": THINKING},
    "hidden thoughts": {"thinking_config": types.ThinkingConfig(thinking_budget=1024)},
    "thoughts and tool": {"thinking_config": THINKING, "tools": TOOLS},
    "level": {"thinking_config": types.ThinkingConfig(thinking_level=types.ThinkingLevel.LOW)},
    "schema": {"response_mime_type": "application/json", "response_schema": Joke},
    "length": {"max_output_tokens": 3},
    "length in a tool": {"max_output_tokens": 2, "tools": TOOLS},
    "stop": {"stop_sequences": ["simul"]},
    "candidates": {"candidate_count": 2},
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_stream_and_a_document_are_the_same_answer(client: Client, name: str) -> None:
    whole = ask(client, **REQUESTS[name])
    chunks = ask_in_stream(client, **REQUESTS[name])
    assert {chunk.response_id for chunk in chunks} == {whole.response_id}
    assert chunks[-1].usage_metadata == whole.usage_metadata
    for candidate in whole.candidates or []:
        streamed = [c for chunk in chunks for c in chunk.candidates or []]
        mine = [c for c in streamed if (c.index or 0) == (candidate.index or 0)]
        assert mine[-1].finish_reason == candidate.finish_reason
        parts = [part for c in mine if c.content for part in c.content.parts or []]
        assert candidate.content
        assert joined(parts) == joined(candidate.content.parts or [])


def test_text_and_its_usage(client: Client) -> None:
    answer = ask(client, max_output_tokens=5)
    usage = answer.usage_metadata
    assert usage
    assert answer.candidates
    assert answer.candidates[0].finish_reason is types.FinishReason.MAX_TOKENS
    assert usage.candidates_token_count == 5
    assert usage.total_token_count == (usage.prompt_token_count or 0) + 5
    assert ask(client, stop_sequences=["simul"]).text == "This is a "
    counted = client.models.count_tokens(model="sim-small", contents=QUESTION)
    assert counted.total_tokens == usage.prompt_token_count


def test_a_repeated_beginning_counts_as_cached(client: Client) -> None:
    history = [
        types.Content(role="user", parts=[types.Part(text="x" * 8000)]),
        types.Content(role="model", parts=[types.Part(text="Yes.")]),
        types.Content(role="user", parts=[types.Part(text="So?")]),
    ]
    usage = ask(client, history).usage_metadata
    assert usage
    assert usage.cached_content_token_count == 1920


def test_functions_over_two_turns(client: Client) -> None:
    chat = client.chats.create(model="sim-small", config=types.GenerateContentConfig(tools=TOOLS))
    first = chat.send_message(QUESTION)
    assert first.function_calls
    call = first.function_calls[0]
    assert (call.name, call.args) == ("magic_function", {"input": 3})
    result = types.Part.from_function_response(name="magic_function", response={"result": 5})
    second = chat.send_message(result)
    assert second.text
    assert not second.function_calls


def test_a_python_function_is_called(client: Client) -> None:
    seen: list[int] = []

    def magic_function(input: int) -> int:  # noqa: A002 - the name is in the prompt
        """Apply a magic function."""
        seen.append(input)
        return input + 2

    answer = ask(client, tools=[magic_function])
    assert seen == [3]
    assert answer.text


def test_the_calling_mode(client: Client) -> None:
    def mode(**config: Any) -> types.GenerateContentResponse:
        calling = types.FunctionCallingConfig(**config)
        tool_config = types.ToolConfig(function_calling_config=calling)
        return ask(client, tools=TOOLS, tool_config=tool_config)

    any_mode = types.FunctionCallingConfigMode.ANY
    named = mode(mode=any_mode, allowed_function_names=["stop_all"])
    assert [call.name for call in named.function_calls or []] == ["stop_all"]
    assert not mode(mode=types.FunctionCallingConfigMode.NONE).function_calls


def test_a_thought_signature_is_returned_unchanged(client: Client) -> None:
    first = ask(client, tools=TOOLS, thinking_config=THINKING)
    assert first.candidates
    said: Any = first.candidates[0].content
    assert [bool(part.thought) for part in said.parts] == [True, False]
    call = said.parts[-1]
    result = types.Part.from_function_response(name="magic_function", response={"result": 5})

    def second(part: types.Part) -> types.GenerateContentResponse:
        contents = [
            types.Content(role="user", parts=[types.Part(text=QUESTION)]),
            types.Content(role="model", parts=[part]),
            types.Content(role="user", parts=[result]),
        ]
        return ask(client, contents, tools=TOOLS, thinking_config=THINKING)

    assert second(call).text
    assert second(
        call.model_copy(update={"thought_signature": b"skip_thought_signature_validator"})
    )
    with pytest.raises(errors.ClientError, match="missing a thought_signature"):
        second(call.model_copy(update={"thought_signature": None}))
    other = types.FunctionCall(name="magic_function", args={"input": 4})
    for altered in ({"thought_signature": b"other"}, {"function_call": other}):
        with pytest.raises(errors.ClientError, match="Corrupted thought signature"):
            second(call.model_copy(update=altered))


def test_a_signature_of_a_text_and_earlier_turns_without_one(client: Client) -> None:
    chat = client.chats.create(model="gemini-3-pro")
    assert chat.send_message("Hello").text
    assert [list(chat.send_message_stream("And now?")) != []] == [True]
    assert chat.send_message("So?").text
    history = [
        types.Content(role="user", parts=[types.Part(text="Hi")]),
        types.Content(
            role="model",
            parts=[types.Part(function_call=types.FunctionCall(name="magic_function", args={}))],
        ),
        types.Content(
            role="user",
            parts=[types.Part.from_function_response(name="magic_function", response={})],
        ),
        types.Content(role="model", parts=[types.Part(text="Done.")]),
        types.Content(role="user", parts=[types.Part(text="Thanks")]),
    ]
    assert ask(client, history, model="gemini-3-pro").text


def test_a_structured_answer_parses(client: Client) -> None:
    asked = "Tell me a joke about 'cats'."
    for schema in ({"response_schema": Joke}, {"response_json_schema": Joke.model_json_schema()}):
        answer = ask(client, asked, response_mime_type="application/json", **schema)
        assert json.loads(answer.text or "")["setup"] == "cats"
    answer = ask(client, asked, response_mime_type="application/json", response_schema=Joke)
    assert isinstance(answer.parsed, Joke)


def test_media_are_counted(client: Client) -> None:
    image = types.Part.from_bytes(data=PNG, mime_type="image/png")
    with_image, plain = ask(client, [image, "What?"]), ask(client, ["What?"])
    assert with_image.usage_metadata
    assert plain.usage_metadata
    more = with_image.usage_metadata.prompt_token_count or 0
    assert more - (plain.usage_metadata.prompt_token_count or 0) == 85


def test_embeddings(client: Client) -> None:
    answer = client.models.embed_content(
        model="sim-embed",
        contents=["the gate of the dam", "the gates of a dam", "invoice overdue since May"],
        config=types.EmbedContentConfig(output_dimensionality=64),
    )
    one, similar, other = (each.values or [] for each in answer.embeddings or [])
    assert len(one) == 64
    near, far = (sum(map(operator.mul, one, each)) for each in (similar, other))
    assert near > far


def test_the_model_list(client: Client) -> None:
    names = [model.name for model in client.models.list(config={"page_size": 3})]
    assert names == [f"models/{name}" for name in DEFAULT_MODELS]
    assert client.models.get(model="sim-large").display_name == "sim-large"
    with pytest.raises(errors.ClientError, match="404"):
        client.models.get(model="no-such-model")


@pytest.mark.parametrize(
    ("fault", "error", "status"),
    [
        ("400", errors.ClientError, "INVALID_ARGUMENT"),
        ("403", errors.ClientError, "PERMISSION_DENIED"),
        ("429", errors.ClientError, "RESOURCE_EXHAUSTED"),
        ("500", errors.ServerError, "INTERNAL"),
        ("503", errors.ServerError, "UNAVAILABLE"),
    ],
)
def test_errors_have_the_class_of_the_client(
    client: Client, fault: str, error: type[errors.APIError], status: str
) -> None:
    with pytest.raises(error) as raised:
        ask(client, http_options=headers(fault=fault, retry_after_s="7"))
    assert (raised.value.code, raised.value.status) == (int(fault), status)
    assert ("'retryDelay': '7s'" in str(raised.value)) == (fault == "429")


def test_a_stream_with_an_error_event_raises(client: Client) -> None:
    with pytest.raises(errors.ServerError, match="overloaded"):
        ask_in_stream(client, http_options=headers(fault="error-event", after_tokens="3"))


def test_keys_and_rate_limits(sim: Sim, start_sim: Callable[..., Sim]) -> None:
    status, _, answer = sim.post({}, "/v1beta/models/sim-small:generateContent")
    assert (status, answer["error"]["status"]) == (403, "PERMISSION_DENIED")
    with connect(sim.address, "invalid") as client, pytest.raises(errors.ClientError) as raised:
        ask(client)
    assert (raised.value.code, raised.value.status) == (400, "INVALID_ARGUMENT")
    assert "API_KEY_INVALID" in str(raised.value)
    limited = start_sim(requests_per_minute=1)
    with connect(limited.address) as client:
        ask(client)
        with pytest.raises(errors.ClientError, match="429 RESOURCE_EXHAUSTED"):
            ask(client)


def test_a_stream_without_alt_is_one_array(sim: Sim) -> None:
    body = {"contents": [{"parts": [{"text": QUESTION}]}]}
    path = "/v1beta/models/sim-small"
    _, answer_headers, array = sim.post(body, f"{path}:streamGenerateContent?key=k")
    _, _, whole = sim.post(body, f"{path}:generateContent?key=k")
    assert answer_headers["content-type"] == "application/json"
    parts = [p for c in array for p in c["candidates"][0]["content"].get("parts", [])]
    assert (
        "".join(part["text"] for part in parts)
        == (whole["candidates"][0]["content"]["parts"][0]["text"])
    )
    assert array[-1]["usageMetadata"] == whole["usageMetadata"]


def test_an_array_can_end_within_an_error(sim: Sim) -> None:
    body = json.dumps({"contents": [{"parts": [{"text": QUESTION}]}]}).encode()
    request = urllib.request.Request(
        f"{sim.address}/v1beta/models/sim-small:streamGenerateContent",
        data=body,
        headers={"x-goog-api-key": "k", "x-sim-fault": "error-event", "x-sim-after-tokens": "2"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        chunks = json.load(answer)
    assert ["error" in chunk for chunk in chunks] == [False, False, True]


def test_the_async_client(sim: Sim) -> None:
    async def run() -> tuple[str | None, str]:
        client = connect(sim.address).aio
        whole = await client.models.generate_content(model="sim-small", contents=QUESTION)
        stream = await client.models.generate_content_stream(model="sim-small", contents=QUESTION)
        text = "".join([chunk.text or "" async for chunk in stream])
        await client.aclose()
        return whole.text, text

    whole, streamed = asyncio.run(run())
    assert whole == streamed


def test_a_client_may_send_either_alphabet_of_base64(sim: Sim) -> None:
    data = b"\x89PNG\r\n\x1a\n" + b"\xff\xfe\xfd" * 5
    for encoded in (base64.b64encode(data), base64.urlsafe_b64encode(data)):
        part = {"inlineData": {"mimeType": "image/png", "data": encoded.decode()}}
        body = {"contents": [{"role": "user", "parts": [part]}]}
        assert sim.post(body, "/v1beta/models/sim-small:generateContent?key=k")[0] == 200
