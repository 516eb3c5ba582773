"""The calls that are judged, in the neutral form. What a client says is in `<vendor>_calls`."""

import json
from typing import Any

from penstock.rules.neutral.conversation import (
    Conversation,
    Hint,
    Media,
    MediaKind,
    Message,
    MessageRole,
    OutputFormat,
    Part,
    Reasoning,
    ReasoningOptions,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolMode,
    ToolResult,
)

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
PDF = "JVBERi0xLjQKJSVFT0YK"
IMAGE_URL = "https://images.example/turbine.png"
CITY: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
ARGUMENTS = {"city": "Köln"}
WEATHER = Tool("weather", "The weather of a city", json.dumps(CITY).encode())
CLOCK = Tool("clock", "The time in a city", json.dumps(CITY).encode())
STREAMED = ("stream", "stream_tools")


def _user(*parts: Part | str) -> Message:
    return Message(MessageRole.USER, tuple(Text(p) if isinstance(p, str) else p for p in parts))


def _model(*parts: Part | str) -> Message:
    said = tuple(Text(p) if isinstance(p, str) else p for p in parts)
    return Message(MessageRole.ASSISTANT, said)


def _ask(*messages: Message, **members: Any) -> Conversation:
    return Conversation(messages or (_user("Hello!"),), **{"max_output_tokens": 4096, **members})


def _call(id_: str, name: str = "weather") -> ToolCall:
    return ToolCall(id_, name, json.dumps(ARGUMENTS, ensure_ascii=False, separators=(",", ":")))


def _result(id_: str, *, is_error: bool = False) -> ToolResult:
    return ToolResult(id_, (Text("12 °C"),), is_error)


def conversations(dialect: str) -> dict[str, Conversation]:
    """The calls by name. `dialect` is that of the provider that made earlier reasoning."""
    weather, both = (WEATHER,), (WEATHER, CLOCK)
    required, none = ToolChoice(ToolMode.REQUIRED), ToolChoice(ToolMode.NONE)
    named = ToolChoice(ToolMode.REQUIRED, ("clock",))
    question = _user("Weather?")
    image = Media(MediaKind.IMAGE, "image/png", PNG)
    thought = Reasoning("Hm.", signature="c2lnbmVk", dialect=dialect)
    return {
        "text": _ask(),
        "system": _ask(Message(MessageRole.SYSTEM, (Text("Be brief."),)), _user("Hello!")),
        "history": _ask(_user("Hello!"), _model("Hi."), _user("Again")),
        "two_texts": _ask(_user("One", "Two")),
        "sampling": _ask(temperature=0.5, top_p=0.875),
        "stop": _ask(stop=("END", "STOP")),
        "image": _ask(_user("What is it?", image)),
        "image_url": _ask(_user("What is it?", Media(MediaKind.IMAGE, url=IMAGE_URL))),
        "document": _ask(
            _user("Read.", Media(MediaKind.DOCUMENT, "application/pdf", PDF, name="act"))
        ),
        "tools": _ask(question, tools=both),
        "tool_required": _ask(question, tools=both, tool_choice=required),
        "tool_named": _ask(question, tools=both, tool_choice=named),
        "tool_none": _ask(question, tools=both, tool_choice=none),
        "parallel_off": _ask(question, tools=both, parallel_tool_calls=False),
        "tool_result": _ask(question, _model(_call("c1")), _user(_result("c1")), tools=weather),
        "tool_error": _ask(
            question, _model(_call("c1")), _user(_result("c1", is_error=True)), tools=weather
        ),
        "parallel_results": _ask(
            question,
            _model("Both.", _call("c1"), _call("c2", "clock")),
            _user(_result("c1"), _result("c2")),
            tools=both,
        ),
        "schema": _ask(output=OutputFormat(json.dumps(CITY).encode(), "city", strict=True)),
        "json": _ask(output=OutputFormat()),
        "effort": _ask(reasoning=ReasoningOptions("low")),
        "budget": _ask(reasoning=ReasoningOptions(budget=2048)),
        "reasoning_history": _ask(
            question,
            _model(thought, _call("c1")),
            _user(_result("c1")),
            tools=weather,
            reasoning=ReasoningOptions(budget=2048),
        ),
        "hints": _ask(hints={Hint.SEED: b"7", Hint.USER: b'"u1"'}),
        "cache": _ask(_user(Text("A long text", cache="5m"), "Hello!")),
        "stream": _ask(),
        "stream_tools": _ask(question, tools=weather),
    }
