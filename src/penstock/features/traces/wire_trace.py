"""Response bodies of a trace: spans with OpenTelemetry attributes and explained cost."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from pydantic import BaseModel

from penstock.features.traces.content import ContentReader
from penstock.features.traces.document import span_attributes, span_name
from penstock.features.traces.model import CALL, AnsweredBy, SpanRecord, TraceSpans
from penstock.features.traces.stored_text import restore
from penstock.features.traces.wire_messages import MessageDict
from penstock.kernel.time import rfc3339
from penstock.rules.prices.charge import CostLine

Explain = Callable[[SpanRecord], Sequence[CostLine]]


class SpanError(BaseModel):
    """The error of a span that did not succeed."""

    type: str
    message: str
    http_status: int


class SpanUsage(BaseModel):
    """Token counts. Input includes cached, audio and image tokens, output includes reasoning;
    `cache_write_1h_tokens` is a part of `cache_write_tokens`. `web_searches` counts calls,
    `rerank_searches` the searches that a reranking is billed as, `input_characters` the text of
    speech whose answer counts nothing. `cache_audio_read_tokens`,
    `…image…` and `…text…` (all other media) are parts of `cache_read_tokens`, zero if the provider
    does not say."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    input_audio_tokens: int
    output_audio_tokens: int
    cache_write_1h_tokens: int
    input_image_tokens: int
    output_image_tokens: int
    web_searches: int
    input_audio_seconds: int
    rerank_searches: int
    cache_audio_read_tokens: int
    cache_image_read_tokens: int
    cache_text_read_tokens: int
    input_characters: int
    source: str


class SpanCostLine(BaseModel):
    """One line of a cost: `count` units at `price` USD per `per` units."""

    unit: str
    count: int
    price: str
    per: int
    amount: str


class SpanCost(BaseModel):
    """The cost of a call, and the price that was applied."""

    amount: str
    currency: Literal["USD"]
    price_id: str
    lines: list[SpanCostLine]


class SpanEvent(BaseModel):
    """Something that is known about a span. `penstock.model.changed`: another version of the model
    answered the last call under the same name."""

    name: Literal["penstock.model.changed"]
    attributes: dict[str, str]


class Span(BaseModel):
    """One span. `input` and `output` are OpenTelemetry GenAI messages; `request` and `response` are
    the raw payloads; `cost` is null for unpriced calls and for attempts."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    kind: Literal["call", "attempt"]
    start: str
    end: str
    duration_ms: float
    ttft_ms: float | None
    overhead_ms: float | None
    status: str
    error: SpanError | None
    attributes: dict[str, Any]
    events: list[SpanEvent]
    input: list[MessageDict] | None
    output: list[MessageDict] | None
    tools: list[Any] | None
    usage: SpanUsage | None
    cost: SpanCost | None
    request: str
    response: str

    @classmethod
    def of(
        cls,
        span: SpanRecord,
        reader: ContentReader,
        explain: Explain,
        before: AnsweredBy | None,
    ) -> "Span":
        call = span.kind == CALL
        request = restore(span.request, span.request_blobs)
        response = restore(span.response, span.response_blobs)
        asked = reader.request(request, span.dialect)
        return cls(
            trace_id=span.trace_id,
            span_id=span.span_id,
            parent_span_id=span.parent_span_id or None,
            name=span_name(span),
            kind="call" if call else "attempt",
            start=rfc3339(span.start_ns),
            end=rfc3339(span.start_ns + span.duration_ns),
            duration_ms=span.duration_ns / 1e6,
            ttft_ms=None if span.ttft_ns is None else span.ttft_ns / 1e6,
            overhead_ms=span.overhead_ns / 1e6 if call else None,
            status=span.status,
            error=_error(span),
            attributes=asked.attributes | span_attributes(span),
            events=[] if before is None else [_changed(before)],
            input=asked.messages or None,
            output=reader.answer(response, span.answer_dialect) or None,
            tools=asked.tools or None,
            usage=_usage(span) if call or span.cost is not None else None,
            cost=_cost(span, explain),
            request=request,
            response=response,
        )


class Trace(BaseModel):
    """A trace; `truncated`: some spans are left out."""

    trace_id: str
    spans: list[Span]
    truncated: bool

    @classmethod
    def of(cls, found: TraceSpans, reader: ContentReader, explain: Explain) -> "Trace":
        return cls(
            trace_id=found.spans[0].trace_id,
            spans=[
                Span.of(span, reader, explain, found.changed.get(span.span_id))
                for span in found.spans
            ],
            truncated=found.truncated,
        )


def _changed(before: AnsweredBy) -> SpanEvent:
    attributes = {
        "penstock.previous.model": before.response_model,
        "penstock.previous.fingerprint": before.fingerprint,
        "penstock.previous.time": rfc3339(before.start_ns),
    }
    return SpanEvent(name="penstock.model.changed", attributes=attributes)


def _error(span: SpanRecord) -> SpanError | None:
    if span.status == "ok":
        return None
    return SpanError(
        type=span.error_type or span.status,
        message=span.error_message,
        http_status=span.http_status,
    )


def _usage(span: SpanRecord) -> SpanUsage:
    return SpanUsage(
        input_tokens=span.input_tokens,
        output_tokens=span.output_tokens,
        cache_read_tokens=span.cache_read_tokens,
        cache_write_tokens=span.cache_write_tokens,
        reasoning_tokens=span.reasoning_tokens,
        input_audio_tokens=span.input_audio_tokens,
        output_audio_tokens=span.output_audio_tokens,
        cache_write_1h_tokens=span.cache_write_1h_tokens,
        input_image_tokens=span.input_image_tokens,
        output_image_tokens=span.output_image_tokens,
        web_searches=span.web_searches,
        input_audio_seconds=span.input_audio_seconds,
        rerank_searches=span.rerank_searches,
        cache_audio_read_tokens=span.cache_audio_read_tokens,
        cache_image_read_tokens=span.cache_image_read_tokens,
        cache_text_read_tokens=span.cache_text_read_tokens,
        input_characters=span.input_characters,
        source=span.usage_source,
    )


def _cost(span: SpanRecord, explain: Explain) -> SpanCost | None:
    if span.cost is None:
        return None
    lines = [
        SpanCostLine(
            unit=line.unit,
            count=line.count,
            price=f"{line.price:f}",
            per=line.per,
            amount=f"{line.amount:f}",
        )
        for line in explain(span)
    ]
    return SpanCost(amount=f"{span.cost:f}", currency="USD", price_id=span.price_id, lines=lines)
