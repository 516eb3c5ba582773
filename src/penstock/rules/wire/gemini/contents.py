"""Reads the parts of the contents of a request, in their order: results find their calls."""

from collections import deque
from typing import Final, cast

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.conversation import (
    Media,
    Other,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)
from penstock.rules.wire.gemini.parts import (
    DIALECT,
    NO_SIGNATURE,
    FunctionCall,
    FunctionResponse,
    GeminiPartShape,
    arguments_text,
    read_media,
    sealed_text,
)
from penstock.rules.wire.sealed_reasoning import unseal_call, unseal_reasoning

_part: Final = msgspec.json.Decoder(GeminiPartShape)
_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text: Final = msgspec.json.Decoder(str)


class ContentsReader:
    """Reads the contents of one request. Gives ids to calls without one, by their number, and to
    each result without one the id of the first open call of its name."""

    def __init__(self) -> None:
        self._count = 0
        self._open: dict[str, deque[str]] = {}  # the name of a function → ids of its calls
        self._answered: set[str] = set()

    def parts(self, raws: list[msgspec.Raw], field: str) -> tuple[Part, ...]:
        """Reads the parts of one content."""
        read: list[Part] = []
        for at, raw in enumerate(raws):
            for part in self._read(bytes(raw), f"{field}.{at}"):
                _add(read, part)
        return tuple(read)

    def _read(self, value: bytes, field: str) -> list[Part]:
        try:
            found = decode_json(_part, value)
        except msgspec.ValidationError:
            return [Other(DIALECT, "part", value, field)]
        except msgspec.DecodeError as error:
            raise InvalidRequest(f"{field} is wrong: {error}.", param=field) from None
        if not found.is_plain():
            return [Other(DIALECT, "part", value, field)]
        signature = found.thought_signature or ""
        if signature == NO_SIGNATURE:
            signature = ""
        if found.function_call is not None:
            return self._call(found.function_call, signature, value, field)
        if found.thought:
            return [_thought(found.text or "", signature)]
        part = self._content(found, value, field)
        signed = [Reasoning("", signature, dialect=DIALECT)] if signature else []
        return [*([] if part == Text("") and signed else [part]), *signed]

    def _content(self, found: GeminiPartShape, value: bytes, field: str) -> Part:
        if found.function_response is not None:
            return self._result(found.function_response, value, field)
        if found.text is not None:
            return Text(found.text)
        return read_media(found.inline_data, found.file_data) or Other(
            DIALECT, "part", value, field
        )

    def _call(self, call: FunctionCall, signature: str, value: bytes, field: str) -> list[Part]:
        arguments = arguments_text(call.args)
        if arguments is None:
            return [Other(DIALECT, "part", value, field)]
        id_ = call.id or f"call_{self._count}"
        self._count += 1
        self._open.setdefault(call.name, deque()).append(id_)
        if sealed := sealed_text(signature):
            return unseal_call(ToolCall(id_ + sealed, call.name, arguments))
        return [ToolCall(id_, call.name, arguments, signature)]

    def _result(self, result: FunctionResponse, value: bytes, field: str) -> Part:
        call_id = self._call_of(result, field)
        text, is_error = _result_text(result.response)
        media = [read_media(part.inline_data, part.file_data) for part in result.parts or ()]
        if None in media:
            return Other(DIALECT, "part", value, field)
        parts = (Text(text), *cast("list[Media]", media))
        return ToolResult(call_id, parts, is_error)

    def _call_of(self, result: FunctionResponse, field: str) -> str:
        """The id of the call that is answered."""
        if result.id:
            self._answered.add(result.id)
            return result.id
        calls = self._open.get(result.name, ())
        while calls:
            call_id = calls.popleft()
            if call_id not in self._answered:
                return call_id
        raise InvalidRequest(
            f"{field}: this result of {result.name!r} answers no function call before it.",
            param=field,
        )


def result_object(text: str, *, is_error: bool) -> dict[str, msgspec.Raw | str] | msgspec.Raw:
    """The `response` that has this text: a text that is an object stays one."""
    value = (
        msgspec.Raw(text.encode())
        if text[:1] == "{" and text[-1:] == "}" and _members(text)
        else None
    )
    if is_error:
        return {"error": text if value is None else value}
    if value is not None and _result_text(value) == (text, False):
        return value
    return {"output": text if value is None else value}


def _result_text(response: msgspec.Raw) -> tuple[str, bool]:
    """Text and error of a `response`. The members `output` and `error` are Google's convention."""
    text = bytes(response).decode()
    members = _members(text) or {}
    if len(members) == 1:
        for name in ("output", "error"):
            if name in members:
                return _as_text(members[name]), name == "error"
    return text or "{}", False


def _members(text: str) -> dict[str, msgspec.Raw] | None:
    try:
        return decode_json(_object, text.encode("utf-8", "surrogatepass"))
    except msgspec.DecodeError:
        return None


def _as_text(value: msgspec.Raw) -> str:
    try:
        return decode_json(_text, bytes(value))
    except msgspec.DecodeError:
        return bytes(value).decode()


def _thought(text: str, signature: str) -> Reasoning:
    sealed = unseal_reasoning(sealed_text(signature))
    return sealed or Reasoning(text, "" if sealed_text(signature) else signature, dialect=DIALECT)


def _add(read: list[Part], part: Part) -> None:
    """Adds a part. Reasoning that was unsealed has its whole text, so that thoughts with the same
    text before it are left out."""
    if isinstance(part, Reasoning) and part.dialect != DIALECT:
        copies, end = 0, len(part.text)
        for last in reversed(read):
            plain = _plain_thought(last)
            if not plain or not part.text.endswith(plain, 0, end):
                break
            end -= len(plain)
            copies += 1
        if copies and not end:
            del read[-copies:]
    read.append(part)


def _plain_thought(part: Part) -> str:
    return part.text if isinstance(part, Reasoning) and part.dialect == DIALECT else ""
