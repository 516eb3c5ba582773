"""OpenAI's client: the Responses API."""

from collections.abc import Mapping
from typing import Any

from openai import APIStatusError, OpenAI

from judges.conversations import CITY, IMAGE_URL, PDF, PNG
from judges.judge import SECRET, Judge
from judges.openai_calls import MODEL, user
from penstock.plugins.providers.openai_responses import OpenAIResponses


def function(name: str, description: str) -> dict[str, Any]:
    # The client's types require `strict`; without it the API would be strict.
    return {
        "type": "function",
        "name": name,
        "description": description,
        "parameters": CITY,
        "strict": False,
    }


WEATHER = function("weather", "The weather of a city")
CLOCK = function("clock", "The time in a city")


def text(value: str) -> dict[str, Any]:
    return {"type": "input_text", "text": value}


def image(url: str) -> dict[str, Any]:
    return {"type": "input_image", "image_url": url, "detail": "auto"}


def call(id_: str, name: str = "weather") -> dict[str, Any]:
    return {
        "type": "function_call",
        "call_id": id_,
        "name": name,
        "arguments": '{"city":"Köln"}',
    }


def result(id_: str) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": id_, "output": "12 °C"}


def ask(*items: Any, **members: Any) -> dict[str, Any]:
    # The other formats keep nothing at the provider, so that a translated request says the same.
    said = list(items) or [user("Hello!")]
    return {"model": MODEL, "input": said, "max_output_tokens": 4096, "store": False, **members}


QUESTION = user("Weather?")
BOTH = [WEATHER, CLOCK]
TURN = (QUESTION, call("c1"), result("c1"))
FORMAT = {"type": "json_schema", "name": "city", "schema": CITY, "strict": True}
FILE = {
    "type": "input_file",
    "filename": "act",
    "file_data": f"data:application/pdf;base64,{PDF}",
}
THOUGHT = {
    "type": "reasoning",
    "id": "",
    "summary": [],
    "content": [{"type": "reasoning_text", "text": "Hm."}],
}
CALLS: Mapping[str, Mapping[str, Any] | None] = {
    "text": ask(),
    "system": ask(instructions="Be brief."),
    "history": ask(user("Hello!"), {"role": "assistant", "content": "Hi."}, user("Again")),
    "two_texts": ask(user([text("One"), text("Two")])),
    "sampling": ask(temperature=0.5, top_p=0.875),
    "stop": None,
    "image": ask(user([text("What is it?"), image(f"data:image/png;base64,{PNG}")])),
    "image_url": ask(user([text("What is it?"), image(IMAGE_URL)])),
    "document": ask(user([text("Read."), FILE])),
    "tools": ask(QUESTION, tools=BOTH),
    "tool_required": ask(QUESTION, tools=BOTH, tool_choice="required"),
    "tool_named": ask(QUESTION, tools=BOTH, tool_choice={"type": "function", "name": "clock"}),
    "tool_none": ask(QUESTION, tools=BOTH, tool_choice="none"),
    "parallel_off": ask(QUESTION, tools=BOTH, parallel_tool_calls=False),
    "tool_result": ask(*TURN, tools=[WEATHER]),
    "tool_error": ask(*TURN, tools=[WEATHER]),
    "parallel_results": ask(
        QUESTION,
        {"role": "assistant", "content": "Both."},
        call("c1"),
        call("c2", "clock"),
        result("c1"),
        result("c2"),
        tools=BOTH,
    ),
    "schema": ask(text={"format": FORMAT}),
    "json": ask(text={"format": {"type": "json_object"}}),
    "effort": ask(reasoning={"effort": "low"}),
    "budget": ask(reasoning={"effort": "low"}),
    "reasoning_history": ask(
        QUESTION, THOUGHT, *TURN[1:], tools=[WEATHER], reasoning={"effort": "low"}
    ),
    "hints": ask(safety_identifier="u1"),
    "cache": ask(user([text("A long text"), text("Hello!")])),
    "stream": ask(stream=True),
    "stream_tools": ask(QUESTION, tools=[WEATHER], stream=True),
}


def connect(address: str) -> OpenAI:
    return OpenAI(base_url=f"{address}/v1", api_key=SECRET, max_retries=0)


RESPONSES = Judge(
    "OpenAI Responses",
    "openai",
    OpenAIResponses(),
    MODEL,
    "/v1",
    ("responses.create", "responses.create"),
    ("authorization", "content-type"),
    connect,
    APIStatusError,
    CALLS,
)
