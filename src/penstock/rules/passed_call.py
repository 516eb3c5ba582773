"""Calls that pass to any path of a provider: `/passthrough/<provider>/<path>`.

Nothing of the request is changed. Provider and model are read for routing, prices and the record.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import msgspec

PREFIX: Final = "/passthrough/"
PASSED_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
MAX_MODEL_CHARS: Final = 256  # of the model in the record

# Headers that describe the body or the version of the API. Credentials never pass.
PASSED_HEADERS: Final = frozenset(
    (
        *(b"content-type", b"accept", b"range", b"idempotency-key"),
        *(b"openai-beta", b"openai-organization", b"openai-project"),
        *(b"anthropic-version", b"anthropic-beta", b"x-goog-upload-protocol"),
        *(b"x-goog-upload-command", b"x-goog-upload-offset"),
        *(b"x-goog-upload-header-content-type", b"x-goog-upload-header-content-length"),
    )
)


class _Named(msgspec.Struct):
    model: str = ""


_named: Final = msgspec.json.Decoder(_Named)
_MODEL_IN_PATH: Final = re.compile(r"/(?:models?|deployments)/([^/:?]+)")


def provider_of(path: str) -> str:
    """The provider that a path names."""
    return path.removeprefix(PREFIX).partition("/")[0]


def path_of(raw_path: bytes) -> str:
    """The path at the provider, percent-encoded as sent."""
    return raw_path.decode("latin-1").removeprefix(PREFIX).partition("/")[2]


def query_of(query: bytes) -> str:
    """The query for the provider: without the caller's key."""
    members = query.decode("latin-1").split("&")
    return "&".join([member for member in members if not member.startswith("key=")])


def model_of(path: str, body: bytes) -> str:
    """The model that a request names, in its JSON body or in its path; empty if it names none."""
    model = ""
    if body[:1] == b"{":
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            model = _named.decode(body).model
    if not model and (found := _MODEL_IN_PATH.search(path)):
        model = found[1]
    return model[:MAX_MODEL_CHARS]


def passed_headers(headers: Mapping[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:
    """The caller's headers that the provider gets."""
    return tuple((name, value) for name, value in headers.items() if name in PASSED_HEADERS)


def is_text(content_type: bytes) -> bool:
    """Returns true for a body whose content may be searched and recorded."""
    kind = content_type.partition(b";")[0].strip().lower()
    return kind.startswith(b"text/") or kind.endswith((b"json", b"jsonl", b"xml"))
