"""Query parameters and response bodies of the trace lists.

Durations are in milliseconds, times RFC 3339 in UTC, amounts decimal strings in USD.
"""

from decimal import Decimal
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from penstock.features.traces.model import CallItem, CallPage, Cursor, Dimension, Filter, TimeRange
from penstock.infra.web.pages import Page
from penstock.kernel.errors import InvalidRequest
from penstock.kernel.time import rfc3339, stored_ns, unix_ns

_DAY_NS = 24 * 3600 * 10**9
_MS = 1e6


class RangeQuery(BaseModel):
    """The time range: `from` (inclusive) to `to` (exclusive); default: the last 24 hours."""

    from_: Annotated[AwareDatetime | None, Field(alias="from")] = None
    to: AwareDatetime | None = None

    def range(self, now_ns: int) -> TimeRange:
        """Returns the range, clamped to the store's times. Raises `InvalidRequest` if it ends
        before it begins."""
        end = unix_ns(self.to) if self.to else now_ns
        start = unix_ns(self.from_) if self.from_ else end - _DAY_NS
        if start >= end:
            raise InvalidRequest(
                "The time range ends before it begins.", hint="Swap from and to.", param="from"
            )
        return TimeRange(stored_ns(start), stored_ns(end))


class FilterQuery(RangeQuery):
    """Filters of calls. A repeated parameter selects any of its values."""

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
        """Returns the filter as a value."""
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
    """Filters, cursor and size of a page."""

    cursor: Annotated[str, Field(max_length=200)] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 50

    def after(self) -> Cursor | None:
        return Cursor.parse(self.cursor) if self.cursor else None


class TailQuery(BaseModel):
    """Selects calls that arrived after the cursor `after`; without it the last calls."""

    after: Annotated[str, Field(max_length=200)] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 50

    def cursor(self) -> Cursor | None:
        return Cursor.parse(self.after) if self.after else None


class CallView(BaseModel):
    """A call in a list; `input` and `output` are the first 200 characters of their text."""

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
    def of(cls, item: CallItem) -> "CallView":
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


def page_view(page: CallPage) -> Page[CallView]:
    """Returns a page of calls; in the tail `next_cursor` is never null."""
    cursor = page.next_cursor.text() if page.next_cursor else None
    return Page(items=[CallView.of(item) for item in page.items], next_cursor=cursor)
