"""The exact cache: what a caller chooses, which requests are the same, which answers are kept."""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from math import isfinite
from typing import Any, Final, cast

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.rules.call import Operation, Usage

HEADER: Final = b"x-penstock-cache"
IDEMPOTENCY_KEY: Final = b"idempotency-key"
IDEMPOTENT_S: Final = 24 * 3600  # for which the answer of an idempotency key is kept
LONGEST_S: Final = 30 * 24 * 3600  # for which an answer is kept
CACHED_OPERATIONS: Final = frozenset(
    (
        Operation.CHAT,
        Operation.TEXT_COMPLETION,
        Operation.EMBEDDINGS,
        Operation.RERANK,
        Operation.MODERATION,
        Operation.CLASSIFY,
    )
)
# Members of a request that do not change its answer, in all formats. The model is left out because
# the target stands for it.
_IRRELEVANT: Final = frozenset(
    (
        *("model", "stream", "stream_options", "user", "metadata", "store", "safety_identifier"),
        *("prompt_cache_key", "prompt_cache_retention", "labels", "service_tier", "background"),
    )
)
_KNOWN_CHOICES: Final = 256  # values of the header that are read once
_KEY: Final = re.compile(rb"[!-~]{1,255}")
_HAS_REASONS: Final = frozenset((Operation.CHAT, Operation.TEXT_COMPLETION))
# What providers say about an answer that they have ended as they should.
_COMPLETE: Final = frozenset(
    (
        *("stop", "length", "tool_calls", "function_call"),
        *("end_turn", "max_tokens", "stop_sequence", "tool_use"),
        *("STOP", "MAX_TOKENS", "COMPLETE", "STOP_SEQUENCE", "TOOL_CALL", "completed"),
    )
)


class CacheChoice(msgspec.Struct, frozen=True):
    """`x-penstock-cache: 3600` looks for an answer, and keeps a new one for so many seconds.
    `x-penstock-cache: 3600, refresh` asks the provider anew, and keeps its answer."""

    keep_s: int
    refresh: bool = False


class CachedAnswer(msgspec.Struct, frozen=True, array_like=True):
    """An answer as its provider gave it: one document in the provider's format. `saved` is what it
    has cost, a decimal string in USD, empty if it is unknown."""

    expires_ns: int
    kept_ns: int
    provider: str
    model: str
    dialect: str
    document: bytes
    response_model: str
    response_id: str
    finish_reasons: tuple[str, ...]
    usage: Usage
    saved: str
    request: str = ""  # the digest of a request with an idempotency key
    span_id: str = ""  # of the attempt that got it


@lru_cache(_KNOWN_CHOICES)
def read_choice(value: bytes) -> CacheChoice | None:
    """Reads the header; `None` for `off`. Raises `InvalidRequest` for another value."""
    parts = [part.strip().lower() for part in value.decode("latin-1").split(",")]
    if parts == ["off"]:
        return None
    seconds, options = parts[0], parts[1:]
    valid = seconds.isascii() and seconds.isdecimal() and len(seconds) <= 9
    if not valid or not 0 < int(seconds) <= LONGEST_S or options not in ([], ["refresh"]):
        raise InvalidRequest(
            f"The header {HEADER.decode()} is not valid.",
            hint=f"Use seconds from 1 to {LONGEST_S}, such as `3600`, `3600, refresh`, or `off`.",
            param=HEADER.decode(),
        )
    return CacheChoice(int(seconds), bool(options))


def read_idempotency_key(value: bytes) -> str:
    """Reads the header. Raises `InvalidRequest` for another value."""
    if not _KEY.fullmatch(value):
        raise InvalidRequest(
            "The header idempotency-key is not valid.",
            hint="Use 1 to 255 printable characters, such as a UUID.",
            param="idempotency-key",
        )
    return value.decode("ascii")


def cache_key(body: bytes, circumstances: Sequence[str]) -> str | None:
    """Returns the digest of what decides an answer; `None` if the request is no JSON object, or has
    a name twice or a number out of range, which readers understand differently. `circumstances`
    is what decides beside the request: operation, format, headers, target."""
    try:
        relevant = _relevant_of_compact(body) or _relevant(body)
    except (ValueError, RecursionError, OverflowError):
        return None
    if not relevant:
        return None
    decisive = b"".join((b"[", _encoder.encode(circumstances), b",", relevant, b"]"))
    return sha256(decisive).hexdigest()


def is_complete(operation: str, finish_reasons: Sequence[str]) -> bool:
    """Returns whether an answer may be kept: not one that was filtered, refused or cut off."""
    if operation not in _HAS_REASONS:
        return True
    return bool(finish_reasons) and _COMPLETE.issuperset(finish_reasons)


def encode_cached(answer: CachedAnswer) -> bytes:
    """Encodes an answer for a file."""
    return _msgpack.encode(answer)


def decode_cached(content: bytes) -> CachedAnswer | None:
    """Decodes a file; `None` if it is damaged or of another version."""
    try:
        return msgspec.msgpack.decode(content, type=CachedAnswer)
    except (msgspec.MsgspecError, RecursionError):
        return None


def _relevant_of_compact(body: bytes) -> bytes:
    """Returns what decides an answer, as canonical JSON, of a request that has not a byte more than
    it needs; else nothing. If a name stands there twice, one is left out when the request is
    written again; so it becomes shorter, and nothing makes it longer."""
    try:
        request = _compact.decode(body)
        irrelevant = {name: request.pop(name) for name in _IRRELEVANT.intersection(request)}
        relevant, rest = _encoder.encode(request), _encoder.encode(irrelevant)
    except (ValueError, RecursionError):
        return b""
    return relevant if len(relevant) + len(rest) > len(body) else b""


def _relevant(body: bytes) -> bytes:
    """Does the same for every JSON object. Raises `ValueError`, `RecursionError`,
    `OverflowError`."""
    request: object = _json.decode(body.decode())
    if not isinstance(request, dict):
        return b""
    members = cast("dict[str, Any]", request)
    return _encoder.encode({name: members[name] for name in members if name not in _IRRELEVANT})


def _shortest(text: str) -> float:
    """Reads a number that does not become longer when it is written again. Raises `ValueError` for
    another one."""
    number = float(text)
    if repr(number) != text or "e" in text:
        raise ValueError("it is written in another way")
    return number


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("a number is out of range")
    return number


_compact: Final = msgspec.json.Decoder(dict[str, Any], float_hook=_shortest)
_msgpack: Final = msgspec.msgpack.Encoder()
_encoder: Final = msgspec.json.Encoder(order="deterministic")
_json: Final = json.JSONDecoder(
    object_pairs_hook=_once, parse_float=_finite, parse_constant=_finite
)
