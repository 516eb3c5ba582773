"""Cohere's client: chat (version 2) and rerankings. Its messages have OpenAI's form."""

from collections.abc import Mapping
from typing import Any

from cohere import ClientV2
from cohere.core.api_error import ApiError

from judges.conversations import CITY, IMAGE_URL, PNG
from judges.judge import SECRET, Judge, Passed
from judges.openai_calls import BOTH, QUESTION, WEATHER, call, result, text, user
from penstock.plugins.providers.cohere import create
from penstock.rules.wire import rerank

MODEL = "command-a-03-2025"


def ask(*messages: Any, **members: Any) -> dict[str, Any]:
    said = list(messages) or [user("Hello!")]
    return {"model": MODEL, "messages": said, "max_tokens": 4096, **members}


def called(*calls: dict[str, Any], **content: Any) -> dict[str, Any]:
    return {"role": "assistant", "tool_calls": list(calls), **content}


def image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


TURN = (QUESTION, called(call("c1")), result("c1"))
CLOCK = BOTH[1]
BUDGET = {"type": "enabled", "token_budget": 2048}
THOUGHT = [{"type": "thinking", "thinking": "Hm."}]
CALLS: Mapping[str, Mapping[str, Any] | None] = {
    "text": ask(),
    "system": ask({"role": "system", "content": "Be brief."}, user("Hello!")),
    "history": ask(user("Hello!"), {"role": "assistant", "content": [text("Hi.")]}, user("Again")),
    "two_texts": ask(user([text("One"), text("Two")])),
    "sampling": ask(temperature=0.5, p=0.875),
    "stop": ask(stop_sequences=["END", "STOP"]),
    "image": ask(user([text("What is it?"), image(f"data:image/png;base64,{PNG}")])),
    "image_url": ask(user([text("What is it?"), image(IMAGE_URL)])),
    "document": None,
    "tools": ask(QUESTION, tools=BOTH),
    "tool_required": ask(QUESTION, tools=BOTH, tool_choice="REQUIRED"),
    # Cohere cannot name the tool to call: the other tools are left out instead.
    "tool_named": ask(QUESTION, tools=[CLOCK], tool_choice="REQUIRED"),
    "tool_none": ask(QUESTION, tools=BOTH, tool_choice="NONE"),
    "parallel_off": None,
    "tool_result": ask(*TURN, tools=[WEATHER]),
    "tool_error": ask(*TURN, tools=[WEATHER]),
    "parallel_results": ask(
        QUESTION,
        called(call("c1"), call("c2", "clock"), content=[text("Both.")]),
        result("c1"),
        result("c2"),
        tools=BOTH,
    ),
    "schema": ask(response_format={"type": "json_object", "json_schema": CITY}),
    "json": ask(response_format={"type": "json_object"}),
    "effort": ask(thinking={"type": "enabled"}),
    "budget": ask(thinking=BUDGET),
    "reasoning_history": ask(
        QUESTION,
        called(call("c1"), content=THOUGHT),
        result("c1"),
        tools=[WEATHER],
        thinking=BUDGET,
    ),
    "hints": ask(seed=7),
    "cache": ask(user([text("A long text"), text("Hello!")])),
    "stream": ask(),
    "stream_tools": ask(QUESTION, tools=[WEATHER]),
}
PASSED = {
    "rerank": Passed(
        "rerank",
        "rerank",
        {"model": "rerank-v3.5", "query": "One?", "documents": ["a", "b"], "top_n": 1},
        rerank.DIALECT,
    )
}


def connect(address: str) -> ClientV2:
    return ClientV2(SECRET, base_url=address, max_retries=0)


COHERE = Judge(
    "Cohere chat",
    "cohere",
    create(),
    MODEL,
    "/v2",
    ("chat", "chat_stream"),
    ("authorization", "content-type"),
    connect,
    ApiError,
    CALLS,
    PASSED,
)
