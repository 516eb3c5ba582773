"""Query parameters and response bodies of the trace lists.

Durations are in milliseconds, times RFC 3339 in UTC, amounts decimal strings in USD.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Final

from fastapi import Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from penstock.features.traces.model import CallItem, CallPage, Cursor, Filter, TimeRange
from penstock.infra.web.pages import Page
from penstock.kernel.errors import InvalidRequest
from penstock.kernel.time import rfc3339, stored_ns, unix_ns
from penstock.rules.attributes import CALL_ATTRIBUTES
from penstock.rules.tags import MAX_TAGS, is_key

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


TagParameter = Annotated[
    list[Annotated[str, Field(max_length=400)]],
    Field(max_length=MAX_TAGS, description="`key:value`; repeat it for more tags or values"),
]
AttributeFilter = dict[str, tuple[str, ...]]
_OWN: Final = ("status", "operation", "model", "request_model", "provider", "key_id")


def tag_filter(tags: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Returns the wanted values by tag. Raises `InvalidRequest` for what is not `key:value`."""
    wanted: dict[str, tuple[str, ...]] = {}
    for tag in tags:
        key, colon, value = tag.partition(":")
        if not (colon and value and is_key(key)):
            raise InvalidRequest(
                "A tag filter is not valid.", hint="Write it as tag=key:value.", param="tag"
            )
        wanted[key] = (*wanted.get(key, ()), value)
    return wanted


def read_attributes(request: Request) -> AttributeFilter:
    """Reads the query parameters of call attributes. `ATTRIBUTE_PARAMETERS` describes them."""
    query = request.query_params
    return {each.name: tuple(query.getlist(each.name)) for each in CALL_ATTRIBUTES}


ATTRIBUTE_PARAMETERS: Final[dict[str, Any]] = {
    "parameters": [
        {
            "in": "query",
            "name": each.name,
            "required": False,
            "schema": {
                "default": [],
                "items": {"type": "string"},
                "title": each.title,
                "type": "array",
            },
        }
        for each in CALL_ATTRIBUTES
    ]
}


class FilterQuery(RangeQuery):
    """Filters of calls. A repeated parameter selects any of its values."""

    status: list[str] = []
    operation: list[str] = []
    model: list[str] = []
    request_model: Annotated[
        list[str], Field(description="the model as the caller asked for it, such as a route")
    ] = []
    provider: list[str] = []
    key_id: list[str] = []
    tag: TagParameter = []
    errors_only: bool = False
    cached_only: Annotated[bool, Field(description="answered from the cache")] = False
    q: Annotated[str, Field(max_length=500, description="occurs in input or output")] = ""
    min_duration_ms: Annotated[float | None, Field(ge=0, le=1e12)] = None
    max_duration_ms: Annotated[float | None, Field(ge=0, le=1e12)] = None
    min_cost: Annotated[Decimal | None, Field(ge=0, le=100_000, decimal_places=12)] = None
    max_cost: Annotated[Decimal | None, Field(ge=0, le=100_000, decimal_places=12)] = None

    def filter(self, attributes: AttributeFilter) -> Filter:
        """Returns the filter as a value, with the values of call attributes."""
        return Filter(
            only={name: tuple(getattr(self, name)) for name in _OWN} | attributes,
            tags=tag_filter(self.tag),
            errors_only=self.errors_only,
            cached_only=self.cached_only,
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
    tag: TagParameter = []
    limit: Annotated[int, Field(ge=1, le=500)] = 50

    def cursor(self) -> Cursor | None:
        return Cursor.parse(self.after) if self.after else None


def describe_extra(schema: dict[str, Any], properties: Mapping[str, Any]) -> None:
    """Adds required properties to the description of a body with extra fields."""
    schema.pop("additionalProperties", None)
    schema["properties"].update(properties)
    schema["required"].extend(properties)


def _describe_call(schema: dict[str, Any]) -> None:
    titles = {each.name: {"title": each.title, "type": "string"} for each in CALL_ATTRIBUTES}
    describe_extra(schema, titles)


class CallView(BaseModel):
    """A call in a list; `input` and `output` are the first 200 characters of their text."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_describe_call)

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
    tags: dict[str, str]
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
            tags=item.tags,
            **item.caller,  # pyright: ignore[reportArgumentType] - extra fields
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
