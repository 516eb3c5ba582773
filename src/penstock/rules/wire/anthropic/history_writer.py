"""Writes the history of a conversation as Anthropic's system text and messages."""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from penstock.rules.neutral.conversation import (
    Conversation,
    Media,
    MediaKind,
    Message,
    MessageRole,
    Other,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    merge_messages,
)
from penstock.rules.neutral.translation import Changes, reject
from penstock.rules.wire.anthropic.blocks import DIALECT
from penstock.rules.wire.anthropic.citations import write_citation
from penstock.rules.wire.anthropic.rules import (
    ASSISTANT_MEDIA,
    AUDIO,
    DOCUMENT_TYPE,
    FILE_ID,
    IMAGE_TYPE,
    OTHER,
    SYSTEM_MEDIA,
    VIDEO,
)
from penstock.rules.wire.anthropic.thinking import is_own
from penstock.rules.wire.anthropic.tool_input import write_input

_PDF: Final = "application/pdf"
_IMAGES: Final = frozenset(("image/jpeg", "image/png", "image/gif", "image/webp"))
_NOT_IN_ID: Final = re.compile(r"[^a-zA-Z0-9_-]")


class HistoryWriter:
    """Writes one history. Notes in `changes` what it leaves out or changes."""

    def __init__(self, conversation: Conversation, changes: Changes) -> None:
        self._own = conversation.dialect == DIALECT
        self._changes = changes
        system, messages = self._split(conversation.messages)
        self._system = system
        merged = merge_messages([kept for each in messages if (kept := self._kept(each))])
        self._messages = [self._ordered(message) for message in merged]

    def system(self) -> Any:
        """The system text: a string, or a list of blocks; `None` without one."""
        parts = [part for message in self._system for part in self._texts(message.parts)]
        if not parts:
            return None
        return self._content(parts, MessageRole.SYSTEM)

    def messages(self) -> list[Any]:
        """The messages, whose roles alternate."""
        return [self._message(message) for message in self._messages]

    def _split(self, messages: Sequence[Message]) -> tuple[list[Message], list[Message]]:
        """The system's messages, and all others. Only Anthropic's own requests may have system
        messages in the middle; others are moved to the beginning."""
        first = next(
            (at for at, each in enumerate(messages) if each.role is not MessageRole.SYSTEM),
            len(messages),
        )
        leading, rest = list(messages[:first]), list(messages[first:])
        later = [each for each in rest if each.role is MessageRole.SYSTEM]
        if self._own or not later:
            return leading, rest
        self._changes.change("system.position")
        return leading + later, [each for each in rest if each.role is not MessageRole.SYSTEM]

    def _kept(self, message: Message) -> Message | None:
        """The message without what Anthropic takes from nobody; `None` if nothing is left."""
        if message.name:
            self._changes.drop("name")
        parts = [part for part in message.parts if self._takes(part)]
        parts = self._texts(parts)
        return Message(message.role, tuple(parts)) if parts else None

    def _takes(self, part: Part) -> bool:
        if isinstance(part, Reasoning) and not is_own(part):
            self._changes.drop("reasoning")
            return False
        return True

    def _texts(self, parts: Sequence[Part]) -> list[Part]:
        """Leaves out empty texts, and blank ones beside other parts: Anthropic rejects them."""
        said = [part for part in parts if not (isinstance(part, Text) and not part.text)]
        if self._own:
            return list(parts)
        full = [part for part in said if not (isinstance(part, Text) and part.text.isspace())]
        if full and len(full) < len(said):
            self._changes.drop("text.blank")
            return full
        return said

    def _ordered(self, message: Message) -> Message:
        """The message with the results of tools first: Anthropic accepts no other order."""
        if self._own or message.role is not MessageRole.USER:
            return message
        parts = sorted(message.parts, key=lambda part: not isinstance(part, ToolResult))
        if tuple(parts) != message.parts:
            self._changes.change("tool_result.position")
        return replace(message, parts=tuple(parts))

    def _message(self, message: Message) -> Any:
        whole = message.parts[0] if len(message.parts) == 1 else None
        if isinstance(whole, Other) and whole.kind == "message":
            return self._other(whole)
        content = self._content(message.parts, message.role)
        return {"role": message.role.value, "content": content}

    def _content(self, parts: Sequence[Part], role: MessageRole) -> Any:
        """One plain text as a string, anything else as a list."""
        written = [self._part(part, role) for part in parts]
        if (
            len(written) == 1
            and isinstance(parts[0], Text)
            and written[0].keys() == {"type", "text"}
        ):
            return parts[0].text
        return written

    def _part(self, part: Part, role: MessageRole) -> Any:
        match part:
            case Text():
                return self._text(part)
            case Media():
                if role is not MessageRole.USER and not self._own:
                    raise reject(ASSISTANT_MEDIA if role is MessageRole.ASSISTANT else SYSTEM_MEDIA)
                return self._media(part)
            case Reasoning(text, signature, encrypted):
                if encrypted:
                    return {"type": "redacted_thinking", "data": encrypted}
                return {"type": "thinking", "thinking": text, "signature": signature}
            case Refusal(text):
                self._changes.change("refusal")
                return {"type": "text", "text": text}
            case ToolCall():
                return self._call(part)
            case ToolResult():
                return self._result(part)
            case Other():
                return self._other(part)

    def _text(self, part: Text) -> dict[str, Any]:
        written: dict[str, Any] = {"type": "text", "text": part.text}
        if part.citations and self._own:
            written["citations"] = [write_citation(citation) for citation in part.citations]
        elif part.citations:
            self._changes.drop("citations")
        if part.phase:
            self._changes.drop("phase")
        return self._cached(written, part.cache)

    def _call(self, call: ToolCall) -> dict[str, Any]:
        if call.signature:
            self._changes.drop("reasoning")
        given, valid = write_input(call.arguments)
        if not valid:
            self._changes.change("tool_call.arguments")
        written = {"type": "tool_use", "id": self._id(call.id), "name": call.name, "input": given}
        return self._cached(written, call.cache)

    def _result(self, result: ToolResult) -> dict[str, Any]:
        written: dict[str, Any] = {"type": "tool_result", "tool_use_id": self._id(result.call_id)}
        parts = [part for part in result.parts if not (isinstance(part, Text) and not part.text)]
        if parts:
            written["content"] = self._content(parts, MessageRole.USER)
        if result.is_error:
            written["is_error"] = True
        return self._cached(written, result.cache)

    def _id(self, id_: str) -> str:
        """Anthropic rejects ids with other characters."""
        if self._own or not _NOT_IN_ID.search(id_):
            return id_
        self._changes.change("tool_call.id")
        return _NOT_IN_ID.sub("_", id_)

    def _media(self, part: Media) -> dict[str, Any]:
        if part.kind in (MediaKind.AUDIO, MediaKind.VIDEO):
            raise reject(AUDIO if part.kind is MediaKind.AUDIO else VIDEO)
        if part.file_id and not self._own:
            raise reject(FILE_ID)
        if part.detail:
            self._changes.drop("image.detail")
        written: dict[str, Any] = {"type": part.kind.value, "source": _source(part)}
        if part.kind is MediaKind.DOCUMENT and part.name:
            written["title"] = part.name
        if part.citations:
            written["citations"] = {"enabled": True}
        return self._cached(written, part.cache)

    def _cached(self, written: dict[str, Any], cache: str) -> dict[str, Any]:
        if not cache:
            return written
        if cache not in ("5m", "1h"):
            self._changes.change("cache_control")
        return {**written, "cache_control": cache_marker(cache)}

    def _other(self, other: Other) -> msgspec.Raw:
        if other.dialect != DIALECT:
            raise reject(OTHER, field=other.field)
        return msgspec.Raw(other.value)


def _source(part: Media) -> dict[str, Any]:
    if part.url:
        return {"type": "url", "url": part.url}
    if part.file_id:
        return {"type": "file", "file_id": part.file_id}
    if part.kind is MediaKind.DOCUMENT:
        part = _as_text(part)
    if part.text:
        return {"type": "text", "media_type": "text/plain", "data": part.text}
    return {"type": "base64", "media_type": _media_type(part), "data": part.data}


def _media_type(part: Media) -> str:
    if part.kind is MediaKind.IMAGE:
        if part.media_type not in _IMAGES:
            raise reject(IMAGE_TYPE)
        return part.media_type
    if part.media_type not in ("", _PDF):
        raise reject(DOCUMENT_TYPE)
    return _PDF


def _as_text(part: Media) -> Media:
    """A document of text in base64 becomes a plain text."""
    if not part.data or not part.media_type.startswith("text/"):
        return part
    try:
        return replace(part, text=base64.b64decode(part.data).decode(), data="")
    except (binascii.Error, ValueError):
        raise reject(DOCUMENT_TYPE) from None


def cache_marker(cache: str) -> dict[str, str]:
    """A cache marker of this lifetime; five minutes are the default, and an hour is the longest."""
    return {"type": "ephemeral"} if cache == "5m" else {"type": "ephemeral", "ttl": "1h"}
