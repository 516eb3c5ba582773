"""Whatever is asked: each answer has the types of the vendor's own client, and is the same whole
and streamed."""

import json
from typing import Any

import anthropic.types
from anthropic.lib.streaming._messages import accumulate_event
from google.genai import types as gemini_types
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from penstock.sim.anthropic.vendor import Anthropic
from penstock.sim.controls import Controls
from penstock.sim.gemini.vendor import Gemini
from penstock.sim.openai.vendor import OpenAi
from penstock.sim.prompt_cache import PromptCache
from penstock.sim.script import Script
from penstock.sim.vendor import SimVendor

SCHEMAS = st.recursive(
    st.sampled_from(
        [{"type": "string"}, {"type": "integer"}, {"type": "boolean"}, {"enum": ["a", "b"]}]
    ),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2).map(
            lambda several: {
                "type": "object",
                "properties": {f"p{i}": each for i, each in enumerate(several)},
                "required": [f"p{i}" for i in range(len(several))],
                "additionalProperties": False,
            }
        )
        | inner.map(lambda each: {"type": "array", "items": each})
    ),
    max_leaves=4,
)
OBJECTS = SCHEMAS.map(
    lambda schema: {
        "type": "object",
        "properties": {"x": schema},
        "required": ["x"],
        "additionalProperties": False,
    }
)
ASKED = st.fixed_dictionaries(
    {
        "text": st.text(min_size=1, max_size=30).map(lambda text: f"Ask {text}"),
        "tool": st.none() | OBJECTS,
        "schema": st.none() | OBJECTS,
        "limit": st.sampled_from([17, 30, 60, 2000]),
        "thinks": st.booleans(),
    }
)
CONTROLS = st.builds(
    Controls,
    seed=st.integers(0, 9),
    tokens=st.integers(0, 40),
    tool_calls=st.integers(1, 3),
)


def script(vendor: SimVendor, path: str, query: str, body: Any, controls: Controls) -> Script:
    endpoint = vendor.endpoint(path, query, "")
    assert endpoint is not None
    return endpoint(json.dumps(body).encode()).answer(controls, 1_700_000_000)[1]


def data(made: Script) -> bytes:
    return b"".join(step.data for step in made.steps)


def payloads(made: Script) -> list[Any]:
    lines = data(made).decode().replace("\r\n", "\n").split("\n")
    found = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    return [json.loads(each) for each in found if each != "[DONE]"]


def check(model: BaseModel) -> None:
    """Checks that the client knows every member."""
    assert not model.model_extra
    for value in vars(model).values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, BaseModel):
                check(each)


def tokens_agree(whole: Script, streamed: Script) -> None:
    assert sum(step.tokens for step in whole.steps) == sum(step.tokens for step in streamed.steps)
    assert whole.length == len(data(whole))


@settings(deadline=None)
@given(asked=ASKED, controls=CONTROLS)
def test_anthropic(asked: dict[str, Any], controls: Controls) -> None:
    body: dict[str, Any] = {
        "model": "m",
        "max_tokens": asked["limit"],
        "messages": [{"role": "user", "content": asked["text"]}],
    }
    if asked["tool"]:
        body["tools"] = [{"name": "f", "input_schema": asked["tool"]}]
    if asked["schema"]:
        shape = {"type": "json_schema", "schema": asked["schema"]}
        body["output_config"] = {"format": shape}
    if asked["thinks"]:
        body["thinking"] = {"type": "adaptive"}
    vendor = Anthropic(PromptCache(lambda: 0.0))
    whole = script(vendor, "/v1/messages", "", body, controls)
    streamed = script(vendor, "/v1/messages", "", {**body, "stream": True}, controls)
    tokens_agree(whole, streamed)
    message = anthropic.types.Message.model_validate_json(data(whole))
    check(message)
    events: TypeAdapter[Any] = TypeAdapter(anthropic.types.RawMessageStreamEvent)
    snapshot: Any = None
    buffers: dict[int, bytes] = {}
    for payload in payloads(streamed):
        if payload["type"] == "ping":
            continue
        event = events.validate_python(payload)
        check(event)
        snapshot = accumulate_event(event=event, current_snapshot=snapshot, json_bufs=buffers)
    assert snapshot.to_dict() == message.to_dict() | {"stop_details": None}


@settings(deadline=None)
@given(asked=ASKED, controls=CONTROLS)
def test_gemini(asked: dict[str, Any], controls: Controls) -> None:
    config: dict[str, Any] = {"maxOutputTokens": asked["limit"]}
    body: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": asked["text"]}]}]}
    if asked["tool"]:
        declared = {"name": "f", "parametersJsonSchema": asked["tool"]}
        body["tools"] = [{"functionDeclarations": [declared]}]
    if asked["schema"]:
        config["responseMimeType"] = "application/json"
        config["responseJsonSchema"] = asked["schema"]
    if asked["thinks"]:
        config["thinkingConfig"] = {"includeThoughts": True, "thinkingLevel": "MINIMAL"}
    body["generationConfig"] = config
    path = "/v1beta/models/m"
    whole = script(Gemini(), f"{path}:generateContent", "", body, controls)
    streamed = script(Gemini(), f"{path}:streamGenerateContent", "alt=sse", body, controls)
    array = script(Gemini(), f"{path}:streamGenerateContent", "", body, controls)
    tokens_agree(whole, streamed)
    assert json.loads(data(array)) == payloads(streamed)
    made = gemini_types.GenerateContentResponse.model_validate_json(data(whole))
    chunks = [
        gemini_types.GenerateContentResponse.model_validate(payload)
        for payload in payloads(streamed)
    ]
    assert chunks[-1].usage_metadata == made.usage_metadata
    assert read_parts(chunks) == read_parts([made])


def read_parts(answers: list[gemini_types.GenerateContentResponse]) -> Any:
    """What the parts of the first candidates say together."""
    candidates = [answer.candidates[0] for answer in answers if answer.candidates]
    parts = [part for c in candidates if c.content for part in c.content.parts or []]
    return (
        "".join(part.text or "" for part in parts if part.thought),
        "".join(part.text or "" for part in parts if not part.thought),
        [part.function_call for part in parts if part.function_call],
        [part.thought_signature for part in parts if part.thought_signature],
        candidates[-1].finish_reason,
    )


@settings(deadline=None)
@given(asked=ASKED, controls=CONTROLS)
def test_responses(asked: dict[str, Any], controls: Controls) -> None:
    body: dict[str, Any] = {
        "model": "m",
        "input": asked["text"],
        "max_output_tokens": asked["limit"],
        "include": ["reasoning.encrypted_content"],
    }
    if asked["tool"]:
        tool = {"type": "function", "name": "f", "parameters": asked["tool"], "strict": True}
        body["tools"] = [tool]
    if asked["schema"]:
        shape = {"type": "json_schema", "name": "s", "schema": asked["schema"], "strict": True}
        body["text"] = {"format": shape}
    if asked["thinks"]:
        body["reasoning"] = {"effort": "minimal", "summary": "auto"}
    whole = script(OpenAi(), "/v1/responses", "", body, controls)
    streamed = script(OpenAi(), "/v1/responses", "", {**body, "stream": True}, controls)
    tokens_agree(whole, streamed)
    made = Response.model_validate_json(data(whole))
    check(made)
    adapter: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
    events = [adapter.validate_python(payload) for payload in payloads(streamed)]
    for event in events:
        check(event)
    assert events[-1].response.to_dict() == made.to_dict()
    done = [event.item for event in events if event.type == "response.output_item.done"]
    assert [item.to_dict() for item in done] == [item.to_dict() for item in made.output]


@settings(deadline=None)
@given(asked=ASKED, controls=CONTROLS)
def test_chat_completions(asked: dict[str, Any], controls: Controls) -> None:
    body: dict[str, Any] = {
        "model": "m",
        "messages": [{"role": "user", "content": asked["text"]}],
        "max_completion_tokens": asked["limit"],
    }
    if asked["tool"]:
        function = {"name": "f", "parameters": asked["tool"]}
        body["tools"] = [{"type": "function", "function": function}]
    if asked["schema"]:
        shape = {"name": "s", "schema": asked["schema"]}
        body["response_format"] = {"type": "json_schema", "json_schema": shape}
    if asked["thinks"]:
        body["reasoning_effort"] = "minimal"
    path, options = "/v1/chat/completions", {"include_usage": True}
    stream = {**body, "stream": True, "stream_options": options}
    whole = script(OpenAi(), path, "", body, controls)
    streamed = script(OpenAi(), path, "", stream, controls)
    tokens_agree(whole, streamed)
    made = ChatCompletion.model_validate_json(data(whole))
    check(made)
    chunks = [ChatCompletionChunk.model_validate(payload) for payload in payloads(streamed)]
    assert chunks[-1].usage == made.usage
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    message = made.choices[0].message
    assert "".join(delta.content or "" for delta in deltas) == (message.content or "")
    calls: dict[int, str] = {}
    for delta in deltas:
        for call in delta.tool_calls or ():
            part = call.function.arguments if call.function else None
            calls[call.index] = calls.get(call.index, "") + (part or "")
    made_calls: Any = message.tool_calls or []
    assert list(calls.values()) == [call.function.arguments for call in made_calls]
