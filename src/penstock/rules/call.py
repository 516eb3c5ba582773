"""The records of one call through the gateway: what the spool ships and the store turns to rows.

A call writes two records: `CallBegin` before dispatch and `CallEnd` before its last byte.
A call is one span; its attempts are child spans. Payloads stay in their wire format; the server
turns them into OpenTelemetry messages, off the hot path.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, cast

import msgspec

from penstock.rules.attributes import CALL_ATTRIBUTES

# The schema of spool records: the only one, written into every frame. Raise it with every change
# that an older server would lose or misread, such as an appended field: it keeps records of a
# newer schema until it is upgraded (decision 25). Some rules never change, so that a worker of any
# version can recover the segments of another: fields are only appended, with a default; the first
# field of an END is its BEGIN, and the first three of a BEGIN are project, trace and span; only an
# END ends a call.
SCHEMA: Final = 10

# Limits of one encoded record. The three below are applied to a record that exceeds this one.
MAX_RECORD_BYTES: Final = 64 * 1024 * 1024
MAX_TEXT_CHARS: Final = 1024
MAX_CONTENT_BYTES: Final = 16 * 1024 * 1024
MAX_ITEMS: Final = 256

_encoder: Final = msgspec.msgpack.Encoder()
_MIN_INT: Final = -(2**63)
_MAX_INT: Final = 2**63 - 1


class Operation(StrEnum):
    """`gen_ai.operation.name` of the surfaces."""

    CHAT = "chat"
    EMBEDDINGS = "embeddings"
    PASS_THROUGH = "pass_through"  # noqa: S105 - no password
    COUNT_TOKENS = "count_tokens"  # asks for a number of tokens; costs nothing
    TEXT_COMPLETION = "text_completion"  # OpenAI's completions of a prompt, before chat
    MODERATION = "moderation"
    IMAGE_GENERATION = "image_generation"
    IMAGE_EDIT = "image_edit"
    SPEECH = "speech"  # text to speech
    TRANSCRIPTION = "transcription"
    TRANSLATION = "translation"  # of speech to English text
    RERANK = "rerank"
    CLASSIFY = "classify"
    FILE_UPLOAD = "file_upload"
    FILE_LIST = "file_list"
    FILE_GET = "file_get"
    FILE_DELETE = "file_delete"
    FILE_CONTENT = "file_content"
    BATCH_CREATE = "batch_create"
    BATCH_LIST = "batch_list"
    BATCH_GET = "batch_get"
    BATCH_CANCEL = "batch_cancel"
    RESPONSE_GET = "response_get"
    RESPONSE_DELETE = "response_delete"
    RESPONSE_CANCEL = "response_cancel"
    RESPONSE_ITEMS = "response_items"  # what its request contained


class CallStatus(StrEnum):
    """The outcome of a call. Only `ok` is a success."""

    OK = "ok"
    ERROR = "error"
    CANCELLED = "cancelled"  # the client disconnected
    INTERRUPTED = "interrupted"  # the gateway ended before the call; found by recovery


class UsageSource(StrEnum):
    """The source of the token counts."""

    PROVIDER = "provider"
    ESTIMATED = "estimated"  # the call was cut off before the provider's count arrived
    INVALID = "invalid"  # the provider's count is impossible; the call is unpriced
    NONE = "none"


class Record(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True, gc=False):
    """Base of all records: immutable, positional on the wire."""


class Usage(Record, frozen=True, gc=False):
    """Token counts. `input_tokens` includes cached, `output_tokens` includes reasoning tokens
    (OpenTelemetry GenAI: the others are subsets of these two). `cache_write_1h_tokens` is the part
    of `cache_write_tokens` that is kept for an hour. `cache_audio_read_tokens`, `…image…` and
    `…text…` (which has all other media) are the parts of `cache_read_tokens` by medium, zero if the
    provider does not say. `web_searches` counts calls, not tokens; `rerank_searches` are the
    searches that a reranking is billed as, `input_characters` the text of speech whose answer
    counts nothing. Begun seconds count."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0
    source: UsageSource = UsageSource.NONE
    cache_write_1h_tokens: int = 0
    input_image_tokens: int = 0
    output_image_tokens: int = 0
    web_searches: int = 0
    input_audio_seconds: int = 0
    rerank_searches: int = 0
    cache_audio_read_tokens: int = 0
    cache_image_read_tokens: int = 0
    cache_text_read_tokens: int = 0
    input_characters: int = 0


COUNTS: Final = tuple(name for name in Usage.__struct_fields__ if name != "source")


class Caller(Record, frozen=True, gc=False):
    """Attribution of a call: values fixed by the key win, then the `x-penstock-…` headers.

    Attributes that were declared after the first ones (`rules.attributes`) are in `others`.
    """

    key_id: str = ""
    team: str = ""
    user: str = ""
    use_case: str = ""
    environment: str = ""
    segment: str = ""
    session: str = ""
    others: dict[str, str] = {}
    tags: dict[str, str] = {}

    def get(self, name: str) -> str:
        """Returns the value of a call attribute, empty if it is not set."""
        if name in _OWN:
            value: str = getattr(self, name)
            return value
        return self.others.get(name, "")

    def attributes(self) -> dict[str, str]:
        """Returns the call attributes that are set."""
        names = (*_OWN, *self.others) if self.others else _OWN
        return {name: value for name in names if (value := self.get(name))}


_OWN: Final = Caller.__struct_fields__[1:7]
_LATER: Final = tuple(each.name for each in CALL_ATTRIBUTES[len(_OWN) :])


def new_caller(key_id: str, values: Sequence[str], tags: dict[str, str]) -> Caller:
    """Returns the attribution with the values of call attributes, in their order, and tags. The
    values of those without a header may be left out."""
    if len(values) == len(_OWN):  # on the path of every call
        return Caller(key_id, *values, others={}, tags=tags)
    later = values[len(_OWN) :]
    others = {name: value for name, value in zip(_LATER, later, strict=True) if value}
    return Caller(key_id, *values[: len(_OWN)], others=others, tags=tags)


class CallBegin(Record, frozen=True, gc=False):
    """The facts known before the provider is called. Ids are W3C hex, times Unix nanoseconds."""

    project_id: str
    trace_id: str
    span_id: str
    parent_span_id: str
    start_ns: int
    operation: str
    request_model: str
    stream: bool
    caller: Caller
    snapshot: str = ""
    request_size: int = 0
    dialect: str = ""  # wire format of the request


class AttemptRecord(Record, frozen=True, gc=False):
    """One request to one provider: a child span of the call."""

    span_id: str
    provider: str
    model: str
    server_address: str
    server_port: int
    start_ns: int
    end_ns: int
    status: CallStatus
    first_byte_ns: int = 0  # response headers; 0 = none arrived
    http_status: int = 0
    error_type: str = ""
    error_message: str = ""
    dialect: str = ""  # wire format of the answer; the last one is that of `CallEnd.response`
    usage: Usage = Usage()
    cost: str = ""  # as in `CallEnd`
    price_id: str = ""
    changes: tuple[str, ...] = ()  # of the translation: `dropped:seed`, `changed:reasoning.budget`
    retires_on: str = ""  # the day on which the vendor retires the model, if it is near or past
    credential: str = ""  # its name, if the provider has several or issues tokens
    request_digest: bytes = b""  # of what was sent (`rules.sent_request`), if content is recorded
    codec: int = 0  # what built it: `rules.sent_request.CODEC`
    request_headers: tuple[str, ...] = ()  # the caller's, as they were sent
    waited_ns: int = 0  # for its turn, before `start_ns`: the provider had its limit of calls


class CheckResult(Record, frozen=True, gc=False):
    """The findings of one check of a guardrail policy in one place of a call. `failure`: why it
    could not judge a text. Never a word of the texts."""

    policy: str
    version: int
    detector: str
    place: str  # `rules.guards.policies.Place`
    action: str  # `rules.guards.policies.Action`
    count: int = 0
    duration_ns: int = 0
    failure: str = ""


class CallEnd(Record, frozen=True, gc=False):
    """The whole call. `usage` and `cost` are the sums over its attempts. `cost` is a decimal string
    in USD, empty = unpriced. `overhead_ns` is the time that the gateway added. Sizes are those of
    the full payloads, also if they were cut."""

    begin: CallBegin
    end_ns: int
    status: CallStatus
    http_status: int
    error_type: str = ""
    error_message: str = ""
    provider: str = ""
    response_model: str = ""
    response_id: str = ""
    finish_reasons: tuple[str, ...] = ()
    usage: Usage = Usage()
    cost: str = ""
    price_id: str = ""
    first_token_ns: int = 0
    overhead_ns: int = 0
    request: bytes = b""
    response: bytes = b""  # one JSON document; streams are assembled into the unary shape
    response_size: int = 0
    attempts: tuple[AttemptRecord, ...] = ()
    fingerprint: str = ""  # of the provider's configuration, as the answer names it
    overruns: tuple[str, ...] = ()  # limits of which it used more than it had reserved
    from_cache: bool = False
    saved: str = ""  # what the cached answer has cost once: a decimal string in USD
    check_results: tuple[CheckResult, ...] = ()  # of guardrail policies
    cached_from: str = ""  # the span of the attempt that got the cached answer
    shadow_of: str = ""  # the trace of the original, if it is a shadow call


def encode(record: Record) -> bytes:
    """Encodes a record as positional MessagePack. Never fails on a value: numbers and texts that
    MessagePack cannot hold, or that make the record too large, are cut to its limits."""
    try:
        data = _encoder.encode(record)
    except (OverflowError, UnicodeEncodeError):
        return _encoder.encode(_bounded(record))
    return data if len(data) <= MAX_RECORD_BYTES else _encoder.encode(_bounded(record))


def decode_begin(payload: bytes | memoryview) -> CallBegin:
    """The inverse of `encode`. Raises `msgspec.DecodeError` for anything else."""
    return msgspec.msgpack.decode(payload, type=CallBegin)


def decode_end(payload: bytes | memoryview) -> CallEnd:
    """The inverse of `encode`. Raises `msgspec.DecodeError` for anything else."""
    return msgspec.msgpack.decode(payload, type=CallEnd)


def _bounded(value: Any) -> Any:
    match value:
        case Record():
            fields = {name: _bounded(getattr(value, name)) for name in value.__struct_fields__}
            return msgspec.structs.replace(value, **fields)
        case tuple():
            return tuple(_bounded(item) for item in cast("tuple[Any, ...]", value)[:MAX_ITEMS])
        case dict():
            items = list(cast("dict[str, str]", value).items())[:MAX_ITEMS]
            return {_bounded(name): _bounded(item) for name, item in items}
        case StrEnum() | bool():
            return value
        case str():
            return value[:MAX_TEXT_CHARS].encode("utf-8", "replace").decode()
        case bytes():
            return value[:MAX_CONTENT_BYTES]
        case int():
            return min(max(value, _MIN_INT), _MAX_INT)
        case _:
            return value
