"""The neutral form of a request: what a chat request says, in no dialect.

A dialect reads its requests into these types and writes requests from them. Only what they hold
survives a translation; a dialect raises `InvalidRequest` for what they cannot hold.
"""

from enum import StrEnum
from typing import NamedTuple

import msgspec

Place = tuple[int, int]
"""Start and end of a value in a body, in bytes."""


class RequestHead(NamedTuple):
    """The fields of a request that routing needs. `wants_usage`: the caller asked for usage in the
    stream. `model_at`: the position of the value of `model` in the body, if reading found it."""

    model: str
    stream: bool = False
    wants_usage: bool = False
    model_at: Place | None = None


class MessageRole(StrEnum):
    """The author of a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class ToolCall(msgspec.Struct, frozen=True):
    """A call that the model makes. `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


class Message(msgspec.Struct, frozen=True):
    """One message. `tool_call_id` names the call that a tool's message answers."""

    role: MessageRole
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""


class Tool(msgspec.Struct, frozen=True):
    """A function that the model may call. `parameters` is a JSON schema, empty for none."""

    name: str
    description: str = ""
    parameters: bytes = b""


class Conversation(msgspec.Struct, frozen=True):
    """A chat request. `None`: the caller leaves the value to the provider."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
