"""Gemini's rules about the contents: parts, calls with their results, thought signatures."""

import base64
import binascii
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.sim.gemini.requests import GeminiContent, GeminiPart, InlineData
from penstock.sim.media_checks import decoded, seen_type
from penstock.sim.signatures import is_signed, sign, unseal

_SKIPS: Final = (b"skip_thought_signature_validator", b"context_engineering_is_the_way_to_go")
_REQUEST: Final = "* GenerateContentRequest."
_encode: Final = msgspec.json.Encoder(order="sorted").encode


def call_signature(name: str, args: Any) -> str:
    """Returns the signature of a function call."""
    return sign("functionCall", name, _encode(args).decode())


def check_contents(contents: Sequence[GeminiContent], *, signed: bool) -> None:
    """Raises `InvalidRequest` if the contents break a rule. `signed`: the calls of the current
    turn need a signature."""
    if not contents:
        raise InvalidRequest(f"{_REQUEST}contents: contents is not specified\n")
    for number, content in enumerate(contents):
        if content.role not in ("user", "model", "function"):
            raise InvalidRequest("Please use a valid role: user, model.")
        if not content.parts:
            raise InvalidRequest(
                f"{_REQUEST}contents[{number}].parts: contents.parts must not be empty.\n"
            )
        for index, part in enumerate(content.parts):
            _check_part(f"contents[{number}].parts[{index}]", part, content.role)
    _check_turns(contents)
    if signed:
        _check_signed(contents)


def check_parts(place: str, content: GeminiContent) -> None:
    """Checks the parts of a system instruction, or of a content to embed."""
    for index, part in enumerate(content.parts):
        _check_part(f"{place}.parts[{index}]", part, "user")


def _check_part(place: str, part: GeminiPart, role: str) -> None:
    if part.kinds != 1:
        raise InvalidRequest(
            f"{_REQUEST}{place}.data: required oneof field 'data' must have one initialized field\n"
        )
    if part.inline_data is not None:
        _check_data(f"{place}.inline_data", part.inline_data)
    if part.function_response is not None:
        for inner in part.function_response.parts:
            if inner.inline_data is not None:
                _check_data(f"{place}.function_response.parts", inner.inline_data)
    calls = part.function_call is not None
    if (calls and role != "model") or (part.function_response is not None and role == "model"):
        raise InvalidRequest(
            "Please ensure that function call turn comes immediately after a user turn or after a "
            "function response turn."
        )
    if part.thought_signature is not None:
        _check_signature(part)


def _check_data(place: str, data: InlineData) -> None:
    content = decoded(_standard(data.data))
    if content is None:
        raise InvalidRequest(
            f"Invalid value at '{place}.data' (TYPE_BYTES), Base64 decoding failed", param=place
        )
    if "/" not in data.mime_type:
        raise InvalidRequest(f"Unsupported MIME type: {data.mime_type}")
    seen = seen_type(content)
    if seen and data.mime_type.startswith("image/") and seen != data.mime_type:
        raise InvalidRequest("Unable to process input image. Please retry or report in the docs.")


def _check_signature(part: GeminiPart) -> None:
    try:
        signature = _standard(part.thought_signature or "")
        plain = base64.b64decode(signature, validate=True)
    except binascii.Error:
        raise InvalidRequest("Invalid value at 'thought_signature' (TYPE_BYTES)") from None
    if plain in _SKIPS or (part.thought_signature or "").encode() in _SKIPS:
        return
    call = part.function_call
    if call is not None:
        valid = is_signed(signature, "functionCall", call.name, _encode(call.args).decode())
    else:
        valid = unseal(signature, "text") is not None
    if not valid:
        raise InvalidRequest("Corrupted thought signature.")


def _check_turns(contents: Sequence[GeminiContent]) -> None:
    calls: list[str] = []
    last_role = ""
    for role, group in groupby(contents, key=lambda content: _role(content.role)):
        parts = [part for content in group for part in content.parts]
        results = [part.function_response.name for part in parts if part.function_response]
        if sorted(results) != sorted(calls):
            if not calls:
                raise InvalidRequest(
                    "Please ensure that function response turn comes immediately after a function "
                    "call turn."
                )
            raise InvalidRequest(
                "Please ensure that the number of function response parts is equal to the number "
                "of function call parts of the function call turn."
            )
        calls = [part.function_call.name for part in parts if part.function_call]
        if calls and not last_role:
            raise InvalidRequest(
                "Please ensure that function call turn comes immediately after a user turn or "
                "after a function response turn."
            )
        last_role = role
    if last_role == "model":
        raise InvalidRequest(
            "Please ensure that multiturn requests end with a user role or a function response."
        )


def _check_signed(contents: Sequence[GeminiContent]) -> None:
    """Checks that each step of the current turn begins its calls with a signature. A turn begins
    with a user's content that is no function response."""
    begin = max(
        (
            number
            for number, content in enumerate(contents)
            if content.role == "user" and any(not p.function_response for p in content.parts)
        ),
        default=0,
    )
    for content in contents[begin:]:
        calls = [(at, part) for at, part in enumerate(content.parts) if part.function_call]
        if calls and calls[0][1].thought_signature is None:
            position, call = calls[0][0] + 1, calls[0][1].function_call
            raise InvalidRequest(
                "Function call is missing a thought_signature in functionCall parts. This is "
                "required for tools to work correctly, and missing thought_signature may lead to "
                "degraded model performance. Additional data, function call "
                f"`default_api:{call.name if call else ''}` , position {position}. Please refer to "
                "https://ai.google.dev/gemini-api/docs/thought-signatures for more details."
            )


def _role(role: str) -> str:
    return "model" if role == "model" else "user"


def _standard(data: str) -> str:
    """Returns base64 in the standard alphabet, padded: Gemini accepts both alphabets."""
    text = data.replace("-", "+").replace("_", "/").rstrip("=")
    return text + "=" * (-len(text) % 4)
