"""The tables of earlier versions: `spans` had a row per call and one per attempt.

New homes create it empty and drop it again; homes with data have it with indexes and codecs.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from penstock.infra.columns import ColumnStore, SchemaStep

_TOKENS: Final = ("input", "output", "cache_read", "cache_write", "reasoning")
_TEXTS: Final = (
    *("project_id", "trace_id", "span_id", "parent_span_id", "kind", "status", "error_type"),
    *("error_message", "operation", "provider", "request_model", "model", "response_model"),
    *("key_id", "team", "user", "use_case", "environment", "segment", "session", "usage_source"),
    *("price_id", "response_id", "snapshot", "writer", "server_address", "input_preview"),
    *("output_preview", "request", "response"),
)
_NUMBERS: Final = (
    *("duration_ns", "overhead_ns", "request_size", "response_size"),
    *(f"{kind}_tokens" for kind in (*_TOKENS, "input_audio", "output_audio")),
)
_OTHERS: Final = (
    ("start_time", "DateTime64(9, 'UTC')"),
    ("stored_time", "DateTime64(9, 'UTC')"),
    ("http_status", "UInt16"),
    ("server_port", "UInt16"),
    ("stream", "Bool"),
    ("cost", "Nullable(Decimal(18, 12))"),
    ("ttft_ns", "Nullable(UInt64)"),
    ("finish_reasons", "Array(LowCardinality(String))"),
    ("attributes", "Map(LowCardinality(String), String)"),
)
_TYPES: Final = {
    **dict.fromkeys(_TEXTS, "String"),
    **dict.fromkeys(_NUMBERS, "UInt64"),
    **dict(_OTHERS),
}
_LATER: Final = {"batch": "String", "tags": "Map(LowCardinality(String), String)"}

# Elements of `attempts` that the old tables do not have.
_ABSENT: Final = {
    "dialect": "''",
    **dict.fromkeys(("cache_write_1h_tokens", "input_image_tokens"), "0"),
    **dict.fromkeys(("output_image_tokens", "web_searches"), "0"),
    **dict.fromkeys(("input_audio_seconds", "rerank_searches"), "0"),
    **dict.fromkeys((f"cache_{medium}_read_tokens" for medium in ("audio", "image", "text")), "0"),
    "input_characters": "0",
    "changes": "[]",
    "request_digest": "''",
    "codec": "0",
    "request_headers": "[]",
}

_SPANS: Final = (
    f"CREATE TABLE IF NOT EXISTS spans ({', '.join(f'{n} {t}' for n, t in _TYPES.items())})"
    " ENGINE = MergeTree ORDER BY tuple()"
)
_ADD: Final = "ALTER TABLE spans ADD COLUMN IF NOT EXISTS {} {}"

_HOUR_NS: Final = 3600 * 10**9
_CALLS_AT_ONCE: Final = 50_000
# The copy must fit into the memory of the engine (1 GB): few calls at once, small blocks.
_SMALL: Final = (
    "insert_deduplicate = 0, max_threads = 1, max_insert_threads = 1, max_block_size = 512,"
    " min_insert_block_size_rows = 8192, min_insert_block_size_bytes = 8000000,"
    " max_read_buffer_size_local_fs = 65536, max_bytes_before_external_group_by = 100000000"
)

STEPS_BEFORE: Final = (
    SchemaStep(1, "spans", (_SPANS,)),
    SchemaStep(2, "the batch that each row came in", (_ADD.format("batch", _LATER["batch"]),)),
    SchemaStep(3, "the tags of a call", (_ADD.format("tags", _LATER["tags"]),)),
)


class _Hour(msgspec.Struct):
    hour: int
    calls: int


def copy_spans(store: ColumnStore, of_attempt: Sequence[str]) -> Iterator[str]:
    """Yields the statements that copy all rows of `spans` to `calls`, some hours of calls each.
    `of_attempt`: the elements of the column `attempts`."""
    hours = store.query(
        f"SELECT intDiv(toUnixTimestamp64Nano(start_time), {_HOUR_NS}) AS hour, count() AS calls"  # noqa: S608 - constants
        " FROM spans WHERE kind = 'call' GROUP BY hour ORDER BY hour",
        {},
        _Hour,
    )
    first, count = 0, 0
    for one in hours:
        count += one.calls
        if count >= _CALLS_AT_ONCE or one is hours[-1]:
            yield _copy(first * _HOUR_NS, (one.hour + 1) * _HOUR_NS, of_attempt)
            first, count = one.hour + 1, 0


def _copy(start_ns: int, end_ns: int, of_attempt: Sequence[str]) -> str:
    """Copies the calls that started in [`start_ns`, `end_ns`), with their attempts."""
    calls = (
        f"kind = 'call' AND start_time >= fromUnixTimestamp64Nano({start_ns})"
        f" AND start_time < fromUnixTimestamp64Nano({end_ns})"
    )
    columns = ", ".join(name for name in (*_TYPES, *_LATER) if name != "kind")
    elements = ", ".join(_ABSENT.get(name, name) for name in of_attempt)
    return (
        f"INSERT INTO calls ({columns}, attempts)"  # noqa: S608 - constants
        f" SELECT {columns}, a.attempts"
        f" FROM (SELECT {columns} FROM spans WHERE {calls}) AS c LEFT JOIN"
        " (SELECT parent_span_id AS call_id, trace_id AS call_trace, project_id AS call_project,"
        f" arraySort(x -> x.2, groupArray(tuple({elements}))) AS attempts"
        f" FROM spans WHERE kind = 'attempt' AND parent_span_id IN"
        f" (SELECT span_id FROM spans WHERE {calls})"
        " GROUP BY call_id, call_trace, call_project) AS a"
        " ON a.call_id = c.span_id AND a.call_trace = c.trace_id"
        f" AND a.call_project = c.project_id SETTINGS {_SMALL}"
    )
