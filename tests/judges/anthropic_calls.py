"""Anthropic's client: messages and their token counts."""

from collections.abc import Mapping
from typing import Any

from anthropic import Anthropic, APIStatusError

from judges.conversations import CITY, IMAGE_URL, PDF, PNG
from judges.judge import SECRET, Judge, Passed
from penstock.plugins.providers.anthropic import create

MODEL = "claude-haiku-4-5"
WEATHER = {"name": "weather", "description": "The weather of a city", "input_schema": CITY}
CLOCK = {"name": "clock", "description": "The time in a city", "input_schema": CITY}


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def text(value: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **more}


def call(id_: str, name: str = "weather") -> dict[str, Any]:
    return {"type": "tool_use", "id": id_, "name": name, "input": {"city": "Köln"}}


def result(id_: str, **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id_, "content": "12 °C", **more}


def base64(kind: str, media_type: str, data: str, **more: Any) -> dict[str, Any]:
    source = {"type": "base64", "media_type": media_type, "data": data}
    return {"type": kind, "source": source, **more}


def ask(*messages: Any, **members: Any) -> dict[str, Any]:
    said = list(messages) or [user("Hello!")]
    return {"model": MODEL, "max_tokens": 4096, "messages": said, **members}


QUESTION = user("Weather?")
BOTH = [WEATHER, CLOCK]
IMAGE_LINK = {"type": "image", "source": {"type": "url", "url": IMAGE_URL}}
BUDGET = {"type": "enabled", "budget_tokens": 2048}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmVk"}
CALLS: Mapping[str, Mapping[str, Any] | None] = {
    "text": ask(),
    "system": ask(system="Be brief."),
    "history": ask(user("Hello!"), {"role": "assistant", "content": "Hi."}, user("Again")),
    "two_texts": ask(user([text("One"), text("Two")])),
    "sampling": ask(extra_body={"temperature": 0.5, "top_p": 0.875}),
    "stop": ask(stop_sequences=["END", "STOP"]),
    "image": ask(user([text("What is it?"), base64("image", "image/png", PNG)])),
    "image_url": ask(user([text("What is it?"), IMAGE_LINK])),
    "document": ask(user([text("Read."), base64("document", "application/pdf", PDF, title="act")])),
    "tools": ask(QUESTION, tools=BOTH),
    "tool_required": ask(QUESTION, tools=BOTH, tool_choice={"type": "any"}),
    "tool_named": ask(QUESTION, tools=BOTH, tool_choice={"type": "tool", "name": "clock"}),
    "tool_none": ask(QUESTION, tools=BOTH, tool_choice={"type": "none"}),
    "parallel_off": ask(
        QUESTION,
        tools=BOTH,
        tool_choice={"type": "auto", "disable_parallel_tool_use": True},
    ),
    "tool_result": ask(QUESTION, assistant(call("c1")), user([result("c1")]), tools=[WEATHER]),
    "tool_error": ask(
        QUESTION, assistant(call("c1")), user([result("c1", is_error=True)]), tools=[WEATHER]
    ),
    "parallel_results": ask(
        QUESTION,
        assistant(text("Both."), call("c1"), call("c2", "clock")),
        user([result("c1"), result("c2")]),
        tools=BOTH,
    ),
    "schema": ask(output_config={"format": {"type": "json_schema", "schema": CITY}}),
    "json": None,
    "effort": ask(thinking=BUDGET),
    "budget": ask(thinking=BUDGET),
    "reasoning_history": ask(
        QUESTION,
        assistant(THOUGHT, call("c1")),
        user([result("c1")]),
        tools=[WEATHER],
        thinking=BUDGET,
    ),
    "hints": ask(metadata={"user_id": "u1"}),
    "cache": ask(user([text("A long text", cache_control={"type": "ephemeral"}), text("Hello!")])),
    "stream": ask(stream=True),
    "stream_tools": ask(QUESTION, tools=[WEATHER], stream=True),
}
PASSED = {
    "count_tokens": Passed(
        "count_tokens",
        "messages.count_tokens",
        {"model": MODEL, "messages": [user("Hello!")], "system": "Be brief."},
    )
}


def connect(address: str) -> Anthropic:
    return Anthropic(base_url=address, api_key=SECRET, max_retries=0)


ANTHROPIC = Judge(
    "Anthropic messages",
    "anthropic",
    create(),
    MODEL,
    "/v1",
    ("messages.create", "messages.create"),
    ("content-type",),
    connect,
    APIStatusError,
    CALLS,
    PASSED,
)
