"""Mistral's client: chat and embeddings. Ours is the OpenAI-compatible plugin with quirks."""

from typing import Any

from mistralai.client import Mistral
from mistralai.client.errors import SDKError

from judges.conversations import CITY, IMAGE_URL, PDF, PNG
from judges.judge import SECRET, Judge, Passed, Said
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
CONTENT = "messages.0.content.1"
DOCUMENT_PLACES = [
    *(f"{CONTENT}.{name}" for name in ("type", "document_url", "document_name")),
    *(f"{CONTENT}.file.{name}" for name in ("filename", "file_data")),
]
DOCUMENT_GAP = "a gap: Mistral has its own part for documents, we send OpenAI's, which it rejects"
THOUGHT_PLACES = [
    *("messages.1.content", "messages.1.reasoning_content", "messages.1.content.0.type"),
    *(f"messages.1.content.0.thinking.0.{name}" for name in ("type", "text")),
]
THOUGHT_GAP = "a gap: Mistral has its own part for reasoning, we send that of other servers"
CALLS = {
    "text": Said(ask()),
    "system": Said(ask({"role": "system", "content": "Be brief."}, user("Hello!"))),
    "history": Said(ask(user("Hello!"), {"role": "assistant", "content": "Hi."}, user("Again"))),
    "two_texts": Said(ask(user([text("One"), text("Two")]))),
    "sampling": Said(ask(temperature=0.5, top_p=0.875)),
    "stop": Said(ask(stop=["END", "STOP"])),
    "image": Said(ask(user([text("What is it?"), image(f"data:image/png;base64,{PNG}")]))),
    "image_url": Said(ask(user([text("What is it?"), image(IMAGE_URL)]))),
    "document": Said(
        ask(user([text("Read."), DOCUMENT])), dict.fromkeys(DOCUMENT_PLACES, DOCUMENT_GAP)
    ),
    "tools": Said(ask(QUESTION, tools=BOTH)),
    "tool_required": Said(ask(QUESTION, tools=BOTH, tool_choice="required")),
    "tool_named": Said(
        ask(QUESTION, tools=BOTH, tool_choice={"type": "function", "function": {"name": "clock"}})
    ),
    "tool_none": Said(ask(QUESTION, tools=BOTH, tool_choice="none")),
    "parallel_off": Said(ask(QUESTION, tools=BOTH, parallel_tool_calls=False)),
    "tool_result": Said(ask(*TURN, tools=[WEATHER])),
    "tool_error": Said(ask(*TURN, tools=[WEATHER])),
    "parallel_results": Said(
        ask(
            QUESTION,
            called("Both.", call("c1"), call("c2", "clock")),
            result("c1"),
            result("c2"),
            tools=BOTH,
        )
    ),
    "schema": Said(ask(response_format={"type": "json_schema", "json_schema": SCHEMA})),
    "json": Said(ask(response_format={"type": "json_object"})),
    "effort": Said(ask(reasoning_effort="low")),
    "budget": Said(ask(reasoning_effort="low")),
    "reasoning_history": Said(
        ask(
            QUESTION,
            called(THOUGHT, call("c1")),
            result("c1"),
            tools=[WEATHER],
            reasoning_effort="low",
        ),
        dict.fromkeys(THOUGHT_PLACES, THOUGHT_GAP),
    ),
    "hints": Said(ask(random_seed=7)),
    "cache": Said(ask(user([text("A long text"), text("Hello!")]))),
    "stream": Said(ask()),
    "stream_tools": Said(ask(QUESTION, tools=[WEATHER])),
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
    {
        r"stream": "the client writes `false`, which is the default",
        r"messages\.\d+\.prefix": "the client writes `false`, which is the default",
        r"messages\.\d+\.tool_calls\.\d+\.index": "the client writes 0, which is the default",
    },
)
