"""Botocore's client of bedrock-runtime: the Converse API."""

import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from judges.conversations import ARGUMENTS, CITY, PDF, PNG
from judges.judge import SECRET, Judge, Refused, Said
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
CALLS = {
    "text": Said(ask()),
    "system": Said(ask(system=[{"text": "Be brief."}])),
    "history": Said(ask(user("Hello!"), assistant("Hi."), user("Again"))),
    "two_texts": Said(ask(user("One", "Two"))),
    "sampling": Said(ask(inference={"temperature": 0.5, "topP": 0.875})),
    "stop": Said(ask(inference={"stopSequences": ["END", "STOP"]})),
    "image": Said(ask(user("What is it?", IMAGE))),
    "image_url": Refused("media.url", "the Converse API takes media as data or from S3"),
    "document": Said(ask(user("Read.", DOCUMENT))),
    "tools": Said(ask(QUESTION, toolConfig=tools(WEATHER, CLOCK))),
    "tool_required": Said(ask(QUESTION, toolConfig=tools(WEATHER, CLOCK, toolChoice={"any": {}}))),
    "tool_named": Said(
        ask(QUESTION, toolConfig=tools(WEATHER, CLOCK, toolChoice={"tool": {"name": "clock"}})),
    ),
    # The Converse API cannot forbid calls: the tools are left out.
    "tool_none": Said(ask(QUESTION)),
    "parallel_off": Refused("parallel_tool_calls", "the Converse API cannot forbid parallel calls"),
    "tool_result": Said(
        ask(QUESTION, assistant(call("c1")), user(result("c1")), toolConfig=tools(WEATHER))
    ),
    "tool_error": Said(
        ask(
            QUESTION,
            assistant(call("c1")),
            user(result("c1", status="error")),
            toolConfig=tools(WEATHER),
        )
    ),
    "parallel_results": Said(
        ask(
            QUESTION,
            assistant("Both.", call("c1"), call("c2", "clock")),
            user(result("c1"), result("c2")),
            toolConfig=tools(WEATHER, CLOCK),
        )
    ),
    "schema": Said(ask(outputConfig={"textFormat": FORMAT})),
    "json": Refused("output.json", "the Converse API gives JSON only with a schema"),
    "effort": Said(ask(outputConfig={"effort": "low"})),
    "budget": Said(ask(additionalModelRequestFields=BUDGET)),
    "reasoning_history": Said(
        ask(
            QUESTION,
            assistant(THOUGHT, call("c1")),
            user(result("c1")),
            toolConfig=tools(WEATHER),
            additionalModelRequestFields=BUDGET,
        )
    ),
    "hints": Said(ask()),
    "cache": Said(
        ask(user("A long text", {"cachePoint": {"type": "default", "ttl": "5m"}}, "Hello!"))
    ),
    "stream": Said(ask()),
    "stream_tools": Said(ask(QUESTION, toolConfig=tools(WEATHER))),
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
