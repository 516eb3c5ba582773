"""Reads OpenAI's requests and answers, whatever they contain. Never raises.

The neutral form would reject a chat with one bad member; here only that member is left out.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from penstock.features.traces import operation_content
from penstock.features.traces.messages import (
    MAX_PARTS,
    Message,
    Part,
    bounded,
    text_of,
    text_part,
    tool_call,
)
from penstock.features.traces.payload import Json, items, mapping, string

# Characters of a role or a finish reason.
MAX_WORD: Final = 64

# Members of a message beside its text.
_BESIDES: Final = ("tool_calls", "refusal", "function_call", "reasoning_content", "reasoning")

_MEDIA: Final[Mapping[str, tuple[str, str, str]]] = {  # part type → object, its data, modality
    "image_url": ("image_url", "url", "image"),
    "input_audio": ("input_audio", "data", "audio"),
    "video_url": ("video_url", "url", "video"),
    "file": ("file", "file_data", "file"),
}


def input_messages(request: Json) -> list[Message]:
    """Returns the input messages: the chat history, or what another operation asks about."""
    body = mapping(request)
    if "messages" in body:
        return bounded(
            _message(mapping(message), f"/messages/{index}")
            for index, message in enumerate(items(body["messages"]))
        )
    return operation_content.input_messages(body)


def output_messages(response: Json) -> list[Message]:
    """Returns the output messages, one for each choice, or what another operation made."""
    if "choices" not in mapping(response):
        return operation_content.output_messages(response)
    return bounded(
        _choice(mapping(choice), index)
        for index, choice in enumerate(items(mapping(response).get("choices")))
    )


def chat_text(value: Json) -> str:
    """Returns the text of one message of a chat history."""
    message = mapping(value)
    return _plain_text(message) or text_of(_message(message, ""))


def chosen_text(value: Json) -> str:
    """Returns the text of the message of one choice."""
    choice = mapping(value)
    if isinstance(choice.get("text"), str):
        return text_of(_choice(choice, 0))
    return chat_text(choice.get("message"))


def _plain_text(message: Mapping[str, Json]) -> str:
    """Returns the text of a message that has nothing else; empty for others. Most are such: they
    need no parts."""
    content = message.get("content")
    if not isinstance(content, str) or message.get("role") == "tool":
        return ""
    return "" if any(message.get(name) for name in _BESIDES) else content


def _choice(choice: Mapping[str, Json], index: int) -> Message:
    message = _message(mapping(choice.get("message")), f"/choices/{index}/message")
    message["role"] = "assistant"
    if isinstance(choice.get("text"), str):  # of a completion
        message["parts"].append(text_part(choice["text"]))
    if isinstance(choice.get("finish_reason"), str):
        message["finish_reason"] = choice["finish_reason"][:MAX_WORD]
    return message


def _message(message: Mapping[str, Json], pointer: str) -> Message:
    result: Message = {
        "role": string(message.get("role"))[:MAX_WORD] or "unknown",
        "parts": list(islice(_parts(message, pointer), MAX_PARTS)),
    }
    if isinstance(message.get("name"), str):
        result["name"] = message["name"]
    return result


def _parts(message: Mapping[str, Json], pointer: str) -> Iterator[Part]:
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    if isinstance(reasoning, str):
        yield {"type": "reasoning", "content": reasoning}
    if message.get("role") == "tool":
        yield {
            "type": "tool_call_response",
            "id": message.get("tool_call_id"),
            "response": message.get("content"),
        }
    else:
        yield from _content(message.get("content"), pointer)
    if isinstance(message.get("refusal"), str):
        yield {"type": "refusal", "content": message["refusal"]}
    for call in items(message.get("tool_calls")):
        yield _tool_call(mapping(call))
    if "function_call" in message:
        yield _tool_call({"function": message["function_call"]})


def _content(content: Json, pointer: str) -> Iterator[Part]:
    if isinstance(content, str):
        yield text_part(content)
    for index, part in enumerate(items(content)):
        yield _content_part(mapping(part), f"{pointer}/content/{index}")


def _content_part(part: Mapping[str, Json], pointer: str) -> Part:
    kind = part.get("type")
    if kind == "text":
        return text_part(part.get("text"))
    if kind == "refusal":
        return {"type": "refusal", "content": part.get("refusal")}
    if string(kind) in _MEDIA:
        return _media(part, pointer, *_MEDIA[string(kind)])
    return {"type": "unparsed", "content": dict(part)}


def _media(part: Mapping[str, Json], pointer: str, holder: str, field: str, modality: str) -> Part:
    body = mapping(part.get(holder))
    data = string(body.get(field))
    if data.startswith(("http://", "https://")):
        return {"type": "uri", "modality": modality, "uri": data}
    if isinstance(body.get("file_id"), str):
        return {"type": "file", "modality": modality, "file_id": body["file_id"]}
    return {
        "type": "uri",
        "modality": modality,
        "mime_type": _mime_type(data, body, modality),
        "uri": f"request:#{pointer}/{holder}/{field}",
    }


def _mime_type(data: str, body: Mapping[str, Json], modality: str) -> str:
    if data.startswith("data:"):
        return data[5:133].partition(",")[0].partition(";")[0]
    kind = string(body.get("format"))
    return f"{modality}/{kind}" if kind else ""


def _tool_call(call: Mapping[str, Json]) -> Part:
    function = mapping(call.get("function"))
    return tool_call(call.get("id"), string(function.get("name")), function.get("arguments"))


def tool_definitions(body: Mapping[str, Json]) -> list[Json]:
    """Returns `gen_ai.tool.definitions`: the tools as sent."""
    return items(body.get("tools"))
