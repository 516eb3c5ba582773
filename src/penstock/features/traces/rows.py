"""Converts a call record to rows of `spans`: one for the call, one for each attempt."""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from penstock.features.traces.content import Content, read_content
from penstock.features.traces.payload import encode
from penstock.rules.attributes import CALL_ATTRIBUTES
from penstock.rules.call import AttemptRecord, CallEnd, Caller
from penstock.rules.tags import bounded_tags

CALL: Final = "call"
ATTEMPT: Final = "attempt"
WRITER_CHARS: Final = 32  # length of the writer's id at the start of a batch name
CONTENT_MISSING: Final = "penstock.content.missing"  # why a call was stored without its content

_DECLARED: Final = frozenset(each.name for each in CALL_ATTRIBUTES)
_MAX: Final = 2**63 - 1
_MAX_NS: Final = 9_223_372_036 * 10**9  # the year 2262, where nanoseconds in 64 bits end
_PLACES: Final = Decimal("1e-12")
_MAX_COST: Final = Decimal(1_000_000)


class RowLimits(msgspec.Struct, frozen=True):
    """Limits of the columns of one span. Longer text is cut, numbers are clamped."""

    name_chars: int = 256  # of a model, provider, key, team, user, session, id, code
    message_chars: int = 4096  # of an error message
    attempts: int = 64  # how many; more than any retry policy allows
    undeclared: int = 16  # call attributes of a newer gateway
    finish_reasons: int = 128  # how many; more choices than any provider gives
    finish_reason_chars: int = 64
    tokens: int = 10**12  # of one kind, in one call: sums over 18 million such calls are exact


LIMITS: Final = RowLimits()


class SpanRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `spans`; each field is a column, except `caller`: the call attributes, which have
    a column each. Times are decimal text in seconds."""

    project_id: str
    trace_id: str
    span_id: str
    parent_span_id: str
    kind: str
    start_time: str
    duration_ns: int
    status: str
    http_status: int
    error_type: str
    error_message: str
    operation: str
    provider: str
    request_model: str
    model: str
    response_model: str = ""
    stream: bool = False
    key_id: str = ""
    caller: dict[str, str] = {}
    tags: dict[str, str] = {}
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
    overhead_ns: int = 0
    request_size: int = 0
    response_size: int = 0
    finish_reasons: tuple[str, ...] = ()
    response_id: str = ""
    snapshot: str = ""
    writer: str = ""
    server_address: str = ""
    server_port: int = 0
    input_preview: str = ""
    output_preview: str = ""
    input: str = ""
    output: str = ""
    tools: str = ""
    request: str = ""
    response: str = ""
    attributes: dict[str, str] = {}
    batch: str = ""

    def columns(self) -> dict[str, Any]:
        """Returns the values by column."""
        values = msgspec.structs.asdict(self)
        return values | values.pop("caller")


def to_rows(end: CallEnd, batch: str) -> list[SpanRow]:
    """Returns the rows of a call: its own first, then one for each attempt."""
    content = read_content(_text(end.request), _text(end.response))
    return _rows(end, batch, content)


def to_rows_without_content(end: CallEnd, batch: str, reason: str) -> list[SpanRow]:
    """Returns the rows of a call whose content cannot be stored; an attribute has the reason."""
    missing = {CONTENT_MISSING: encode(reason[: LIMITS.message_chars])}
    return _rows(end, batch, read_content("", "")._replace(attributes=missing))


def _rows(end: CallEnd, batch: str, content: Content) -> list[SpanRow]:
    return [
        _call_row(end, batch, content),
        *(_attempt_row(end, attempt, batch) for attempt in end.attempts[: LIMITS.attempts]),
    ]


def _call_row(end: CallEnd, batch: str, content: Content) -> SpanRow:
    begin, caller, usage = end.begin, end.begin.caller, end.usage
    last = end.attempts[-1] if end.attempts else None
    cost = _cost(end.cost)
    return SpanRow(
        project_id=_name(begin.project_id),
        trace_id=_name(begin.trace_id),
        span_id=_name(begin.span_id),
        parent_span_id=_name(begin.parent_span_id),
        kind=CALL,
        start_time=_moment(begin.start_ns),
        duration_ns=_count(end.end_ns - begin.start_ns),
        status=str(end.status),
        http_status=_small(end.http_status),
        error_type=_name(end.error_type),
        error_message=end.error_message[: LIMITS.message_chars],
        operation=_name(begin.operation),
        provider=_name(end.provider or (last.provider if last else "")),
        request_model=_name(begin.request_model),
        model=_name(last.model if last else begin.request_model),
        response_model=_name(end.response_model),
        stream=begin.stream,
        key_id=_name(caller.key_id),
        caller=_attributes(caller),
        tags=bounded_tags(caller.tags.items()),
        input_tokens=_tokens(usage.input_tokens),
        output_tokens=_tokens(usage.output_tokens),
        cache_read_tokens=_tokens(usage.cache_read_tokens),
        cache_write_tokens=_tokens(usage.cache_write_tokens),
        reasoning_tokens=_tokens(usage.reasoning_tokens),
        input_audio_tokens=_tokens(usage.input_audio_tokens),
        output_audio_tokens=_tokens(usage.output_audio_tokens),
        usage_source=str(usage.source),
        cost=cost,
        price_id=_name(end.price_id),
        ttft_ns=_count(end.first_token_ns - begin.start_ns) if end.first_token_ns else None,
        overhead_ns=_count(end.overhead_ns),
        request_size=_count(begin.request_size),
        response_size=_count(end.response_size),
        finish_reasons=_reasons(end.finish_reasons),
        response_id=_name(end.response_id),
        snapshot=_name(begin.snapshot),
        writer=batch[:WRITER_CHARS],
        batch=batch,
        server_address=_name(last.server_address) if last else "",
        server_port=_small(last.server_port) if last else 0,
        input_preview=content.input_preview,
        output_preview=content.output_preview,
        input=content.input,
        output=content.output,
        tools=content.tools,
        request=content.request,
        response=content.response,
        attributes=content.attributes | _undeclared(caller) | _unreadable_cost(end.cost, cost),
    )


def _attempt_row(end: CallEnd, attempt: AttemptRecord, batch: str) -> SpanRow:
    begin, caller = end.begin, end.begin.caller
    usage, came = attempt.usage, attempt.first_byte_ns
    return SpanRow(
        project_id=_name(begin.project_id),
        trace_id=_name(begin.trace_id),
        span_id=_name(attempt.span_id),
        parent_span_id=_name(begin.span_id),
        kind=ATTEMPT,
        start_time=_moment(attempt.start_ns),
        duration_ns=_count(attempt.end_ns - attempt.start_ns),
        status=str(attempt.status),
        http_status=_small(attempt.http_status),
        error_type=_name(attempt.error_type),
        error_message=attempt.error_message[: LIMITS.message_chars],
        operation=_name(begin.operation),
        provider=_name(attempt.provider),
        request_model=_name(begin.request_model),
        model=_name(attempt.model),
        stream=begin.stream,
        key_id=_name(caller.key_id),
        caller=_attributes(caller),
        tags=bounded_tags(caller.tags.items()),
        input_tokens=_tokens(usage.input_tokens),
        output_tokens=_tokens(usage.output_tokens),
        cache_read_tokens=_tokens(usage.cache_read_tokens),
        cache_write_tokens=_tokens(usage.cache_write_tokens),
        reasoning_tokens=_tokens(usage.reasoning_tokens),
        input_audio_tokens=_tokens(usage.input_audio_tokens),
        output_audio_tokens=_tokens(usage.output_audio_tokens),
        usage_source=str(usage.source),
        cost=_cost(attempt.cost),
        price_id=_name(attempt.price_id),
        ttft_ns=_count(came - attempt.start_ns) if came else None,
        snapshot=_name(begin.snapshot),
        writer=batch[:WRITER_CHARS],
        batch=batch,
        server_address=_name(attempt.server_address),
        server_port=_small(attempt.server_port),
    )


def _undeclared(caller: Caller) -> dict[str, str]:
    """Returns attributes of a newer gateway, which have no column here."""
    names = [name for name in caller.others if name not in _DECLARED][: LIMITS.undeclared]
    return {f"penstock.{_name(name)}": encode(_name(caller.others[name])) for name in names}


def _attributes(caller: Caller) -> dict[str, str]:
    return {each.name: _name(caller.get(each.name)) for each in CALL_ATTRIBUTES}


def _text(payload: bytes) -> str:
    return payload.decode("utf-8", "replace")


def _name(text: str) -> str:
    return text[: LIMITS.name_chars]


def _reasons(reasons: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one[: LIMITS.finish_reason_chars] for one in reasons[: LIMITS.finish_reasons])


def _cost(text: str) -> Decimal | None:
    """Returns the cost, or `None` if the column cannot hold it; the text is kept as an
    attribute."""
    if len(text) > LIMITS.name_chars:
        return None
    try:
        cost = Decimal(text).quantize(_PLACES)
    except InvalidOperation:
        return None
    return cost if cost.is_finite() and abs(cost) < _MAX_COST else None


def _unreadable_cost(text: str, cost: Decimal | None) -> dict[str, str]:
    return {"penstock.cost.unreadable": encode(_name(text))} if text and cost is None else {}


def _moment(unix_ns: int) -> str:
    seconds, rest = divmod(min(max(unix_ns, 0), _MAX_NS), 10**9)
    return f"{seconds:010d}.{rest:09d}"  # fewer digits would be read as a date


def _count(value: int) -> int:
    return min(max(value, 0), _MAX)


def _tokens(value: int) -> int:
    return min(max(value, 0), LIMITS.tokens)


def _small(value: int) -> int:
    return min(max(value, 0), 65535)
