"""Botocore's client of bedrock-runtime: the Converse API."""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from judges.conversations import ARGUMENTS, CITY, PDF, PNG
from judges.judge import SECRET, Judge
from penstock.plugins.providers.bedrock import create

MODEL = "anthropic.claude-sonnet-4-5-20250929-v1:0"
REGION = "us-east-1"


def function(name: str, description: str) -> dict[str, Any]:
    return {"toolSpec": {"name": name, "description": description, "inputSchema": {"json": CITY}}}


WEATHER = function("weather", "The weather of a city")
CLOCK = function("clock", "The time in a city")


def user(*blocks: dict[str, Any] | str) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": b} if isinstance(b, str) else b for b in blocks]}


def assistant(*blocks: dict[str, Any] | str) -> dict[str, Any]:
    return {**user(*blocks), "role": "assistant"}


def call(id_: str, name: str = "weather") -> dict[str, Any]:
    return {"toolUse": {"toolUseId": id_, "name": name, "input": ARGUMENTS}}


def result(id_: str, **more: Any) -> dict[str, Any]:
    return {"toolResult": {"toolUseId": id_, "content": [{"text": "12 °C"}], **more}}


def ask(*messages: Any, inference: Any = None, **members: Any) -> dict[str, Any]:
    return {
        "modelId": MODEL,
        "messages": list(messages) or [user("Hello!")],
        "inferenceConfig": {"maxTokens": 4096, **(inference or {})},
        **members,
    }


def tools(*specs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"tools": list(specs), **more}


QUESTION = user("Weather?")
IMAGE = {"image": {"format": "png", "source": {"bytes": b64decode(PNG)}}}
DOCUMENT = {"document": {"format": "pdf", "name": "act", "source": {"bytes": b64decode(PDF)}}}
BUDGET = {"thinking": {"type": "enabled", "budget_tokens": 2048}}
THOUGHT = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2lnbmVk"}}}
FORMAT = {
    "type": "json_schema",
    "structure": {"jsonSchema": {"schema": json.dumps(CITY), "name": "city"}},
}
CALLS: Mapping[str, Mapping[str, Any] | None] = {
    "text": ask(),
    "system": ask(system=[{"text": "Be brief."}]),
    "history": ask(user("Hello!"), assistant("Hi."), user("Again")),
    "two_texts": ask(user("One", "Two")),
    "sampling": ask(inference={"temperature": 0.5, "topP": 0.875}),
    "stop": ask(inference={"stopSequences": ["END", "STOP"]}),
    "image": ask(user("What is it?", IMAGE)),
    "image_url": None,
    "document": ask(user("Read.", DOCUMENT)),
    "tools": ask(QUESTION, toolConfig=tools(WEATHER, CLOCK)),
    "tool_required": ask(QUESTION, toolConfig=tools(WEATHER, CLOCK, toolChoice={"any": {}})),
    "tool_named": ask(
        QUESTION, toolConfig=tools(WEATHER, CLOCK, toolChoice={"tool": {"name": "clock"}})
    ),
    # The Converse API cannot forbid calls: the tools are left out.
    "tool_none": ask(QUESTION),
    "parallel_off": None,
    "tool_result": ask(
        QUESTION, assistant(call("c1")), user(result("c1")), toolConfig=tools(WEATHER)
    ),
    "tool_error": ask(
        QUESTION,
        assistant(call("c1")),
        user(result("c1", status="error")),
        toolConfig=tools(WEATHER),
    ),
    "parallel_results": ask(
        QUESTION,
        assistant("Both.", call("c1"), call("c2", "clock")),
        user(result("c1"), result("c2")),
        toolConfig=tools(WEATHER, CLOCK),
    ),
    "schema": ask(outputConfig={"textFormat": FORMAT}),
    "json": None,
    "effort": ask(outputConfig={"effort": "low"}),
    "budget": ask(additionalModelRequestFields=BUDGET),
    "reasoning_history": ask(
        QUESTION,
        assistant(THOUGHT, call("c1")),
        user(result("c1")),
        toolConfig=tools(WEATHER),
        additionalModelRequestFields=BUDGET,
    ),
    "hints": ask(),
    "cache": ask(user("A long text", {"cachePoint": {"type": "default", "ttl": "5m"}}, "Hello!")),
    "stream": ask(),
    "stream_tools": ask(QUESTION, toolConfig=tools(WEATHER)),
}


@contextmanager
def connect(address: str) -> Iterator[Any]:
    """A client of botocore with a key pair."""
    access_key, _, secret_key = SECRET.partition(":")
    client = botocore.session.Session().create_client(
        "bedrock-runtime",
        region_name=REGION,
        endpoint_url=address,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(retries={"total_max_attempts": 1}),
    )
    try:
        yield client
    finally:
        client.close()


BEDROCK = Judge(
    "Bedrock Converse",
    "botocore",
    create(),
    MODEL,
    "",
    ("converse", "converse_stream"),
    ("content-type",),
    connect,
    ClientError,
    CALLS,
)
