"""What the REST API of traces says and understands: schemas, and the way between them and values.

Durations are milliseconds, times RFC 3339 in UTC, money a decimal string in USD.
"""

from decimal import Decimal
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from penstock.features.traces.model import CallItem, Cursor, Dimension, Filter, Page, TimeRange
from penstock.kernel.errors import InvalidRequest
from penstock.kernel.time import rfc3339, stored_ns, unix_ns

_DAY_NS = 24 * 3600 * 10**9
_MS = 1e6


class RangeQuery(BaseModel):
    """Time bounds: `from` up to, without, `to`; the last 24 hours unless told."""

    from_: Annotated[AwareDatetime | None, Field(alias="from")] = None
    to: AwareDatetime | None = None

    def range(self, now_ns: int) -> TimeRange:
        """In nanoseconds, cut to what the store can hold; `InvalidRequest` if it ends before it
        begins."""
        end = unix_ns(self.to) if self.to else now_ns
        start = unix_ns(self.from_) if self.from_ else end - _DAY_NS
        if start >= end:
            raise InvalidRequest(
                "The time range ends before it begins.", hint="Swap from and to.", param="from"
            )
        return TimeRange(stored_ns(start), stored_ns(end))


class FilterQuery(RangeQuery):
    """Which calls. A parameter given several times means any of the values."""

    status: list[str] = []
    operation: list[str] = []
    model: list[str] = []
    provider: list[str] = []
    key_id: list[str] = []
    team: list[str] = []
    user: list[str] = []
    use_case: list[str] = []
    environment: list[str] = []
    segment: list[str] = []
    session: list[str] = []
    errors_only: bool = False
    q: Annotated[str, Field(max_length=500, description="occurs in input or output")] = ""
    min_duration_ms: Annotated[float | None, Field(ge=0, le=1e12)] = None
    max_duration_ms: Annotated[float | None, Field(ge=0, le=1e12)] = None
    min_cost: Annotated[Decimal | None, Field(ge=0, le=100_000, decimal_places=12)] = None
    max_cost: Annotated[Decimal | None, Field(ge=0, le=100_000, decimal_places=12)] = None

    def filter(self) -> Filter:
        """The same as a value."""
        return Filter(
            only={dimension: tuple(getattr(self, dimension)) for dimension in Dimension},
            errors_only=self.errors_only,
            text=self.q,
            min_duration_ms=self.min_duration_ms,
            max_duration_ms=self.max_duration_ms,
            min_cost=self.min_cost,
            max_cost=self.max_cost,
        )


class ListQuery(FilterQuery):
    """A page of a list."""

    cursor: Annotated[str, Field(max_length=200)] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 50

    def after(self) -> Cursor | None:
        return Cursor.parse(self.cursor) if self.cursor else None


class TailQuery(BaseModel):
    """What arrived behind `after`; without it the last calls there are."""

    after: Annotated[str, Field(max_length=200)] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 50

    def cursor(self) -> Cursor | None:
        return Cursor.parse(self.after) if self.after else None


class Call(BaseModel):
    """A call in a list; `input` and `output` are the first 200 characters a person would read."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    start: str
    duration_ms: float
    ttft_ms: float | None
    status: str
    http_status: int
    error_type: str | None
    error_message: str | None
    operation: str
    provider: str
    request_model: str
    model: str
    response_model: str
    stream: bool
    key_id: str
    team: str
    user: str
    use_case: str
    environment: str
    segment: str
    session: str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    reasoning_tokens: int
    cost: Annotated[str | None, Field(description="USD; null: unpriced")]
    input: str
    output: str

    @classmethod
    def of(cls, item: CallItem) -> "Call":
        return cls(
            trace_id=item.trace_id,
            span_id=item.span_id,
            parent_span_id=item.parent_span_id or None,
            start=rfc3339(item.start_ns),
            duration_ms=item.duration_ns / _MS,
            ttft_ms=None if item.ttft_ns is None else item.ttft_ns / _MS,
            status=item.status,
            http_status=item.http_status,
            error_type=item.error_type or None,
            error_message=item.error_message or None,
            operation=item.operation,
            provider=item.provider,
            request_model=item.request_model,
            model=item.model,
            response_model=item.response_model,
            stream=item.stream,
            key_id=item.key_id,
            team=item.team,
            user=item.user,
            use_case=item.use_case,
            environment=item.environment,
            segment=item.segment,
            session=item.session,
            input_tokens=item.input_tokens,
            output_tokens=item.output_tokens,
            cache_read_tokens=item.cache_read_tokens,
            reasoning_tokens=item.reasoning_tokens,
            cost=None if item.cost is None else f"{item.cost:f}",
            input=item.input_preview,
            output=item.output_preview,
        )


class CallPage(BaseModel):
    """A page of calls; `next_cursor` is null on the last one (in the tail: never)."""

    items: list[Call]
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page) -> "CallPage":
        cursor = page.next_cursor.text() if page.next_cursor else None
        return cls(items=[Call.of(item) for item in page.items], next_cursor=cursor)
