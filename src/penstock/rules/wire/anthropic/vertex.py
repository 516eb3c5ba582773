"""Anthropic's requests on Vertex AI: the model is in the path, the version in the body."""

from typing import Final

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.rules.formats.json_text import decode_json

_PLAIN: Final = "2023-06-01"  # the version of the API that our own requests are written for
_PLAIN_ON_VERTEX: Final = "vertex-2023-10-16"
_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def vertex_request(body: bytes, version: str, *, model_in_path: bool) -> bytes:
    """Adds the version of the API (empty: the plain one), unless the body has one, and removes
    `model` if it is in the path. Keeps the bytes of all other values. Raises `InvalidRequest` if
    the body is no JSON object."""
    try:
        members: dict[str, object] = {**decode_json(_members, body)}
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The request body is not a JSON object: {error}.") from None
    if model_in_path:
        members.pop("model", None)
    named = _PLAIN_ON_VERTEX if version in ("", _PLAIN) else version
    members.setdefault("anthropic_version", named)
    return msgspec.json.encode(members)
