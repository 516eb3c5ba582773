"""A caller's request: the model is in the path, and everything else passes.

A body can name a model too. What it names is replaced, so that no other model than the one of the
path is called.
"""

import re
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.wire.gemini.spelling import camel, spelled_once

STREAM_METHOD: Final = "streamGenerateContent"
_PATH: Final = re.compile(r"/[^/]+/models/(.+):(\w+)")
_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list: Final = msgspec.json.Decoder(list[msgspec.Raw])


def read_head(path: str, query: bytes, body: bytes) -> RequestHead:
    """Reads a request. Raises `InvalidRequest` if the body is no JSON object, or has a field in two
    spellings."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise InvalidRequest("The path names no model.", param="model")
    spelled_once(_read(body))
    stream = found[2] == STREAM_METHOD
    return RequestHead(
        found[1], stream, wants_usage=True, as_array=stream and not _asks_for_events(query)
    )


def edit_models(body: bytes, model: str) -> bytes:
    """Replaces each model that the body of a request names. Keeps every byte if it names none."""
    if b'"model"' not in body and b"\\u" not in body:
        return body
    members = _read(body)
    edited: dict[str, Any] = {**members, **_model(members, model)}
    for name, value in members.items():
        known = camel(name)
        if known == "requests":
            edited[name] = [_inner(raw, model) for raw in _items(bytes(value))]
        elif known == "generateContentRequest":
            edited[name] = _inner(value, model)
    return body if edited == members else msgspec.json.encode(edited)


def _inner(request: msgspec.Raw, model: str) -> Any:
    """A request inside of another one."""
    members = _read(bytes(request))
    return {**members, **_model(members, model)}


def _model(members: dict[str, msgspec.Raw], model: str) -> dict[str, str]:
    return {"model": resource_name(model)} if "model" in members else {}


def resource_name(model: str) -> str:
    """The name of a model in paths and bodies: `models/…`, or that of a tuned model."""
    return model if model.startswith(("models/", "tunedModels/")) else f"models/{model}"


def _items(value: bytes) -> list[msgspec.Raw]:
    try:
        return decode_json(_list, value)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"'requests' is wrong: {error}.", param="requests") from None


def _read(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return decode_json(_members, body)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The request body is not a JSON object: {error}.") from None


def _asks_for_events(query: bytes) -> bool:
    values = parse_qs(query.decode("ascii", "replace")).get("alt", [])
    return "sse" in values
