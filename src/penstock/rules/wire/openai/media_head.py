"""Requests for images and audio, as JSON or as a form: reads and replaces the model."""

from typing import Final

import msgspec
from msgspec.structs import replace

from penstock.kernel.errors import InvalidRequest
from penstock.rules.formats.form import read_form, replace_value
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.conversation import Place, RequestHead
from penstock.rules.wire.head import edit_request, read_head
from penstock.rules.wire.openai.paths import MEDIA_PATHS

_FORMS: Final = frozenset(each.path for each in MEDIA_PATHS if each.form)
_TRUE: Final = ("true", "1")


class _Speech(msgspec.Struct):
    stream_format: str | None = None


_speech: Final = msgspec.json.Decoder(_Speech)


def is_form(content_type: bytes) -> bool:
    """Returns true for the Content-Type of a form."""
    return content_type[:10].lower() == b"multipart/"


def read_media_head(path: str, body: bytes, content_type: bytes) -> RequestHead:
    """Reads a request to one of `MEDIA_PATHS`. Raises `InvalidRequest` with the field."""
    if is_form(content_type):
        if path not in _FORMS:
            raise InvalidRequest("This path accepts JSON, not a form.", code="invalid_form")
        return _read_form_head(body, content_type)
    head = read_head(body)
    if not head.stream and b'"stream_format"' in body:
        return replace(head, stream=_is_event_speech(body))
    return head


def edit_media_request(body: bytes, model: str, model_at: Place | None, *, form: bool) -> bytes:
    """Replaces the model; all other bytes stay."""
    if form and model_at is not None:
        return replace_value(body, model_at, model)
    return edit_request(body, model, model_at=model_at)


def _read_form_head(body: bytes, content_type: bytes) -> RequestHead:
    form = read_form(content_type, body)
    found = form.field("model")
    if found is None:
        raise InvalidRequest(
            "The form has no field 'model'.", hint="Name a model.", param="model", code="no_model"
        )
    stream = form.field("stream")
    wants_stream = stream is not None and stream[0].strip().lower() in _TRUE
    return RequestHead(found[0], wants_stream, model_at=found[1], shown=form.shown())


def _is_event_speech(body: bytes) -> bool:
    try:
        return decode_json(_speech, body).stream_format == "sse"
    except msgspec.DecodeError:
        return False
