"""OpenAI's chat request as a neutral conversation, and back.

Members that carry meaning and have no place in the neutral form are rejected by name. Hints, which
do not change what the model is asked, are left out.
"""

from typing import Any, Final

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.rules.conversation import Conversation, Message, MessageRole, Tool, ToolCall
from penstock.rules.json_text import decode_json

_HINTS: Final = frozenset(
    (
        *("logit_bias", "logprobs", "metadata", "parallel_tool_calls", "prompt_cache_key", "seed"),
        *("service_tier", "store", "stream_options", "top_logprobs", "user", "verbosity"),
    )
)
_ROLES: Final = {"developer": MessageRole.SYSTEM, **{role.value: role for role in MessageRole}}


class _Function(msgspec.Struct):
    name: str
    arguments: str = ""
    description: str | None = None
    parameters: msgspec.Raw = msgspec.Raw()


class _FunctionHolder(msgspec.Struct):
    function: _Function
    id: str = ""
    type: str = "function"


class _TextPart(msgspec.Struct):
    type: str
    text: str = ""


class _Message(msgspec.Struct, forbid_unknown_fields=True):
    role: str
    content: str | list[_TextPart] | None = None
    name: str | None = None
    tool_calls: list[_FunctionHolder] | None = None
    tool_call_id: str | None = None
    refusal: str | None = None


class _Request(msgspec.Struct):
    messages: list[_Message]
    tools: list[_FunctionHolder] | None = None
    tool_choice: str | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: str | list[str] | None = None
    n: int | None = None
    model: str = ""
    stream: bool | None = None


_decoder: Final = msgspec.json.Decoder(_Request)
_members_decoder: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder: Final = msgspec.json.Encoder()
_MEMBERS: Final = frozenset(_Request.__struct_fields__) | _HINTS


def read_conversation(body: bytes) -> Conversation:
    """Reads a chat request. Raises `InvalidRequest` for what the neutral form cannot hold."""
    try:
        for name in decode_json(_members_decoder, body):
            if name not in _MEMBERS:
                raise _untranslatable(name, param=name)
        found = decode_json(_decoder, body)
    except msgspec.DecodeError as error:
        raise _untranslatable(str(error)) from None
    if found.tool_choice not in (None, "auto"):
        raise _untranslatable("tool_choice", param="tool_choice")
    if found.n not in (None, 1):
        raise _untranslatable("n", param="n")
    stop = (found.stop,) if isinstance(found.stop, str) else tuple(found.stop or ())
    return Conversation(
        messages=tuple(_read_message(message, at) for at, message in enumerate(found.messages)),
        tools=tuple(_read_tool(tool) for tool in found.tools or ()),
        max_output_tokens=found.max_completion_tokens or found.max_tokens,
        temperature=found.temperature,
        top_p=found.top_p,
        stop=stop,
    )


def write_conversation(
    conversation: Conversation, model: str, *, stream: bool, add_usage: bool
) -> bytes:
    """Writes a chat request. `add_usage` asks for usage in the stream."""
    request: dict[str, Any] = {
        "model": model,
        "messages": [_write_message(message) for message in conversation.messages],
    }
    if conversation.tools:
        request["tools"] = [_write_tool(tool) for tool in conversation.tools]
    options = {
        "max_completion_tokens": conversation.max_output_tokens,
        "temperature": conversation.temperature,
        "top_p": conversation.top_p,
        "stop": list(conversation.stop) or None,
        "stream": stream or None,
        "stream_options": {"include_usage": True} if add_usage else None,
    }
    request |= {name: value for name, value in options.items() if value is not None}
    return _encoder.encode(request)


def _read_message(message: _Message, at: int) -> Message:
    role = _ROLES.get(message.role)
    if role is None:
        raise _untranslatable(f"the role {message.role[:64]!r}", param=f"messages.{at}.role")
    content = message.content
    if isinstance(content, list):
        if any(part.type != "text" for part in content):
            raise _untranslatable("content other than text", param=f"messages.{at}.content")
        content = "".join(part.text for part in content)
    calls = (
        ToolCall(call.id, call.function.name, call.function.arguments)
        for call in message.tool_calls or ()
    )
    return Message(role, content or message.refusal or "", tuple(calls), message.tool_call_id or "")


def _read_tool(tool: _FunctionHolder) -> Tool:
    function = tool.function
    return Tool(function.name, function.description or "", bytes(function.parameters))


def _write_message(message: Message) -> dict[str, Any]:
    written: dict[str, Any] = {"role": message.role.value, "content": message.text}
    if message.tool_calls:
        written["content"] = message.text or None
        written["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        written["tool_call_id"] = message.tool_call_id
    return written


def _write_tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    if tool.parameters:
        function["parameters"] = msgspec.Raw(tool.parameters)
    return {"type": "function", "function": function}


def _untranslatable(what: str, param: str | None = None) -> InvalidRequest:
    return InvalidRequest(
        f"This request cannot be translated to the provider's format: {what}.",
        hint="Leave it out, or choose a model of a provider with this format.",
        code="not_translatable",
        param=param,
    )
