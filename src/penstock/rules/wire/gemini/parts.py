"""The parts of a content, in requests and in answers."""

import base64
import binascii
from typing import Any, Final

import msgspec

from penstock.rules.neutral.conversation import Media, MediaKind
from penstock.rules.wire.sealed_reasoning import MARK

DIALECT: Final = "gemini"
WrittenPart = dict[str, Any] | msgspec.Raw
NO_SIGNATURE: Final = "skip_thought_signature_validator"
"""Stands for a signature in a history that another model wrote (Google's documentation of thought
signatures)."""
SEALED_START: Final = base64.b64encode(MARK[:9].encode())
"""The first bytes of sealed reasoning in a `thoughtSignature`, which is base64."""
_OWN_FILES: Final = ("https://generativelanguage.googleapis.com/", "gs://", "files/")


class StrictShape(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A shape that holds all of a value; anything else becomes `Other`."""


class Blob(StrictShape):
    """Data in base64."""

    mime_type: str = ""
    data: str = ""
    display_name: str = ""


class FileData(StrictShape):
    """A file by its URI."""

    mime_type: str = ""
    file_uri: str = ""
    display_name: str = ""


class FunctionCall(StrictShape):
    """A call of the model. `args` is an object."""

    name: str = ""
    args: msgspec.Raw = msgspec.Raw()
    id: str | None = None


class FunctionResponsePart(StrictShape):
    """A medium in the result of a call."""

    inline_data: Blob | None = None
    file_data: FileData | None = None


class FunctionResponse(StrictShape):
    """The result of a call. `response` is an object."""

    name: str = ""
    response: msgspec.Raw = msgspec.Raw()
    id: str | None = None
    parts: list[FunctionResponsePart] | None = None


class GeminiPartShape(StrictShape):
    """One part. A good one has one of text, data, file, call and response."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None

    def is_plain(self) -> bool:
        """True if exactly one kind of content is set, and a thought is a text."""
        kinds = (
            self.text,
            self.inline_data,
            self.file_data,
            self.function_call,
            self.function_response,
        )
        count = sum(kind is not None for kind in kinds)
        return count == 1 and (self.text is not None or not self.thought)


def read_media(blob: Blob | None, file: FileData | None) -> Media | None:
    """Reads data or a file; `None` for a file that only Gemini can open."""
    if blob is not None:
        media_type, _, parameters = blob.mime_type.partition(";")
        text = "" if parameters else _plain_text(media_type, blob.data)
        data = "" if text else _standard_base64(blob.data)
        kind = media_kind(media_type)
        return Media(kind, blob.mime_type, data, text=text, name=blob.display_name)
    if file is None or file.file_uri.startswith(_OWN_FILES):
        return None
    kind = media_kind(file.mime_type) if file.mime_type else _kind_of_url(file.file_uri)
    return Media(kind, file.mime_type, url=file.file_uri, name=file.display_name)


def _standard_base64(data: str) -> str:
    """Returns data in the alphabet of the other formats. Gemini takes the URL-safe one, too, and
    Google's client writes it."""
    if "-" not in data and "_" not in data:
        return data
    return data.replace("-", "+").replace("_", "/") + "=" * (-len(data) % 4)


def media_kind(media_type: str) -> MediaKind:
    """The kind of a media type; what is no image, audio or video is a document."""
    kind = media_type.partition("/")[0]
    return MediaKind(kind) if kind in ("image", "audio", "video") else MediaKind.DOCUMENT


def arguments_text(args: msgspec.Raw) -> str | None:
    """The JSON text of arguments, as they were written; `None` if they are no object."""
    text = bytes(args).decode()
    if text in ("", "null"):
        return "{}"
    return text if text.startswith("{") else None


def sealed_text(signature: str) -> str:
    """Returns the sealed reasoning inside a `thoughtSignature`; empty for Google's own."""
    if not signature.startswith(SEALED_START.decode()):
        return ""
    try:
        padded = signature + "=" * (-len(signature) % 4)
        text = base64.b64decode(padded.replace("-", "+").replace("_", "/")).decode()
    except (binascii.Error, ValueError):
        return ""
    return text if text.startswith(MARK) else ""


def as_signature(sealed: str) -> str:
    """Returns sealed reasoning as a `thoughtSignature`."""
    return base64.b64encode(sealed.encode()).decode()


def _plain_text(media_type: str, data: str) -> str:
    if not media_type.startswith("text/"):
        return ""
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _kind_of_url(url: str) -> MediaKind:
    videos = ("https://www.youtube.com/", "https://youtu.be/", "https://youtube.com/")
    return MediaKind.VIDEO if url.startswith(videos) else MediaKind.IMAGE
