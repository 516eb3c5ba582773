"""Google's client: Gemini's generateContent, token counts, embeddings."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from google import genai
from google.genai import errors, types

from judges.conversations import ARGUMENTS, CITY, IMAGE_URL, PDF, PNG
from judges.judge import SECRET, Judge, Passed
from penstock.plugins.providers.gemini import create

MODEL = "gemini-2.5-flash"


def function(name: str, description: str) -> types.FunctionDeclaration:
    return types.FunctionDeclaration(
        name=name, description=description, parameters_json_schema=CITY
    )


WEATHER = function("weather", "The weather of a city")
CLOCK = function("clock", "The time in a city")


def content(role: str, *parts: types.Part | str) -> types.Content:
    said = [types.Part(text=part) if isinstance(part, str) else part for part in parts]
    return types.Content(role=role, parts=said)


def user(*parts: types.Part | str) -> types.Content:
    return content("user", *parts)


def call(id_: str, name: str = "weather") -> types.Part:
    return types.Part(function_call=types.FunctionCall(id=id_, name=name, args=ARGUMENTS))


def result(id_: str, name: str = "weather", member: str = "output") -> types.Part:
    answer = types.FunctionResponse(id=id_, name=name, response={member: "12 °C"})
    return types.Part(function_response=answer)


def ask(*contents: types.Content, **config: Any) -> dict[str, Any]:
    return {
        "model": MODEL,
        "contents": list(contents) or [user("Hello!")],
        "config": types.GenerateContentConfig(max_output_tokens=4096, **config),
    }


def tools(*functions: types.FunctionDeclaration) -> list[types.Tool]:
    return [types.Tool(function_declarations=list(functions))]


def choice(mode: str, *names: str) -> types.ToolConfig:
    calling = types.FunctionCallingConfig(
        mode=types.FunctionCallingConfigMode(mode), allowed_function_names=list(names) or None
    )
    return types.ToolConfig(function_calling_config=calling)


QUESTION = user("Weather?")
BOTH = tools(WEATHER, CLOCK)
BUDGET = types.ThinkingConfig(thinking_budget=2048)
JSON = {"response_mime_type": "application/json"}
IMAGE = types.Part.from_bytes(data=b64decode(PNG), mime_type="image/png")
DOCUMENT = types.Part.from_bytes(data=b64decode(PDF), mime_type="application/pdf")
LINK = types.Part(file_data=types.FileData(file_uri=IMAGE_URL))
THOUGHT = types.Part(text="Hm.", thought=True, thought_signature=b64decode("c2lnbmVk"))
CALLS: Mapping[str, Mapping[str, Any] | None] = {
    "text": ask(),
    "system": ask(system_instruction=types.Content(parts=[types.Part(text="Be brief.")])),
    "history": ask(user("Hello!"), content("model", "Hi."), user("Again")),
    "two_texts": ask(user("One", "Two")),
    "sampling": ask(temperature=0.5, top_p=0.875),
    "stop": ask(stop_sequences=["END", "STOP"]),
    "image": ask(user("What is it?", IMAGE)),
    "image_url": ask(user("What is it?", LINK)),
    "document": ask(user("Read.", DOCUMENT)),
    "tools": ask(QUESTION, tools=BOTH),
    "tool_required": ask(QUESTION, tools=BOTH, tool_config=choice("ANY")),
    "tool_named": ask(QUESTION, tools=BOTH, tool_config=choice("ANY", "clock")),
    "tool_none": ask(QUESTION, tools=BOTH, tool_config=choice("NONE")),
    "parallel_off": ask(QUESTION, tools=BOTH),
    "tool_result": ask(
        QUESTION, content("model", call("c1")), user(result("c1")), tools=tools(WEATHER)
    ),
    "tool_error": ask(
        QUESTION,
        content("model", call("c1")),
        user(result("c1", member="error")),
        tools=tools(WEATHER),
    ),
    "parallel_results": ask(
        QUESTION,
        content("model", "Both.", call("c1"), call("c2", "clock")),
        user(result("c1"), result("c2", "clock")),
        tools=BOTH,
    ),
    "schema": ask(**JSON, response_json_schema=CITY),
    "json": ask(**JSON),
    "effort": ask(thinking_config=types.ThinkingConfig(thinking_budget=1024)),
    "budget": ask(thinking_config=BUDGET),
    "reasoning_history": ask(
        QUESTION,
        content("model", THOUGHT, call("c1")),
        user(result("c1")),
        tools=tools(WEATHER),
        thinking_config=BUDGET,
    ),
    "hints": ask(seed=7),
    "cache": ask(user("A long text", "Hello!")),
    "stream": ask(),
    "stream_tools": ask(QUESTION, tools=tools(WEATHER)),
}
PASSED = {
    "count_tokens": Passed(
        "count_tokens", "models.count_tokens", {"model": MODEL, "contents": [user("Hello!")]}
    ),
    "embeddings": Passed(
        "embeddings",
        "models.embed_content",
        {"model": "gemini-embedding-001", "contents": ["a", "b"]},
    ),
}


_FREE = ("parametersJsonSchema", "responseJsonSchema", "args", "response")


def one_spelling(document: Any) -> Any:
    """Writes names in camel case and base64 in its usual alphabet, except in the caller's own
    objects."""
    if isinstance(document, list):
        return [one_spelling(each) for each in document]
    if not isinstance(document, dict):
        return document
    written: dict[str, Any] = {}
    for name, value in document.items():
        head, *rest = name.split("_")
        camel = head + "".join(word.capitalize() for word in rest)
        if camel in _FREE:
            written[camel] = value
        elif camel in ("data", "thoughtSignature"):
            written[camel] = value.replace("-", "+").replace("_", "/")
        else:
            written[camel] = one_spelling(value)
    return written


def connect(address: str) -> genai.Client:
    retries = types.HttpRetryOptions(attempts=1)
    options = types.HttpOptions(base_url=address, retry_options=retries)
    return genai.Client(api_key=SECRET, http_options=options)


GEMINI = Judge(
    "Gemini",
    "google-genai",
    create(),
    MODEL,
    "/v1",  # the version that the client uses without options; the vendor row has v1beta
    ("models.generate_content", "models.generate_content_stream"),
    ("x-goog-api-key", "content-type"),
    connect,
    errors.APIError,
    CALLS,
    PASSED,
    reading=one_spelling,
)
