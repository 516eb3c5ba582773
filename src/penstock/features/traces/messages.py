"""Converts OpenAI requests and responses to OpenTelemetry GenAI messages.

`[{"role", "parts": [{"type": "text", "content"}, …], "finish_reason"?}]`. Never raises, whatever
the payload contains. Inline media are not copied: their part is a pointer into the raw request of
the same span (`request:#/messages/0/content/1/image_url/url`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from penstock.features.traces.payload import Json, decode, encode, items, mapping, string

Message = dict[str, Json]
Part = dict[str, Json]

# Messages and parts that are created from one payload; the rest is in the raw payload only.
MAX_PARTS: Final = 20_000
# Characters of a role or a finish reason.
MAX_WORD: Final = 64
_CUT: Final = f"More than {MAX_PARTS} parts: the rest is in the raw payload."

_MEDIA: Final[Mapping[str, tuple[str, str, str]]] = {  # part type → object, its data, modality
    "image_url": ("image_url", "url", "image"),
    "input_audio": ("input_audio", "data", "audio"),
    "video_url": ("video_url", "url", "video"),
    "file": ("file", "file_data", "file"),
}


def input_messages(request: Json) -> list[Message]:
    """Returns the input messages: the chat history, or the texts to embed."""
    body = mapping(request)
    if "messages" in body:
        return _bounded(
            _message(mapping(message), f"/messages/{index}")
            for index, message in enumerate(items(body["messages"]))
        )
    return _bounded(
        {"role": "user", "parts": [_embedded(text)]}
        for text in _embedding_inputs(body.get("input"))
    )


def output_messages(response: Json) -> list[Message]:
    """Returns the output messages, one for each choice."""
    return _bounded(
        _choice(mapping(choice), index)
        for index, choice in enumerate(items(mapping(response).get("choices")))
    )


def unparsed(payload: str) -> list[Message]:
    """Returns a payload that is not valid JSON as one message, so that it can be searched."""
    return [{"role": "unknown", "parts": [{"type": "unparsed", "content": payload}]}]


def chat_message(value: Json) -> Message:
    """Returns one message of a chat history."""
    return _message(mapping(value), "")


def chosen_message(value: Json) -> Message:
    """Returns the message of one choice."""
    return _choice(mapping(value), 0)


def embedded_text(value: Json) -> Message | None:
    """Returns the last of the texts to embed."""
    texts = _embedding_inputs(value)
    return {"role": "user", "parts": [_embedded(texts[-1])]} if texts else None


def text_of(message: Message) -> str:
    """Returns the text of all parts of a message."""
    words: list[str] = []
    for part in message["parts"]:
        content = part.get("content") or part.get("name") or part.get("response") or ""
        words.append(content if isinstance(content, str) else encode(content))
    return " ".join(filter(None, words))


def _bounded(messages: Iterable[Message]) -> list[Message]:
    """Returns the messages up to `MAX_PARTS`, and a last one that marks the cut."""
    result: list[Message] = []
    count = 0
    for message in messages:
        count += 1 + len(message["parts"])
        if count > MAX_PARTS:
            result.append({"role": "unknown", "parts": [{"type": "cut", "content": _CUT}]})
            break
        result.append(message)
    return result


def _choice(choice: Mapping[str, Json], index: int) -> Message:
    message = _message(mapping(choice.get("message")), f"/choices/{index}/message")
    message["role"] = "assistant"
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
        yield {"type": "text", "content": content}
    for index, part in enumerate(items(content)):
        yield _content_part(mapping(part), f"{pointer}/content/{index}")


def _content_part(part: Mapping[str, Json], pointer: str) -> Part:
    kind = part.get("type")
    if kind == "text":
        return {"type": "text", "content": part.get("text")}
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
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        arguments = arguments if (parsed := decode(arguments)) is None else parsed
    return {
        "type": "tool_call",
        "id": call.get("id"),
        "name": string(function.get("name")),
        "arguments": arguments,
    }


def _embedding_inputs(value: Json) -> Sequence[Json]:
    """One text, several texts, one list of token ids, or several."""
    if isinstance(value, str):
        return [value]
    values = items(value)
    return [values] if values and isinstance(values[0], int) else values


def _embedded(value: Json) -> Part:
    if isinstance(value, str):
        return {"type": "text", "content": value}
    return {"type": "token_ids", "count": len(items(value))}
