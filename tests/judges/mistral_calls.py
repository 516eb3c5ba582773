"""Mistral's client: chat and embeddings. Ours is the OpenAI-compatible plugin with quirks."""

from collections.abc import Mapping
from typing import Any

from mistralai.client import Mistral
from mistralai.client.errors import SDKError

from judges.conversations import CITY, IMAGE_URL, PDF, PNG
from judges.judge import SECRET, Judge, Passed
from judges.openai_calls import BOTH, QUESTION, WEATHER, call, called, result, text, user
from penstock.plugins.providers.openai_compatible import create
from penstock.plugins.providers.vendors import VENDORS

MODEL = "mistral-large-latest"


def ask(*messages: Any, **members: Any) -> dict[str, Any]:
    said = list(messages) or [user("Hello!")]
    return {"model": MODEL, "messages": said, "max_tokens": 4096, **members}


def image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


TURN = (QUESTION, called(None, call("c1")), result("c1"))
SCHEMA = {"name": "city", "schema": CITY, "strict": True}
DOCUMENT = {
    "type": "document_url",
    "document_url": f"data:application/pdf;base64,{PDF}",
    "document_name": "act",
}
THOUGHT = [{"type": "thinking", "thinking": [text("Hm.")]}]
CALLS: Mapping[str, Mapping[str, Any] | None] = {
    "text": ask(),
    "system": ask({"role": "system", "content": "Be brief."}, user("Hello!")),
    "history": ask(user("Hello!"), {"role": "assistant", "content": "Hi."}, user("Again")),
    "two_texts": ask(user([text("One"), text("Two")])),
    "sampling": ask(temperature=0.5, top_p=0.875),
    "stop": ask(stop=["END", "STOP"]),
    "image": ask(user([text("What is it?"), image(f"data:image/png;base64,{PNG}")])),
    "image_url": ask(user([text("What is it?"), image(IMAGE_URL)])),
    "document": ask(user([text("Read."), DOCUMENT])),
    "tools": ask(QUESTION, tools=BOTH),
    "tool_required": ask(QUESTION, tools=BOTH, tool_choice="required"),
    "tool_named": ask(
        QUESTION, tools=BOTH, tool_choice={"type": "function", "function": {"name": "clock"}}
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
    "reasoning_history": ask(
        QUESTION,
        called(THOUGHT, call("c1")),
        result("c1"),
        tools=[WEATHER],
        reasoning_effort="low",
    ),
    "hints": ask(random_seed=7),
    "cache": ask(user([text("A long text"), text("Hello!")])),
    "stream": ask(),
    "stream_tools": ask(QUESTION, tools=[WEATHER]),
}
PASSED = {
    "embeddings": Passed(
        "embeddings", "embeddings.create", {"model": "mistral-embed", "inputs": ["a", "b"]}
    )
}


def connect(address: str) -> Mistral:
    return Mistral(SECRET, server_url=address)


MISTRAL = Judge(
    "Mistral chat",
    "mistralai",
    create(),
    MODEL,
    "/v1",
    ("chat.complete", "chat.stream"),
    ("authorization", "content-type"),
    connect,
    SDKError,
    CALLS,
    PASSED,
    VENDORS["mistral"].quirks,
)
