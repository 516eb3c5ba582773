"""Answers whose content is a list of parts, as Mistral's models that reason write it."""

from collections.abc import Iterator
from typing import Any, Final, cast

import msgspec

from penstock.rules.formats.json_text import decode_json

_decoder: Final = msgspec.json.Decoder()
_encoder: Final = msgspec.json.Encoder()
_MEMBERS: Final = ("delta", "message")


def with_texts(document: bytes) -> bytes | None:
    """Returns an answer or a chunk with texts instead of parts: `content`, and `reasoning_content`
    for those that think. Returns None if it has no parts. Raises `msgspec.DecodeError`."""
    answer: Any = decode_json(_decoder, document)
    found = list(_messages(answer))
    for message in found:
        texts, thoughts = _texts(message.pop("content"))
        message["content"] = "".join(texts) or None
        if thoughts:
            message["reasoning_content"] = "".join(thoughts)
    return _encoder.encode(answer) if found else None


def _messages(answer: Any) -> Iterator[dict[str, Any]]:
    """Yields the messages and deltas whose content is a list."""
    for choice in _list(_member(answer, "choices")):
        for name in _MEMBERS:
            message = _member(choice, name)
            if isinstance(_member(message, "content"), list):
                yield message


def _texts(parts: list[Any]) -> tuple[list[str], list[str]]:
    texts: list[str] = []
    thoughts: list[str] = []
    for part in parts:
        if isinstance(text := _member(part, "text"), str):
            texts.append(text)
        inner = [_member(thought, "text") for thought in _list(_member(part, "thinking"))]
        thoughts += [thought for thought in inner if isinstance(thought, str)]
    return texts, thoughts


def _member(value: Any, name: str) -> Any:
    return cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
