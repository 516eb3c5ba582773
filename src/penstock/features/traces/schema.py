"""The table of traces, and a view of it.

The wide, immutable `calls` has one row per call, with its attempts in one column. The view `spans`
shows calls and attempts as spans. The table has a
deduplication window, so a repeated batch adds nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from penstock.features.traces.schema_history import STEPS_BEFORE, copy_spans
from penstock.infra.columns import SchemaStep
from penstock.rules.attributes import CALL_ATTRIBUTES, CallAttribute

FAMILY: Final = "traces"

_ATTEMPT: Final = """
        span_id String,
        start_time DateTime64(9, 'UTC'),
        duration_ns UInt64,
        status LowCardinality(String),
        http_status UInt16,
        provider LowCardinality(String),
        model LowCardinality(String),
        error_type LowCardinality(String),
        error_message String,
        dialect LowCardinality(String),
        input_tokens UInt64,
        output_tokens UInt64,
        cache_read_tokens UInt64,
        cache_write_tokens UInt64,
        reasoning_tokens UInt64,
        input_audio_tokens UInt64,
        output_audio_tokens UInt64,
        usage_source LowCardinality(String),
        cost Nullable(Decimal(18, 12)),
        price_id LowCardinality(String),
        ttft_ns Nullable(UInt64),
        server_address LowCardinality(String),
        server_port UInt16,
        cache_write_1h_tokens UInt64,
        input_image_tokens UInt64,
        output_image_tokens UInt64,
        web_searches UInt64,
        input_audio_seconds UInt64,
        rerank_searches UInt64,
        cache_audio_read_tokens UInt64,
        cache_image_read_tokens UInt64,
        cache_text_read_tokens UInt64,
        input_characters UInt64,
        changes Array(LowCardinality(String)),
        request_digest String,
        codec UInt16,
        request_headers Array(String)"""
_ATTEMPTS: Final = f"attempts Array(Tuple({_ATTEMPT})) CODEC(ZSTD(1))"
_SINCE_6: Final = (
    "cache_write_1h_tokens UInt64 CODEC(T64, ZSTD(1))",
    "input_image_tokens UInt64 CODEC(T64, ZSTD(1))",
    "output_image_tokens UInt64 CODEC(T64, ZSTD(1))",
    "web_searches UInt64 CODEC(T64, ZSTD(1))",
    "fingerprint LowCardinality(String)",
)
_SINCE_7: Final = (
    "input_audio_seconds UInt64 CODEC(T64, ZSTD(1))",
    "rerank_searches UInt64 CODEC(T64, ZSTD(1))",
)
_SINCE_8: Final = ("request_source String CODEC(ZSTD(1))",)
_SINCE_15: Final = tuple(
    f"cache_{medium}_read_tokens UInt64 CODEC(T64, ZSTD(1))"
    for medium in ("audio", "image", "text")
)
_SINCE_16: Final = ("input_characters UInt64 CODEC(T64, ZSTD(1))",)

_COLUMNS: Final = f"""
    project_id LowCardinality(String),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    parent_span_id String CODEC(ZSTD(1)),
    start_time DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    duration_ns UInt64 CODEC(T64, ZSTD(1)),
    status LowCardinality(String),
    http_status UInt16,
    error_type LowCardinality(String),
    error_message String CODEC(ZSTD(1)),
    operation LowCardinality(String),
    provider LowCardinality(String),
    request_model LowCardinality(String),
    model LowCardinality(String),
    response_model LowCardinality(String),
    dialect LowCardinality(String),
    stream Bool,
    key_id LowCardinality(String),
    team LowCardinality(String),
    user String CODEC(ZSTD(1)),
    use_case LowCardinality(String),
    environment LowCardinality(String),
    segment LowCardinality(String),
    session String CODEC(ZSTD(1)),
    tags Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    input_tokens UInt64 CODEC(T64, ZSTD(1)),
    output_tokens UInt64 CODEC(T64, ZSTD(1)),
    cache_read_tokens UInt64 CODEC(T64, ZSTD(1)),
    cache_write_tokens UInt64 CODEC(T64, ZSTD(1)),
    reasoning_tokens UInt64 CODEC(T64, ZSTD(1)),
    input_audio_tokens UInt64 CODEC(T64, ZSTD(1)),
    output_audio_tokens UInt64 CODEC(T64, ZSTD(1)),
    usage_source LowCardinality(String),
    cost Nullable(Decimal(18, 12)) CODEC(ZSTD(1)),
    price_id LowCardinality(String),
    ttft_ns Nullable(UInt64) CODEC(ZSTD(1)),
    overhead_ns UInt64 CODEC(T64, ZSTD(1)),
    request_size UInt64 CODEC(T64, ZSTD(1)),
    response_size UInt64 CODEC(T64, ZSTD(1)),
    finish_reasons Array(LowCardinality(String)),
    response_id String CODEC(ZSTD(1)),
    snapshot LowCardinality(String),
    writer LowCardinality(String),
    batch String CODEC(ZSTD(1)),
    server_address LowCardinality(String),
    server_port UInt16,
    {_ATTEMPTS},
    input_preview String CODEC(ZSTD(1)),
    output_preview String CODEC(ZSTD(1)),
    request String CODEC(ZSTD(3)),
    request_blobs Array(String) CODEC(ZSTD(1)),
    response String CODEC(ZSTD(3)),
    response_blobs Array(String) CODEC(ZSTD(1)),
    attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    stored_time DateTime64(9, 'UTC') DEFAULT now64(9) CODEC(Delta, ZSTD(1)),
    {", ".join((*_SINCE_6, *_SINCE_7, *_SINCE_8, *_SINCE_15, *_SINCE_16))},
    INDEX by_trace trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_span span_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_attempt attempts.span_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_user user TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_session session TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_batch batch TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_arrival stored_time TYPE minmax GRANULARITY 1,
    INDEX by_text lower(concat(request, '\\n', response))
        TYPE text(tokenizer = 'splitByNonAlpha') GRANULARITY 1"""

# An insert is on disk before it is acknowledged, because the spool then deletes the batch. Granules
# are small because lists and traces read few rows. Parts below 100 MB have one file for all
# columns, because to write and sync a file for each of them takes a sixth of the CPU.
_CALLS: Final = f"""CREATE TABLE IF NOT EXISTS calls ({_COLUMNS}) ENGINE = MergeTree
    PARTITION BY toYYYYMM(start_time)
    ORDER BY (project_id, start_time, span_id)
    SETTINGS non_replicated_deduplication_window = 10000,
             fsync_after_insert = 1, fsync_part_directory = 1,
             min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 60,
             max_part_removal_threads = 1,
             min_bytes_for_wide_part = 100000000, index_granularity = 1024"""

# The columns of the view: those of an attempt, those that it shares with its call, and those that
# one of the two leaves empty.
_OF_ATTEMPT: Final = tuple(line.split()[0] for line in _ATTEMPT.strip().splitlines())
_NO_TEXTS: Final = "CAST([] AS Array(LowCardinality(String)))"
_NOT_OF_CALL: Final = {
    "changes": _NO_TEXTS,
    "request_digest": "''",
    "codec": "toUInt16(0)",
    "request_headers": "CAST([] AS Array(String))",
}
_SHARED: Final = (
    *("project_id", "trace_id", "operation", "request_model", "stream", "key_id"),
    *("tags", "snapshot", "writer", "batch", "stored_time"),
)
_EMPTY: Final = {
    **dict.fromkeys(("overhead_ns", "request_size", "response_size"), "toUInt64(0)"),
    **dict.fromkeys(("response_model", "response_id", "fingerprint"), "''"),
    **dict.fromkeys(("input_preview", "output_preview", "request", "response"), "''"),
    "request_source": "''",
    **dict.fromkeys(("request_blobs", "response_blobs"), "CAST([] AS Array(String))"),
    "finish_reasons": _NO_TEXTS,
    "attributes": "CAST(map() AS Map(LowCardinality(String), String))",
}


def _view(attributes: Sequence[CallAttribute]) -> str:
    shared = (*_SHARED, *(each.name for each in attributes))
    calls = [
        f"{_NOT_OF_CALL.get(name, f'c.{name}')} AS {name}"
        for name in (*_OF_ATTEMPT, *shared, *_EMPTY)
    ]
    attempts = [
        *(f"a.{name} AS {name}" for name in _OF_ATTEMPT),
        *(f"c.{name} AS {name}" for name in shared),
        *(f"{value} AS {name}" for name, value in _EMPTY.items()),
    ]
    return (
        "CREATE VIEW spans AS SELECT 'call' AS kind, c.parent_span_id AS parent_span_id,"  # noqa: S608 - constants
        f" {', '.join(calls)} FROM calls AS c UNION ALL SELECT 'attempt' AS kind,"
        f" c.span_id AS parent_span_id, {', '.join(attempts)}"
        " FROM calls AS c ARRAY JOIN c.attempts AS a"
    )


def _change_calls(columns: Sequence[str]) -> str:
    """Returns the statement that adds columns, and elements of `attempts`. One statement, because
    each costs a fiftieth of a second at the first start."""
    added = "".join(f"ADD COLUMN IF NOT EXISTS {column}, " for column in columns)
    return f"ALTER TABLE calls {added}MODIFY COLUMN {_ATTEMPTS}"


_STEPS_OF_CALLS: Final = (
    *STEPS_BEFORE,
    SchemaStep(
        4,
        "one row per call",
        # Begins anew after a crash: the old tables are dropped only by the next step.
        ("DROP TABLE IF EXISTS calls SYNC", _CALLS),
        lambda store: copy_spans(store, _OF_ATTEMPT),
    ),
    SchemaStep(
        5,
        "spans as a view",
        (
            "DROP VIEW IF EXISTS spans_list_view",
            "DROP TABLE IF EXISTS spans_list SYNC",
            "DROP TABLE IF EXISTS spans SYNC",
        ),
    ),
    SchemaStep(
        6,
        "counts and changes of other dialects",
        (_change_calls(_SINCE_6),),
    ),
    SchemaStep(
        7,
        "seconds of audio and rerankings",
        (_change_calls(_SINCE_7),),
    ),
    SchemaStep(
        8,
        "what is needed to build the requests of attempts again",
        (_change_calls(_SINCE_8),),
    ),
    SchemaStep(
        15,
        "cached input by medium",
        (
            *(f"ALTER TABLE calls ADD COLUMN IF NOT EXISTS {column}" for column in _SINCE_15),
            f"ALTER TABLE calls MODIFY COLUMN {_ATTEMPTS}",
        ),
    ),
    SchemaStep(
        16,
        "characters of speech",
        (
            *(f"ALTER TABLE calls ADD COLUMN IF NOT EXISTS {column}" for column in _SINCE_16),
            f"ALTER TABLE calls MODIFY COLUMN {_ATTEMPTS}",
        ),
    ),
)


def make_steps(attributes: Sequence[CallAttribute]) -> tuple[SchemaStep, ...]:
    """Returns all steps. Later attributes have a step each, which adds their column.

    The last step creates the view, because the view names the columns of all steps.
    """
    steps = (*_STEPS_OF_CALLS, *(_column(each) for each in attributes if each.since > 1))
    *before, last = sorted(steps, key=lambda step: step.version)
    view = ("DROP VIEW IF EXISTS spans", _view(attributes))
    return (*before, replace(last, statements=(*last.statements, *view)))


def _column(attribute: CallAttribute) -> SchemaStep:
    column = f"ALTER TABLE calls ADD COLUMN IF NOT EXISTS {attribute.name} {attribute.column_type}"
    return SchemaStep(attribute.since, f"the attribute {attribute.name}", (column,))


STEPS: Final = make_steps(CALL_ATTRIBUTES)


def retention(unclaimed_days: int) -> tuple[str, ...]:
    """Returns the statements that let the engine delete calls without a project after some days.
    Stored parts are checked when they are merged next."""
    age = f"toDateTime(stored_time) + INTERVAL {unclaimed_days:d} DAY"
    ttl = f"ALTER TABLE calls MODIFY TTL {age} DELETE WHERE project_id = ''"
    return (f"{ttl} SETTINGS materialize_ttl_after_modify = 0",)
