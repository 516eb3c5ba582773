"""Values of traces: filters, cursors, calls, spans, aggregates. No SQL, no HTTP."""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Final, NamedTuple

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.kernel.time import LATEST_NS
from penstock.rules.attributes import CALL_ATTRIBUTES

MAX_SPANS_PER_TRACE: Final = 2_000
MAX_TRACE_BYTES: Final = 64 * 1024 * 1024  # of stored content of the spans that are shown
TIME: Final = "time"

# The kinds of spans.
CALL: Final = "call"
ATTEMPT: Final = "attempt"


# The columns by which calls can be filtered, and those by which the overview groups them.
DIMENSIONS: Final = (
    "status",
    "operation",
    "model",
    "request_model",
    "provider",
    "key_id",
    *(each.name for each in CALL_ATTRIBUTES),
)
GROUPED_BY: Final = (
    "model",
    "provider",
    *(each.name for each in CALL_ATTRIBUTES if each.grouped),
    "key_id",
)


class TimeRange(NamedTuple):
    """From `start_ns` (inclusive) to `end_ns` (exclusive), in Unix nanoseconds."""

    start_ns: int
    end_ns: int

    @property
    def previous(self) -> "TimeRange":
        """Returns the preceding range of the same length, cut at 1970."""
        return TimeRange(max(2 * self.start_ns - self.end_ns, 0), self.start_ns)


@dataclass(frozen=True, slots=True)
class Filter:
    """Selects calls. `only`: allowed values by dimension; `tags`: by tag; `text` occurs in input or
    output, ignoring case; durations in milliseconds; costs in USD."""

    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    errors_only: bool = False
    cached_only: bool = False
    text: str = ""
    min_duration_ms: float | None = None
    max_duration_ms: float | None = None
    min_cost: Decimal | None = None
    max_cost: Decimal | None = None


ALL_CALLS: Final = Filter()

# The range of the column store's times: clients may send any cursor.
UnixNs = Annotated[int, msgspec.Meta(ge=0, le=LATEST_NS)]


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """A position in a list: the last call of a page. `stored_ns` is set in order of arrival."""

    start_ns: UnixNs
    span_id: Annotated[str, msgspec.Meta(max_length=64)]
    stored_ns: UnixNs = 0

    def text(self) -> str:
        """Returns the cursor as opaque, URL-safe text."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """The inverse of `text`. Raises `InvalidRequest` for any other text."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            return msgspec.json.decode(raw, type=cls)
        except (binascii.Error, ValueError) as error:
            raise InvalidRequest(
                "The cursor is not valid.",
                hint="Send next_cursor unchanged, or leave it out to start from the beginning.",
                param="cursor",
            ) from error


class CallItem(msgspec.Struct, frozen=True, kw_only=True):
    """A call in a list; input and output are cut to 200 characters. `caller`: the call attributes
    by name."""

    trace_id: str
    span_id: str
    parent_span_id: str
    start_ns: int
    stored_ns: int
    duration_ns: int
    ttft_ns: int | None
    status: str
    http_status: int
    error_type: str
    error_message: str
    operation: str
    provider: str
    request_model: str
    model: str
    response_model: str = ""
    stream: bool
    key_id: str
    caller: dict[str, str]
    tags: dict[str, str]
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    reasoning_tokens: int
    cost: Decimal | None
    input_preview: str = ""
    output_preview: str = ""


class SpanRecord(CallItem, frozen=True, kw_only=True):
    """A span with all its columns; those with a default are of calls only, `changes` and the facts
    of the sent request (digest, codec, headers) of attempts. `answer_dialect`: of the last attempt.
    `request` and `response` are stored texts (`stored_text.restore`), `request_source` is for
    `stored_text.payload_of`."""

    kind: str = CALL
    dialect: str
    cache_write_tokens: int
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
    usage_source: str
    price_id: str
    overhead_ns: int = 0
    request_size: int = 0
    response_size: int = 0
    finish_reasons: list[str] = []
    response_id: str = ""
    fingerprint: str = ""
    answer_dialect: str = ""
    changes: Sequence[str] = ()
    request_digest: str = ""
    codec: int = 0
    request_headers: Sequence[str] = ()
    snapshot: str
    writer: str
    server_address: str
    server_port: int
    request: str = ""
    request_blobs: list[str] = []
    request_source: str = ""
    response: str = ""
    response_blobs: list[str] = []
    attributes: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request of an attempt, as it is stored. `body`: the caller's, `None` if its bytes are
    not kept; empty if content is not recorded. `cached`: the attempt got an answer that came from
    the cache later. `redacted`: guardrail checks have changed the request before it was sent."""

    project_id: str
    call: SpanRecord
    attempt: SpanRecord | None
    body: bytes | None
    credential: str = ""
    cached: bool = False
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class CallPage:
    """Calls of a list, and the cursor of the next page (`None` on the last page)."""

    items: list[CallItem]
    next_cursor: Cursor | None


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """Aggregates over calls. Percentiles are [p50, p95, p99] in ns, `None` without calls; `cost` is
    in USD over the priced calls, `unpriced` counts calls with tokens but without a price."""

    requests: int = 0
    errors: int = 0
    unpriced: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    reasoning_tokens: int = 0
    cost: Decimal | None = None
    duration_ns: list[float | None] = []
    ttft_ns: list[float | None] = []


class Aggregate(Measures, frozen=True, kw_only=True):
    """The measures of one value of a dimension (`by` is its name), of one time bucket (`by` is
    `TIME`, `value` its start in ns), or of all calls (`by` is empty)."""

    by: str
    value: str


class UsedAmounts(msgspec.Struct, frozen=True):
    """The use of the calls with the same `values` of some dimensions, in one time bucket.
    `requests` are those that were sent to a provider; `cost` is in USD."""

    values: tuple[str, ...]
    bucket: int
    requests: int
    tokens: int
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Overview:
    """Aggregates of a time range, and the totals of the preceding range of the same length."""

    range: TimeRange
    bucket_ns: int
    totals: Measures
    previous: Measures
    series: list[Aggregate]
    by: Mapping[str, list[Aggregate]]


class TargetMeasures(msgspec.Struct, frozen=True, kw_only=True):
    """Aggregates over the attempts at one model of one provider. `calls`: those whose last attempt
    it was. Percentiles are [p50, p95, p99] in ns; `error_types` counts the failed attempts by the
    type of their error."""

    provider: str
    model: str
    attempts: int
    errors: int
    calls: int
    duration_ns: list[float | None]
    ttft_ns: list[float | None]
    error_types: dict[str, int]


class CacheMeasures(msgspec.Struct, frozen=True, kw_only=True):
    """The effect of the cache: `hits` of the `requests` were answered from it. `saved` is what
    these answers had cost, in USD; `unpriced` counts hits of which that is not known."""

    requests: int
    hits: int
    unpriced: int
    saved: Decimal


class AnsweredBy(msgspec.Struct, frozen=True, kw_only=True):
    """The version of a model that answered a call, as the answer names it."""

    start_ns: int
    response_model: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class TraceSpans:
    """The spans of a trace in order of their start. `truncated`: some spans are left out because of
    their number or the size of their content. `changed`: by span id, what answered the call before,
    if another version of the model answered this one."""

    spans: list[SpanRecord]
    truncated: bool
    changed: Mapping[str, AnsweredBy] = field(default_factory=dict[str, AnsweredBy])


@dataclass(frozen=True, slots=True)
class Ingested:
    """The result of a batch: calls stored, records quarantined, and calls without a project that
    were skipped because their hourly limit was reached."""

    stored: int
    quarantined: int
    skipped: int
    kept: int = 0


_SECOND: Final = 10**9
_BUCKETS_S: Final = (1, 5, 15, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800)
_MOST_BUCKETS: Final = 60  # of an overview's series


def bucket_ns(time_range: TimeRange) -> int:
    """Returns the smallest round width that divides the range into at most 60 buckets (61 if the
    range begins inside a bucket); beyond 60 weeks a whole number of weeks."""
    length = time_range.end_ns - time_range.start_ns
    fitting = (s * _SECOND for s in _BUCKETS_S if length <= s * _SECOND * _MOST_BUCKETS)
    week = _BUCKETS_S[-1] * _SECOND
    return next(fitting, week * -(-length // (week * _MOST_BUCKETS)))


def fill_gaps(found: Iterable[Aggregate], time_range: TimeRange, width_ns: int) -> list[Aggregate]:
    """Returns every bucket of the range in order, including empty ones."""
    by_start = {one.value: one for one in found}
    first = time_range.start_ns // width_ns * width_ns
    starts = (str(start) for start in range(first, time_range.end_ns, width_ns))
    return [by_start.get(start) or Aggregate(by=TIME, value=start) for start in starts]
