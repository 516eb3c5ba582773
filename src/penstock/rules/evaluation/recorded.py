"""What recorded calls say: input and output as items and evaluators see them. Messages are those of
OpenTelemetry GenAI, as traces show them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import msgspec

Message = dict[str, Any]
_TEXTS: Final = ("input", "prompt", "query")


def input_of(body: bytes, messages: Sequence[Message]) -> Any:
    """Returns what a release would be called with: the variables of a request, its messages as they
    were sent, its text, or else its messages as texts."""
    members = _members(body)
    if members.get("variables"):
        return members["variables"]
    if isinstance(members.get("messages"), list) and "system" not in members:
        return members["messages"]
    texts = (members[name] for name in _TEXTS if isinstance(members.get(name), str))
    return next(texts, None) or [
        {"role": each.get("role", "user"), "content": text_of([each])} for each in messages
    ]


def text_of(messages: Sequence[Message]) -> str:
    """Returns the texts of messages, one per line."""
    parts = [part for each in messages for part in each.get("parts", ())]
    return "\n".join(
        str(part["content"]) for part in parts if part.get("type") == "text" and "content" in part
    )


def variables_of(body: bytes) -> Mapping[str, Any]:
    """Returns the variables of a request to a use case."""
    found = _members(body).get("variables")
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _members(body: bytes) -> dict[str, Any]:
    try:
        sent = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return cast("dict[str, Any]", sent) if isinstance(sent, dict) else {}
