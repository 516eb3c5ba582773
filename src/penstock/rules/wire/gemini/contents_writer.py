"""Writes the messages of a conversation as `contents` and `systemInstruction`."""

import base64
import re
from collections.abc import Sequence
from typing import Any, Final, TypeGuard

import msgspec

from penstock.rules.formats.json_text import decode_json
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
    tool_names,
)
from penstock.rules.neutral.translation import Changes, Rule, reject
from penstock.rules.wire.gemini.contents import result_object
from penstock.rules.wire.gemini.parts import DIALECT, NO_SIGNATURE, WrittenPart

_API: Final = "https://ai.google.dev/api/generate-content"
_CACHING: Final = "https://ai.google.dev/api/caching"
OTHER: Final = Rule("other", "Gemini's API has no such part, tool or parameter.", _API)
SYSTEM_PARTS: Final = Rule(
    "system.media",
    "a system instruction is text in Gemini's API.",
    "https://ai.google.dev/api/generate-content",
)
FILE_ID: Final = Rule(
    "media.file_id",
    "files of another provider are unknown to Gemini.",
    "https://ai.google.dev/api/files",
)
NO_CALL: Final = Rule(
    "tool_result.call_id",
    "the result of a tool must name a tool call before it: Gemini needs the tool's name.",
    _CACHING + "#FunctionResponse",
)
CONTENT_RULES: Final = (OTHER, SYSTEM_PARTS, FILE_ID, NO_CALL)

_arguments: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_SIGNED_CALLS: Final = re.compile(r"gemini-([3-9]|\d\d)")
_MEDIA_TYPES: Final = {MediaKind.DOCUMENT: "application/pdf", MediaKind.IMAGE: "image/png"}


class ContentsWriter:
    """Writes the messages of one conversation and notes the changes."""

    def __init__(self, conversation: Conversation, model: str, changes: Changes) -> None:
        self._messages = conversation.messages
        self._own = conversation.dialect == DIALECT
        self._needs_signatures = bool(_SIGNED_CALLS.search(model))
        self._names = tool_names(conversation)
        self._changes = changes

    def write(self) -> dict[str, Any]:
        """Returns the two members of the request."""
        system: list[Any] = []
        contents: list[Any] = []
        for message in self._messages:
            if message.name:
                self._changes.drop("name")
            whole = message.parts[0] if len(message.parts) == 1 else None
            if isinstance(whole, Other) and whole.kind == "message":
                contents.append(self._other(whole))
            elif message.role is MessageRole.SYSTEM:
                if contents:
                    self._changes.change("messages.order")
                system += self._system(message)
            else:
                role = "model" if message.role is MessageRole.ASSISTANT else "user"
                contents.append({"role": role, "parts": self._parts(message.parts)})
        written: dict[str, Any] = {"contents": contents}
        if system:
            written["systemInstruction"] = {"parts": system}
        return written

    def _system(self, message: Message) -> list[Any]:
        for part in message.parts:
            if isinstance(part, Media) and not part.text:
                raise reject(SYSTEM_PARTS)
        return self._parts(message.parts)

    def _parts(self, parts: Sequence[Part]) -> list[Any]:
        written: list[WrittenPart] = []
        signed = False
        for part in parts:
            match part:
                case ToolCall():
                    written.append(self._call(part, may_miss=signed))
                    signed = True
                case Reasoning():
                    self._add_reasoning(part, written)
                case _:
                    written.append(self._part(part))
        return written

    def _part(self, part: Text | Media | Refusal | ToolResult | Other) -> Any:
        match part:
            case Text():
                if part.citations:
                    self._changes.drop("citations")
                if part.phase:
                    self._changes.drop("phase")
                self._note_cache(part.cache)
                return {"text": part.text}
            case Media():
                return self._media(part)
            case Refusal(text):
                self._changes.change("refusal")
                return {"text": text}
            case ToolResult():
                return {"functionResponse": self._result(part)}
            case Other():
                return self._other(part)

    def _call(self, call: ToolCall, *, may_miss: bool) -> dict[str, Any]:
        """`may_miss`: only the first call of several in one content has a signature."""
        self._note_cache(call.cache)
        function = {"id": call.id, "name": call.name, "args": self._arguments(call.arguments)}
        signature = call.signature
        if self._needs_signatures and not signature and not may_miss:
            self._changes.change("tool_call.signature")
            signature = NO_SIGNATURE
        part: dict[str, Any] = {
            "functionCall": {key: each for key, each in function.items() if each}
        }
        return {**part, "thoughtSignature": signature} if signature else part

    def _arguments(self, arguments: str) -> Any:
        """Arguments are an object. Anything else, such as a text that was cut, becomes a member."""
        value = arguments.encode("utf-8", "replace").strip()
        if not value:
            return {}
        try:
            decode_json(_arguments, value)
        except msgspec.DecodeError:
            self._changes.change("tool_call.arguments")
            return {"arguments": arguments}
        return msgspec.Raw(value)

    def _result(self, result: ToolResult) -> dict[str, Any]:
        self._note_cache(result.cache)
        name = self._names.get(result.call_id)
        if name is None:
            raise reject(NO_CALL)
        texts = [part.text for part in result.parts if isinstance(part, Text)]
        response = result_object("".join(texts), is_error=result.is_error)
        written: dict[str, Any] = {"id": result.call_id, "name": name, "response": response}
        media = [self._part(part) for part in result.parts if not isinstance(part, Text)]
        return {**written, "parts": media} if media else written

    def _add_reasoning(self, part: Reasoning, written: list[WrittenPart]) -> None:
        """Reasoning goes back only to the dialect that made it. A signature without a text belongs
        to the part before it."""
        if part.dialect != DIALECT:
            self._changes.drop("reasoning")
            return
        last = written[-1] if written else {}
        if not part.text and part.signature and _takes_signature(last):
            last["thoughtSignature"] = part.signature
            return
        thought: dict[str, Any] = {"text": part.text}
        if part.text:
            thought["thought"] = True
        if part.signature:
            thought["thoughtSignature"] = part.signature
        written.append(thought)

    def _media(self, part: Media) -> dict[str, Any]:
        self._note_cache(part.cache)
        if part.detail:
            self._changes.drop("media.detail")
        if part.citations:
            self._changes.drop("citations")
        if part.file_id:
            raise reject(FILE_ID)
        name = {"displayName": part.name} if part.name and self._own else {}
        if part.name and not self._own:
            self._changes.drop("media.name")
        if part.url:
            media_type = {"mimeType": part.media_type} if part.media_type else {}
            return {"fileData": {**media_type, "fileUri": part.url, **name}}
        media_type_ = part.media_type or _MEDIA_TYPES.get(part.kind, "application/octet-stream")
        data = part.data
        if part.text:
            media_type_ = part.media_type or "text/plain"
            data = base64.b64encode(part.text.encode("utf-8", "replace")).decode()
        return {"inlineData": {"mimeType": media_type_, "data": data, **name}}

    def _other(self, other: Other) -> msgspec.Raw:
        if other.dialect != DIALECT:
            raise reject(OTHER, field=other.field)
        return msgspec.Raw(other.value)

    def _note_cache(self, cache: str) -> None:
        if cache:
            self._changes.drop("cache_control")


def _takes_signature(part: WrittenPart) -> TypeGuard[dict[str, Any]]:
    return (
        isinstance(part, dict)
        and ("text" in part or "inlineData" in part)
        and not ("thought" in part or "thoughtSignature" in part)
    )
