"""A call record as rows of `spans`: one for the call, one for each attempt."""

from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from penstock.features.traces.content import read_content
from penstock.features.traces.payload import encode
from penstock.rules.call import Attempt, CallEnd

CALL: Final = "call"
ATTEMPT: Final = "attempt"

_MAX: Final = 2**63 - 1
_MAX_NS: Final = 9_223_372_036 * 10**9  # the year 2262, where nanoseconds in 64 bits end
_PLACES: Final = Decimal("1e-12")
_MAX_COST: Final = Decimal(1_000_000)


class SpanRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `spans`; a field is a column. Times are text that the engine reads exactly."""

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
    team: str = ""
    user: str = ""
    use_case: str = ""
    environment: str = ""
    segment: str = ""
    session: str = ""
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


def explode(end: CallEnd, writer: str) -> list[SpanRow]:
    """The rows of a call: its own first, then one for each attempt."""
    return [
        _call_row(end, writer),
        *(_attempt_row(end, attempt, writer) for attempt in end.attempts),
    ]


def _call_row(end: CallEnd, writer: str) -> SpanRow:
    begin, caller, usage = end.begin, end.begin.caller, end.usage
    content = read_content(_text(end.request), _text(end.response))
    last = end.attempts[-1] if end.attempts else None
    cost = _cost(end.cost)
    return SpanRow(
        project_id=begin.project_id,
        trace_id=begin.trace_id,
        span_id=begin.span_id,
        parent_span_id=begin.parent_span_id,
        kind=CALL,
        start_time=_moment(begin.start_ns),
        duration_ns=_count(end.end_ns - begin.start_ns),
        status=str(end.status),
        http_status=_small(end.http_status),
        error_type=end.error_type,
        error_message=end.error_message,
        operation=begin.operation,
        provider=end.provider or (last.provider if last else ""),
        request_model=begin.request_model,
        model=last.model if last else begin.request_model,
        response_model=end.response_model,
        stream=begin.stream,
        key_id=caller.key_id,
        team=caller.team,
        user=caller.user,
        use_case=caller.use_case,
        environment=caller.environment,
        segment=caller.segment,
        session=caller.session,
        input_tokens=_count(usage.input_tokens),
        output_tokens=_count(usage.output_tokens),
        cache_read_tokens=_count(usage.cache_read_tokens),
        cache_write_tokens=_count(usage.cache_write_tokens),
        reasoning_tokens=_count(usage.reasoning_tokens),
        input_audio_tokens=_count(usage.input_audio_tokens),
        output_audio_tokens=_count(usage.output_audio_tokens),
        usage_source=str(usage.source),
        cost=cost,
        price_id=end.price_id,
        ttft_ns=_count(end.first_token_ns - begin.start_ns) if end.first_token_ns else None,
        overhead_ns=_count(end.overhead_ns),
        request_size=_count(begin.request_size),
        response_size=_count(end.response_size),
        finish_reasons=end.finish_reasons,
        response_id=end.response_id,
        snapshot=begin.snapshot,
        writer=writer,
        server_address=last.server_address if last else "",
        server_port=_small(last.server_port) if last else 0,
        input_preview=content.input_preview,
        output_preview=content.output_preview,
        input=content.input,
        output=content.output,
        tools=content.tools,
        request=content.request,
        response=content.response,
        attributes=content.attributes | _unreadable_cost(end.cost, cost),
    )


def _attempt_row(end: CallEnd, attempt: Attempt, writer: str) -> SpanRow:
    begin, caller = end.begin, end.begin.caller
    came = attempt.first_byte_ns
    return SpanRow(
        project_id=begin.project_id,
        trace_id=begin.trace_id,
        span_id=attempt.span_id,
        parent_span_id=begin.span_id,
        kind=ATTEMPT,
        start_time=_moment(attempt.start_ns),
        duration_ns=_count(attempt.end_ns - attempt.start_ns),
        status=str(attempt.status),
        http_status=_small(attempt.http_status),
        error_type=attempt.error_type,
        error_message=attempt.error_message,
        operation=begin.operation,
        provider=attempt.provider,
        request_model=begin.request_model,
        model=attempt.model,
        stream=begin.stream,
        key_id=caller.key_id,
        team=caller.team,
        user=caller.user,
        use_case=caller.use_case,
        environment=caller.environment,
        segment=caller.segment,
        session=caller.session,
        ttft_ns=_count(came - attempt.start_ns) if came else None,
        snapshot=begin.snapshot,
        writer=writer,
        server_address=attempt.server_address,
        server_port=_small(attempt.server_port),
    )


def _text(payload: bytes) -> str:
    return payload.decode("utf-8", "replace")


def _cost(text: str) -> Decimal | None:
    """`None` also for what no column can hold; the attributes then say what it was."""
    try:
        cost = Decimal(text).quantize(_PLACES)
    except InvalidOperation:
        return None
    return cost if cost.is_finite() and abs(cost) < _MAX_COST else None


def _unreadable_cost(text: str, cost: Decimal | None) -> dict[str, str]:
    return {"penstock.cost.unreadable": encode(text)} if text and cost is None else {}


def _moment(unix_ns: int) -> str:
    seconds, rest = divmod(min(max(unix_ns, 0), _MAX_NS), 10**9)
    return f"{seconds}.{rest:09d}"


def _count(value: int) -> int:
    return min(max(value, 0), _MAX)


def _small(value: int) -> int:
    return min(max(value, 0), 65535)
