"""The tables of earlier versions: `spans` had a row per call and one per attempt.

New homes create it empty and drop it again; homes with data have it with indexes and codecs.
"""

from collections.abc import Sequence
from typing import Final

from penstock.infra.columns import SchemaStep

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

_SPANS: Final = (
    f"CREATE TABLE IF NOT EXISTS spans ({', '.join(f'{n} {t}' for n, t in _TYPES.items())})"
    " ENGINE = MergeTree ORDER BY tuple()"
)
_ADD: Final = "ALTER TABLE spans ADD COLUMN IF NOT EXISTS {} {}"

STEPS_BEFORE: Final = (
    SchemaStep(1, "spans", (_SPANS,)),
    SchemaStep(2, "the batch that each row came in", (_ADD.format("batch", _LATER["batch"]),)),
    SchemaStep(3, "the tags of a call", (_ADD.format("tags", _LATER["tags"]),)),
)


def copy_of_spans(of_attempt: Sequence[str]) -> str:
    """Returns the statement that copies all rows of `spans` to `calls`. `of_attempt`: the elements
    of the column `attempts`. The join spills to disk."""
    columns = ", ".join(name for name in (*_TYPES, *_LATER) if name != "kind")
    elements = ", ".join("''" if name == "dialect" else name for name in of_attempt)
    return (
        f"INSERT INTO calls ({columns}, attempts)"  # noqa: S608 - constants
        f" SELECT {columns.replace('project_id', 'c.project_id', 1)}, a.attempts"
        " FROM (SELECT * FROM spans WHERE kind = 'call') AS c LEFT JOIN"
        " (SELECT parent_span_id AS call_id, trace_id AS call_trace, project_id AS call_project,"
        f" arraySort(x -> x.2, groupArray(tuple({elements}))) AS attempts"
        " FROM spans WHERE kind = 'attempt' GROUP BY call_id, call_trace, call_project) AS a"
        " ON a.call_id = c.span_id AND a.call_trace = c.trace_id"
        " AND a.call_project = c.project_id"
        " SETTINGS insert_deduplicate = 0, join_algorithm = 'grace_hash',"
        " grace_hash_join_initial_buckets = 8, max_bytes_in_join = 200000000,"
        " max_bytes_before_external_group_by = 200000000, max_threads = 1"
    )
