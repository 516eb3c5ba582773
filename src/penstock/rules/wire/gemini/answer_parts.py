"""The pieces of an answer that stand alone: media, arguments, finish reasons."""

from typing import Any, Final

import msgspec

from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.answer import ChoiceFinished, FinishReason
from penstock.rules.neutral.conversation import Media
from penstock.rules.wire.gemini.parts import DIALECT

_REASONS: Final = {
    FinishReason.STOP: "STOP",
    FinishReason.TOOL_CALLS: "STOP",
    FinishReason.LENGTH: "MAX_TOKENS",
    FinishReason.CONTENT_FILTER: "SAFETY",
    FinishReason.OTHER: "OTHER",
}
_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def finish_reason(finished: ChoiceFinished, dialect: str) -> str:
    """The reason by Google's name: its own word if the answer is Google's."""
    own = finished.raw if dialect == DIALECT and finished.raw.isupper() else ""
    return own or _REASONS[finished.reason]


def media_part(media: Media) -> dict[str, Any]:
    """Writes a medium that the model made."""
    if media.url:
        return {"fileData": {"mimeType": media.media_type, "fileUri": media.url}}
    return {"inlineData": {"mimeType": media.media_type, "data": media.data}}


def object_of(arguments: str) -> msgspec.Raw | None:
    """Arguments as they were written, an empty text as an empty object; `None` for what is no
    object."""
    value = arguments.encode("utf-8", "replace").strip() or b"{}"
    try:
        decode_json(_object, value)
    except msgspec.DecodeError:
        return None
    return msgspec.Raw(value)
