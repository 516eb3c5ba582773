"""OpenTelemetry GenAI messages, as spans show them.

`[{"role", "parts": [{"type": "text", "content"}, …], "finish_reason"?}]`. Inline media are not
copied: their part is a JSON pointer into the raw payload of the same span
(`request:#/messages/0/content/1/image_url/url`).
"""

from collections.abc import Iterable
from typing import Final

from penstock.features.traces.payload import Json, decode, encode

Message = dict[str, Json]
Part = dict[str, Json]

# Messages and parts that are created from one payload; the rest is in the raw payload only.
MAX_PARTS: Final = 20_000
_CUT: Final = f"More than {MAX_PARTS} parts: the rest is in the raw payload."


def text_part(text: Json) -> Part:
    """Returns a text as a part."""
    return {"type": "text", "content": text}


def tool_call(id_: Json, name: str, arguments: Json) -> Part:
    """Returns a tool call. `arguments` that are JSON text are shown as JSON."""
    if isinstance(arguments, str):
        arguments = arguments if (parsed := decode(arguments)) is None else parsed
    return {"type": "tool_call", "id": id_, "name": name, "arguments": arguments}


def unparsed(payload: str) -> list[Message]:
    """Returns a payload that cannot be read as one message; nothing for no payload."""
    if not payload:
        return []
    return [{"role": "unknown", "parts": [{"type": "unparsed", "content": payload}]}]


def bounded(messages: Iterable[Message]) -> list[Message]:
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


def text_of(message: Message) -> str:
    """Returns the text of all parts of a message, reasoning only if there is nothing else."""
    words: list[str] = []
    parts: list[Part] = message["parts"]
    for part in [one for one in parts if one["type"] != "reasoning"] or parts:
        content = part.get("content") or part.get("name") or part.get("response") or ""
        words.append(content if isinstance(content, str) else encode(content))
    return " ".join(filter(None, words))
