"""OpenAI's client: chat completions, and what passes beside them."""

from collections.abc import Mapping
from typing import Any

from openai import APIStatusError, OpenAI

from judges.conversations import CITY, IMAGE_URL, PDF, PNG
from judges.judge import SECRET, Judge, Passed
from penstock.plugins.providers.openai_compatible import create
from penstock.rules.wire.openai.paths import MEDIA_DIALECT

MODEL = "gpt-5"


def function(name: str, description: str) -> dict[str, Any]:
    inner = {"name": name, "description": description, "parameters": CITY}
    return {"type": "function", "function": inner}


WEATHER = function("weather", "The weather of a city")
CLOCK = function("clock", "The time in a city")


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def text(value: str) -> dict[str, Any]:
    return {"type": "text", "text": value}


def call(id_: str, name: str = "weather") -> dict[str, Any]:
    made = {"name": name, "arguments": '{"city":"Köln"}'}
    return {"id": id_, "type": "function", "function": made}


def called(content: str | None, *calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, "tool_calls": list(calls), **more}


def result(id_: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id_, "content": "12 °C"}


def ask(*messages: Any, **members: Any) -> dict[str, Any]:
    said = list(messages) or [user("Hello!")]
    return {"model": MODEL, "messages": said, "max_completion_tokens": 4096, **members}


QUESTION = user("Weather?")
BOTH = [WEATHER, CLOCK]
TURN = (QUESTION, called(None, call("c1")), result("c1"))
SCHEMA = {"name": "city", "schema": CITY, "strict": True}
STREAM = {"stream": True, "stream_options": {"include_usage": True}}
CALLS: Mapping[str, Mapping[str, Any] | None] = {
    "text": ask(),
    "system": ask({"role": "system", "content": "Be brief."}, user("Hello!")),
    "history": ask(user("Hello!"), {"role": "assistant", "content": "Hi."}, user("Again")),
    "two_texts": ask(user([text("One"), text("Two")])),
    "sampling": ask(temperature=0.5, top_p=0.875),
    "stop": ask(stop=["END", "STOP"]),
    "image": ask(
        user(
            [
                text("What is it?"),
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            ]
        )
    ),
    "image_url": ask(
        user([text("What is it?"), {"type": "image_url", "image_url": {"url": IMAGE_URL}}])
    ),
    "document": ask(
        user(
            [
                text("Read."),
                {
                    "type": "file",
                    "file": {
                        "filename": "act",
                        "file_data": f"data:application/pdf;base64,{PDF}",
                    },
                },
            ]
        )
    ),
    "tools": ask(QUESTION, tools=BOTH),
    "tool_required": ask(QUESTION, tools=BOTH, tool_choice="required"),
    "tool_named": ask(
        QUESTION,
        tools=BOTH,
        tool_choice={"type": "function", "function": {"name": "clock"}},
    ),
    "tool_none": ask(QUESTION, tools=BOTH, tool_choice="none"),
    "parallel_off": ask(QUESTION, tools=BOTH, parallel_tool_calls=False),
    "tool_result": ask(*TURN, tools=[WEATHER]),
    "tool_error": ask(*TURN, tools=[WEATHER]),
    "parallel_results": ask(
        QUESTION,
        called("Both.", call("c1"), call("c2", "clock")),
        result("c1"),
        result("c2"),
        tools=BOTH,
    ),
    "schema": ask(response_format={"type": "json_schema", "json_schema": SCHEMA}),
    "json": ask(response_format={"type": "json_object"}),
    "effort": ask(reasoning_effort="low"),
    "budget": ask(reasoning_effort="low"),
    "reasoning_history": ask(*TURN, tools=[WEATHER], reasoning_effort="low"),
    "hints": ask(seed=7, user="u1"),
    "cache": ask(user([text("A long text"), text("Hello!")])),
    "stream": ask(**STREAM),
    "stream_tools": ask(QUESTION, tools=[WEATHER], **STREAM),
}
PASSED = {
    "embeddings": Passed(
        "embeddings", "embeddings.create", {"model": "text-embedding-3-small", "input": ["a", "b"]}
    ),
    "completions": Passed("text_completion", "completions.create", {"model": "m", "prompt": "One"}),
    "moderations": Passed("moderation", "moderations.create", {"model": "m", "input": "One"}),
    "images": Passed(
        "image_generation",
        "images.generate",
        {"model": "gpt-image-1", "prompt": "A dam"},
        MEDIA_DIALECT,
    ),
    "speech": Passed(
        "speech",
        "audio.speech.create",
        {"model": "tts-1", "input": "One", "voice": "alloy"},
        MEDIA_DIALECT,
    ),
}


def connect(address: str) -> OpenAI:
    return OpenAI(base_url=f"{address}/v1", api_key=SECRET, max_retries=0)


OPENAI = Judge(
    "OpenAI chat completions",
    "openai",
    create(),
    MODEL,
    "/v1",
    ("chat.completions.create", "chat.completions.create"),
    ("authorization", "content-type"),
    connect,
    APIStatusError,
    CALLS,
    PASSED,
)
