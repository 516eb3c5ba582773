"""Converts a call record to a row of the table `calls`; its attempts are in one column."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple, cast

import msgspec
from msgspec.structs import asdict

from penstock.features.traces.content import ContentReader
from penstock.features.traces.payload import encode
from penstock.features.traces.stored_text import readable, source_of, without_blobs
from penstock.rules.attributes import CALL_ATTRIBUTES
from penstock.rules.call import AttemptRecord, CallEnd, Caller, Usage
from penstock.rules.sent_request import CUT, MAX_HEADER_BYTES
from penstock.rules.tags import bounded_tags

WRITER_CHARS: Final = 32  # length of the writer's id at the start of a batch name
CONTENT_MISSING: Final = "penstock.content.missing"  # why a call was stored without its content

_PROMPT_VERSION: Final = "prompt_version"
_DECLARED: Final = frozenset(each.name for each in CALL_ATTRIBUTES)
_MAX: Final = 2**63 - 1
_MAX_NS: Final = 9_223_372_036 * 10**9  # the year 2262, where nanoseconds in 64 bits end
_PLACES: Final = Decimal("1e-12")
_MAX_COST: Final = Decimal(1_000_000)


class RowLimits(msgspec.Struct, frozen=True):
    """Limits of the columns of one call. Longer text is cut, numbers are clamped."""

    name_chars: int = 256  # of a model, provider, key, team, user, session, id, code
    message_chars: int = 4096  # of an error message
    attempts: int = 64  # how many; more than any retry policy allows
    undeclared: int = 16  # call attributes of a newer gateway
    finish_reasons: int = 128  # how many; more choices than any provider gives
    finish_reason_chars: int = 64
    digest_bytes: int = 32  # of a digest of a sent request; a longer one is cut
    changes: int = 64  # how many; more than the fields that a writer can leave out
    tokens: int = 10**12  # of one kind, in one call: sums over 18 million such calls are exact


LIMITS: Final = RowLimits()
_NAME: Final = LIMITS.name_chars
_TOKENS: Final = LIMITS.tokens


# Defaults are those of the columns, so that most values are neither encoded nor parsed.
class _Measured(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The columns that a call and an attempt have. Times are decimal text in seconds."""

    span_id: str
    start_time: str
    duration_ns: int
    status: str
    http_status: int
    provider: str
    model: str
    error_type: str = ""
    error_message: str = ""
    dialect: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0
    usage_source: str = ""
    cost: Decimal | None = None
    price_id: str = ""
    ttft_ns: int | None = None
    server_address: str = ""
    server_port: int = 0
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


class AttemptRow(_Measured, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One element of the column `attempts`; each field is an element of its tuple."""

    changes: tuple[str, ...] = ()
    request_digest: str = ""
    codec: int = 0
    request_headers: tuple[str, ...] = ()


class CallRow(_Measured, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One row of `calls`. Each field is a column; the call attributes have a column each, too."""

    project_id: str
    trace_id: str
    parent_span_id: str = ""
    operation: str
    request_model: str
    response_model: str = ""
    stream: bool = False
    key_id: str = ""
    tags: dict[str, str] = {}
    overhead_ns: int = 0
    request_size: int = 0
    response_size: int = 0
    finish_reasons: tuple[str, ...] = ()
    response_id: str = ""
    fingerprint: str = ""
    snapshot: str = ""
    writer: str
    batch: str
    attempts: list[AttemptRow] = []
    input_preview: str = ""
    output_preview: str = ""
    request: str = ""
    request_blobs: list[str] = []
    request_source: str = ""
    response: str = ""
    response_blobs: list[str] = []
    attributes: dict[str, str] = {}


# `CallRow` with the call attributes.
_new_row: Final = cast(
    "Callable[..., CallRow]",
    msgspec.defstruct(
        "CallRow",
        [(each.name, str, "") for each in CALL_ATTRIBUTES],
        bases=(CallRow,),
        frozen=True,
        kw_only=True,
        omit_defaults=True,
        gc=False,
    ),
)


class _Content(NamedTuple):
    request: str = ""
    response: str = ""
    input_preview: str = ""
    output_preview: str = ""
    request_source: str = ""


_NO_CONTENT: Final = _Content()


def to_row(end: CallEnd, batch: str, reader: ContentReader) -> CallRow:
    """Returns the row of a call, with its content."""
    request, response = readable(end.request), readable(end.response)
    answer_dialect = end.attempts[-1].dialect if end.attempts else ""
    content = _Content(
        request,
        response,
        reader.input_preview(request, end.begin.dialect),
        reader.output_preview(response, answer_dialect),
        source_of(end.request, request),
    )
    return _row(end, batch, content, {})


def to_row_without_content(end: CallEnd, batch: str, reason: str) -> CallRow:
    """Returns the row of a call whose content cannot be stored; an attribute has the reason."""
    missing = {CONTENT_MISSING: encode(reason[: LIMITS.message_chars])}
    return _row(end, batch, _NO_CONTENT, missing)


def _row(end: CallEnd, batch: str, content: _Content, attributes: dict[str, str]) -> CallRow:
    asked, answered = without_blobs(content.request), without_blobs(content.response)
    begin, caller, usage = end.begin, end.begin.caller, end.usage
    last = end.attempts[-1] if end.attempts else None
    cost = _cost(end.cost)
    return _new_row(
        project_id=begin.project_id[:_NAME],
        trace_id=begin.trace_id[:_NAME],
        span_id=begin.span_id[:_NAME],
        parent_span_id=begin.parent_span_id[:_NAME],
        start_time=_moment(begin.start_ns),
        duration_ns=_count(end.end_ns - begin.start_ns),
        status=str(end.status),
        http_status=_small(end.http_status),
        error_type=end.error_type[:_NAME],
        error_message=end.error_message[: LIMITS.message_chars],
        operation=begin.operation[:_NAME],
        provider=(end.provider or (last.provider if last else ""))[:_NAME],
        request_model=begin.request_model[:_NAME],
        model=(last.model if last else begin.request_model)[:_NAME],
        response_model=end.response_model[:_NAME],
        dialect=begin.dialect[:_NAME],
        stream=begin.stream,
        key_id=caller.key_id[:_NAME],
        tags=bounded_tags(caller.tags.items()) if caller.tags else {},
        usage_source=str(usage.source),
        cost=cost,
        price_id=end.price_id[:_NAME],
        ttft_ns=_count(end.first_token_ns - begin.start_ns) if end.first_token_ns else None,
        overhead_ns=_count(end.overhead_ns),
        request_size=_count(begin.request_size),
        response_size=_count(end.response_size),
        finish_reasons=_reasons(end.finish_reasons),
        response_id=end.response_id[:_NAME],
        fingerprint=end.fingerprint[:_NAME],
        snapshot=begin.snapshot[:_NAME],
        writer=batch[:WRITER_CHARS],
        batch=batch,
        server_address=last.server_address[:_NAME] if last else "",
        server_port=_small(last.server_port) if last else 0,
        attempts=[_attempt(one) for one in end.attempts[: LIMITS.attempts]],
        input_preview=content.input_preview,
        output_preview=content.output_preview,
        request=asked.text,
        request_blobs=asked.blobs,
        request_source=content.request_source,
        response=answered.text,
        response_blobs=answered.blobs,
        attributes=attributes | _other_attributes(end, cost),
        **_counts(usage),
        **_attributes(caller),
    )


def _attributes(caller: Caller) -> dict[str, str]:
    """Returns the columns of the call attributes. An application that renders prompts itself names
    the version in a tag."""
    values = {
        name: value[:_NAME] for name, value in caller.attributes().items() if name in _DECLARED
    }
    if _PROMPT_VERSION not in values and _PROMPT_VERSION in caller.tags:
        values[_PROMPT_VERSION] = caller.tags[_PROMPT_VERSION][:_NAME]
    return values


def _counts(usage: Usage) -> dict[str, int]:
    """Returns the counts that are not zero."""
    counts = asdict(usage)
    del counts["source"]
    return {name: _tokens(count) for name, count in counts.items() if count}


def _attempt(attempt: AttemptRecord) -> AttemptRow:
    usage, came = attempt.usage, attempt.first_byte_ns
    return AttemptRow(
        span_id=attempt.span_id[:_NAME],
        start_time=_moment(attempt.start_ns),
        duration_ns=_count(attempt.end_ns - attempt.start_ns),
        status=str(attempt.status),
        http_status=_small(attempt.http_status),
        error_type=attempt.error_type[:_NAME],
        error_message=attempt.error_message[: LIMITS.message_chars],
        provider=attempt.provider[:_NAME],
        model=attempt.model[:_NAME],
        dialect=attempt.dialect[:_NAME],
        **_counts(usage),
        usage_source=str(usage.source),
        cost=_cost(attempt.cost),
        price_id=attempt.price_id[:_NAME],
        ttft_ns=_count(came - attempt.start_ns) if came else None,
        server_address=attempt.server_address[:_NAME],
        server_port=_small(attempt.server_port),
        changes=tuple([one[:_NAME] for one in attempt.changes[: LIMITS.changes]]),
        request_digest=attempt.request_digest[: LIMITS.digest_bytes].hex(),
        codec=_small(attempt.codec),
        request_headers=_headers(attempt.request_headers),
    )


def _other_attributes(end: CallEnd, cost: Decimal | None) -> dict[str, str]:
    """Returns what has no column."""
    retirement = _retirement(end.attempts[-1]) if end.attempts else {}
    others = _undeclared(end.begin.caller) | _unreadable_cost(end.cost, cost)
    others |= retirement | _credentials(end) | _waits(end) | _overruns(end) | _cached(end)
    if end.shadow_of:
        others["penstock.shadow_of"] = end.shadow_of[:_NAME]
    return others | _guardrails(end)


def _credentials(end: CallEnd) -> dict[str, str]:
    """Returns the names of the credentials of the attempts, if their provider has several."""
    names = [one.credential[:_NAME] for one in end.attempts[: LIMITS.attempts]]
    return {"penstock.credentials": encode(names)} if any(names) else {}


def _waits(end: CallEnd) -> dict[str, str]:
    """Returns the milliseconds that the attempts waited for their turn, if one did."""
    waits = [_count(one.waited_ns) // 1_000_000 for one in end.attempts[: LIMITS.attempts]]
    return {"penstock.queue.waited_ms": encode(waits)} if any(waits) else {}


def _overruns(end: CallEnd) -> dict[str, str]:
    """Returns the names of the limits of which a call used more than it had reserved."""
    names = [name[:_NAME] for name in end.overruns[: LIMITS.changes]]
    return {"penstock.limits.exceeded": encode(names)} if names else {}


def _guardrails(end: CallEnd) -> dict[str, str]:
    """Returns the results of guardrail checks, which have no word of the call's texts."""
    results = [
        {
            "policy": each.policy[:_NAME],
            "version": each.version,
            "detector": each.detector[:_NAME],
            "place": each.place[:_NAME],
            "action": each.action[:_NAME],
            "count": each.count,
            "duration_ms": round(each.duration_ns / 1e6, 3),
            **({"failure": each.failure[:_NAME]} if each.failure else {}),
        }
        for each in end.check_results[: LIMITS.changes]
    ]
    return {"penstock.guardrails": encode(results)} if results else {}


def _cached(end: CallEnd) -> dict[str, str]:
    """Returns that an answer came from the cache, and what it has saved, if that is known."""
    if not end.from_cache:
        return {}
    saved = _cost(end.saved)
    known = {} if saved is None else {"penstock.cache.saved_usd": f"{saved:f}"}
    origin = {"penstock.cache.span_id": encode(end.cached_from[:_NAME])} if end.cached_from else {}
    return {"penstock.cache.hit": "true"} | known | origin


def _undeclared(caller: Caller) -> dict[str, str]:
    """Returns attributes of a newer gateway, which have no column here."""
    if not caller.others:
        return {}
    names = [name for name in caller.others if name not in _DECLARED][: LIMITS.undeclared]
    return {f"penstock.{name[:_NAME]}": encode(caller.others[name][:_NAME]) for name in names}


def _retirement(last: AttemptRecord) -> dict[str, str]:
    """Returns the day on which the vendor retires the model, if it is near or past."""
    if not last.retires_on:
        return {}
    return {"penstock.model.retires_on": encode(last.retires_on[:_NAME])}


def _headers(lines: tuple[str, ...]) -> tuple[str, ...]:
    return lines if sum(map(len, lines)) <= MAX_HEADER_BYTES else (CUT,)


def _reasons(reasons: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one[: LIMITS.finish_reason_chars] for one in reasons[: LIMITS.finish_reasons])


def _cost(text: str) -> Decimal | None:
    """Returns the cost, or `None` if the column cannot hold it; the text is kept as an
    attribute."""
    if not text or len(text) > _NAME:
        return None
    try:
        cost = Decimal(text).quantize(_PLACES)
    except InvalidOperation:
        return None
    return cost if cost.is_finite() and abs(cost) < _MAX_COST else None


def _unreadable_cost(text: str, cost: Decimal | None) -> dict[str, str]:
    return {"penstock.cost.unreadable": encode(text[:_NAME])} if text and cost is None else {}


def _moment(unix_ns: int) -> str:
    seconds, rest = divmod(min(max(unix_ns, 0), _MAX_NS), 10**9)
    return f"{seconds:010d}.{rest:09d}"  # fewer digits would be read as a date


def _count(value: int) -> int:
    return value if 0 <= value <= _MAX else min(max(value, 0), _MAX)


def _tokens(value: int) -> int:
    return value if 0 <= value <= _TOKENS else min(max(value, 0), _TOKENS)


def _small(value: int) -> int:
    return value if 0 <= value <= 65535 else min(max(value, 0), 65535)
