"""Reads and writes `calls`; returns values of `model`."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from penstock.features.traces import sql
from penstock.features.traces.model import (
    DIMENSIONS,
    MAX_SPANS_PER_TRACE,
    MAX_TRACE_BYTES,
    TIME,
    Aggregate,
    AnsweredBy,
    CacheMeasures,
    CallItem,
    Cursor,
    Filter,
    Measures,
    TargetMeasures,
    TimeRange,
    TraceSpans,
    UsedAmounts,
)
from penstock.features.traces.rows import CallRow
from penstock.features.traces.spans import StoredCall, spans_of
from penstock.infra.columns import ColumnStore
from penstock.rules.attributes import CALL_ATTRIBUTES
from penstock.rules.call_conditions import DIMENSIONS as DIMENSIONS_OF_LIMITS
from penstock.rules.call_conditions import TAG

_CALLER: Final = ", ".join(f"'{each.name}', toString(c.{each.name})" for each in CALL_ATTRIBUTES)
_COMPUTED: Final = {
    "start_ns": "toUnixTimestamp64Nano(c.start_time)",
    "stored_ns": "toUnixTimestamp64Nano(c.stored_time)",
    "caller": f"map({_CALLER})",
    "kind": "'call'",
    "answer_dialect": "c.attempts.dialect[-1]",
    "changes": "CAST([] AS Array(String))",
    "request_digest": "''",
    "codec": "0",
    "request_headers": "CAST([] AS Array(String))",
    "attempt_starts": "arrayMap(start -> toUnixTimestamp64Nano(start), c.attempts.start_time)",
}
# Requests of batches have no duration of their own.
_MEASURES: Final = """count() AS requests,
    countIf(c.status != 'ok') AS errors,
    countIf(isNull(c.cost) AND c.input_tokens + c.output_tokens > 0) AS unpriced,
    sum(c.input_tokens) AS input_tokens, sum(c.output_tokens) AS output_tokens,
    sum(c.cache_read_tokens) AS cache_read_tokens, sum(c.reasoning_tokens) AS reasoning_tokens,
    sum(c.cost) AS cost,
    quantilesIf(0.5, 0.95, 0.99)(c.duration_ns, c.batch_id = '') AS duration_ns,
    quantiles(0.5, 0.95, 0.99)(c.ttft_ns) AS ttft_ns"""
_OF_TARGET: Final = """a.provider AS provider, a.model AS model, count() AS attempts,
    countIf(a.status != 'ok') AS errors,
    countIf(a.span_id = c.attempts.span_id[-1]) AS calls,
    quantilesIf(0.5, 0.95, 0.99)(a.duration_ns, c.batch_id = '') AS duration_ns,
    quantiles(0.5, 0.95, 0.99)(a.ttft_ns) AS ttft_ns,
    sumMapIf(map(toString(a.error_type), toUInt64(1)), a.status != 'ok') AS error_types"""
# A call is shown with its payloads and with the messages in them.
_SIZES: Final = """c.span_id, 1 + length(c.attempts) AS spans,
    2 * (length(c.request) + length(c.response)
    + arraySum(arrayMap(blob -> length(blob), arrayConcat(c.request_blobs, c.response_blobs))))
    AS content_bytes"""
_CACHE: Final = f"""count() AS requests, countIf({sql.CACHED}) AS hits,
    countIf({sql.CACHED} AND c.attributes['penstock.cache.saved_usd'] = '') AS unpriced,
    sum(toDecimal128OrZero(c.attributes['penstock.cache.saved_usd'], 12)) AS saved"""
_GROUPS: Final = 100  # of each kind; more than the number of buckets
_FACET_VALUES: Final = 200
_USED: Final = 100_000  # groups of used amounts
_COLUMN_OF: Final = {name: name for name in DIMENSIONS_OF_LIMITS}
_REACH_NS: Final = 7 * 24 * 3600 * 10**9  # the tail includes calls that started this long ago


_LATEST_NS: Final = 9_000_000_000 * 10**9

Row = TypeVar("Row", bound=msgspec.Struct)


class _Span(msgspec.Struct, frozen=True):
    span_id: str


class _Size(msgspec.Struct, frozen=True):
    span_id: str
    spans: int
    content_bytes: int


class Facets(msgspec.Struct, frozen=True, kw_only=True):
    """The values that occur, by dimension."""

    values: dict[str, list[str]]


class TraceStore:
    """The traces of all projects; each query names one project."""

    def __init__(self, columns: ColumnStore) -> None:
        self._columns = columns

    def add(self, rows: Sequence[CallRow], token: str) -> None:
        """Inserts all rows in one insert, once per token."""
        self._columns.insert("calls", rows, token=token)

    def spans_of_batch(self, batch: str) -> set[str]:
        """Returns the span ids of the calls that are stored from a batch."""
        where = sql.Where().add("c.batch = {batch:String}", batch=batch)
        found = self._columns.query_as_writer(where.select("c.span_id"), where.params, _Span)
        return {one.span_id for one in found}

    def newest(
        self,
        project_id: str,
        time_range: TimeRange,
        wanted: Filter,
        after: Cursor | None,
        count: int,
    ) -> list[CallItem]:
        """Returns at most `count` calls after the cursor, newest first."""
        where = sql.matching(sql.calls(project_id, time_range), wanted)
        if after is not None:
            sql.older_than(where, after)
        order = f"ORDER BY c.start_time DESC, c.span_id DESC LIMIT {count:d}"
        return self._select(_columns(CallItem), where, order, CallItem)

    def arrived(self, project_id: str, wanted: Filter, after: Cursor, count: int) -> list[CallItem]:
        """Returns at most `count` matching calls after the cursor, in order of arrival."""
        calls = sql.matching(sql.calls(project_id, _reach(after.stored_ns)), wanted)
        where = sql.arrived_after(calls, after)
        order = f"ORDER BY c.stored_time, c.start_time, c.span_id LIMIT {count:d}"
        return self._select(_columns(CallItem), where, order, CallItem)

    def last_arrived(
        self, project_id: str, wanted: Filter, now_ns: int, count: int
    ) -> list[CallItem]:
        """Returns the last `count` matching calls, in order of arrival."""
        where = sql.matching(sql.calls(project_id, _reach(now_ns)), wanted)
        order = f"ORDER BY c.stored_time DESC, c.start_time DESC, c.span_id DESC LIMIT {count:d}"
        return self._select(_columns(CallItem), where, order, CallItem)[::-1]

    def trace(self, project_id: str, trace_id: str) -> TraceSpans:
        """Returns the first spans of a trace within the limits of one response, those of one call
        if there are any. Sizes are read before the content, to bound the memory of the query."""
        where = sql.trace(project_id, trace_id)
        sizes = self._select(_SIZES, where, _first_calls(MAX_SPANS_PER_TRACE + 1), _Size)
        count = _shown_count(sizes)
        where.add("c.span_id IN {ids:Array(String)}", ids=[one.span_id for one in sizes[:count]])
        calls = self._select(_columns(StoredCall), where, _first_calls(count), StoredCall)
        return TraceSpans(spans_of(calls), truncated=count < len(sizes))

    def call_of_span(self, project_id: str, span_id: str) -> StoredCall | None:
        """Returns the call with this span, or with an attempt with this span."""
        where = sql.span(project_id, span_id)
        return next(iter(self._select(_columns(StoredCall), where, "LIMIT 1", StoredCall)), None)

    def calls_of_trace(self, project_id: str, trace_id: str, count: int) -> list[str]:
        """Returns the spans of the first calls of a trace."""
        where = sql.trace(project_id, trace_id)
        return [one.span_id for one in self._select("c.span_id", where, _first_calls(count), _Span)]

    def last_answered(
        self, project_id: str, provider: str, model: str, within: TimeRange
    ) -> AnsweredBy | None:
        """Returns the last call to a model whose answer names one."""
        where = sql.calls(project_id, within).add("c.response_model != ''")
        where.add("c.provider = {provider:String}", provider=provider)
        where.add("c.model = {model:String}", model=model)
        order = "ORDER BY c.start_time DESC LIMIT 1"
        return next(iter(self._select(_columns(AnsweredBy), where, order, AnsweredBy)), None)

    def totals(self, project_id: str, time_range: TimeRange, wanted: Filter) -> Measures:
        """Returns the measures over all matching calls."""
        where = sql.matching(sql.calls(project_id, time_range), wanted)
        return self._select(_MEASURES, where, "", Measures)[0]

    def aggregates(
        self,
        project_id: str,
        time_range: TimeRange,
        wanted: Filter,
        width_ns: int,
        dimensions: Sequence[str],
    ) -> list[Aggregate]:
        """Returns the measures in total, by time bucket and by dimension, in one query.

        Empty buckets are left out; each dimension has the values with the most requests.
        """
        where = sql.matching(sql.calls(project_id, time_range), wanted)
        start = f"intDiv(toUnixTimestamp64Nano(c.start_time), {width_ns:d}) * {width_ns:d}"
        keys = {TIME: start, **{dimension: f"c.{dimension}" for dimension in dimensions}}
        sets = "".join(f", ({key})" for key in keys.values())
        by = "".join(f"grouping({key}) = 0, '{name}', " for name, key in keys.items())
        value = "".join(f"grouping({key}) = 0, toString({key}), " for key in keys.values())
        return self._select(
            f"multiIf({by}'') AS by, multiIf({value}'') AS value, {_MEASURES}",
            where,
            f"GROUP BY GROUPING SETS ((){sets}) ORDER BY by, requests DESC, value"
            f" LIMIT {_GROUPS:d} BY by",
            Aggregate,
        )

    def targets(
        self, project_id: str, time_range: TimeRange, wanted: Filter
    ) -> list[TargetMeasures]:
        """Returns the measures of the attempts of all matching calls, by provider and model: those
        with the most attempts."""
        where = sql.matching(sql.calls(project_id, time_range), wanted)
        rest = f"GROUP BY provider, model ORDER BY attempts DESC, provider, model LIMIT {_GROUPS:d}"
        statement = where.select(_OF_TARGET, rest, "ARRAY JOIN c.attempts AS a")
        return self._columns.query(statement, where.params, TargetMeasures)

    def cache(self, project_id: str, time_range: TimeRange, wanted: Filter) -> CacheMeasures:
        """Returns how many matching calls were answered from the cache, and the cost of these
        answers."""
        where = sql.matching(sql.calls(project_id, time_range), wanted)
        return self._select(_CACHE, where, "", CacheMeasures)[0]

    def used(
        self,
        project_id: str,
        time_range: TimeRange,
        dimensions: Sequence[str],
        only: Mapping[str, Sequence[str]],
        width_ns: int,
    ) -> list[UsedAmounts]:
        """Returns what calls with one of the values `only` have used, by the values of dimensions
        and by time buckets of `width_ns` (0: all in one). Limits do not count what is done in
        batches."""
        where = sql.calls(project_id, time_range).add("c.batch_id = ''")
        for number, (name, wanted) in enumerate(only.items()):
            condition = f"{_dimension(where, name)} IN {{used_{number}:Array(String)}}"
            where.add(condition, **{f"used_{number}": tuple(wanted)})
        values = [f"toString({_dimension(where, name)})" for name in dimensions]
        since = "toUnixTimestamp64Nano(c.start_time) - {from:Int64}"
        what = (
            f"CAST([{', '.join(values)}] AS Array(String)) AS values,"
            f" {f'intDiv({since}, {width_ns:d})' if width_ns else '0'} AS bucket,"
            " countIf(length(c.attempts) > 0) AS requests,"
            " sum(c.input_tokens + c.output_tokens) AS tokens, sum(c.cost) AS cost"
        )
        return self._select(what, where, f"GROUP BY values, bucket LIMIT {_USED:d}", UsedAmounts)

    def facets(self, project_id: str, time_range: TimeRange) -> dict[str, list[str]]:
        """Returns the values that occur in the range, at most 200 of each dimension."""
        pairs = ", ".join(
            f"'{dimension}', groupUniqArrayIf({_FACET_VALUES:d})"
            f"(toString(c.{dimension}), c.{dimension} != '')"
            for dimension in DIMENSIONS
        )
        where = sql.calls(project_id, time_range)
        found = self._select(f"map({pairs}) AS values", where, "", Facets)
        return {dimension: sorted(values) for dimension, values in found[0].values.items()}

    def _select(self, what: str, where: sql.Where, rest: str, row: type[Row]) -> list[Row]:
        return self._columns.query(where.select(what, rest), where.params, row)


def _dimension(where: sql.Where, name: str) -> str:
    """The expression of a dimension of limits. Adds the name of a tag to the parameters."""
    if name.startswith(TAG):
        param = f"tag_name_{len(where.params)}"
        where.params[param] = name.removeprefix(TAG)
        return f"c.tags[{{{param}:String}}]"
    return "c.key_id" if name == "key" else f"c.{_COLUMN_OF[name]}"


def _first_calls(count: int) -> str:
    return f"ORDER BY c.start_time, c.span_id LIMIT {count:d}"


def _shown_count(sizes: Sequence[_Size]) -> int:
    """Returns how many of the first calls fit into one response, at least one."""
    size = spans = 0
    for count, one in enumerate(sizes):
        size += one.content_bytes
        spans += one.spans
        if count and (size > MAX_TRACE_BYTES or spans > MAX_SPANS_PER_TRACE):
            return count
    return len(sizes)


def _columns(row: type[msgspec.Struct]) -> str:
    return ", ".join(
        f"{_COMPUTED[name]} AS {name}" if name in _COMPUTED else f"c.{name}"
        for name in row.__struct_fields__
    )


def _reach(around_ns: int) -> TimeRange:
    return TimeRange(max(around_ns - _REACH_NS, 0), _LATEST_NS)
