-- The tables of version 3, as its schema steps created them.
CREATE TABLE IF NOT EXISTS spans (
    project_id LowCardinality(String),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    parent_span_id String CODEC(ZSTD(1)),
    kind LowCardinality(String),
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
    stream Bool,
    key_id LowCardinality(String),
    team LowCardinality(String),
    user String CODEC(ZSTD(1)),
    use_case LowCardinality(String),
    environment LowCardinality(String),
    segment LowCardinality(String),
    session String CODEC(ZSTD(1)),
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
    server_address LowCardinality(String),
    server_port UInt16,
    input_preview String CODEC(ZSTD(1)),
    output_preview String CODEC(ZSTD(1)),
    stored_time DateTime64(9, 'UTC') DEFAULT now64(9) CODEC(Delta, ZSTD(1)),
    INDEX by_trace trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_span span_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_user user TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_session session TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_arrival stored_time TYPE minmax GRANULARITY 1,
    input String CODEC(ZSTD(3)),
    output String CODEC(ZSTD(3)),
    tools String CODEC(ZSTD(3)),
    request String CODEC(ZSTD(3)),
    response String CODEC(ZSTD(3)),
    attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    INDEX by_text lower(concat(input, '\n', output))
        TYPE text(tokenizer = 'splitByNonAlpha') GRANULARITY 1) ENGINE = MergeTree
    PARTITION BY toYYYYMM(start_time)
    ORDER BY (project_id, start_time, span_id)
    SETTINGS non_replicated_deduplication_window = 10000,
             fsync_after_insert = 1, fsync_part_directory = 1,
             min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 60,
             max_part_removal_threads = 1,
             index_granularity = 1024;

CREATE TABLE IF NOT EXISTS spans_list (
    project_id LowCardinality(String),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    parent_span_id String CODEC(ZSTD(1)),
    kind LowCardinality(String),
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
    stream Bool,
    key_id LowCardinality(String),
    team LowCardinality(String),
    user String CODEC(ZSTD(1)),
    use_case LowCardinality(String),
    environment LowCardinality(String),
    segment LowCardinality(String),
    session String CODEC(ZSTD(1)),
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
    server_address LowCardinality(String),
    server_port UInt16,
    input_preview String CODEC(ZSTD(1)),
    output_preview String CODEC(ZSTD(1)),
    stored_time DateTime64(9, 'UTC') DEFAULT now64(9) CODEC(Delta, ZSTD(1)),
    INDEX by_trace trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_span span_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_user user TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_session session TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_arrival stored_time TYPE minmax GRANULARITY 1) ENGINE = MergeTree
    PARTITION BY toYYYYMM(start_time)
    ORDER BY (project_id, start_time, span_id)
    SETTINGS non_replicated_deduplication_window = 10000,
             fsync_after_insert = 1, fsync_part_directory = 1,
             min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 60,
             max_part_removal_threads = 1,
             index_granularity = 1024;

CREATE MATERIALIZED VIEW IF NOT EXISTS spans_list_view TO spans_list AS
    SELECT * EXCEPT (input, output, tools, request, response, attributes) FROM spans;

ALTER TABLE spans ADD COLUMN IF NOT EXISTS batch String CODEC(ZSTD(1));

ALTER TABLE spans_list ADD COLUMN IF NOT EXISTS batch String CODEC(ZSTD(1));

DROP VIEW IF EXISTS spans_list_view;

CREATE MATERIALIZED VIEW IF NOT EXISTS spans_list_view TO spans_list AS
    SELECT * EXCEPT (input, output, tools, request, response, attributes) FROM spans;

ALTER TABLE spans ADD COLUMN IF NOT EXISTS tags Map(LowCardinality(String), String) CODEC(ZSTD(1));

ALTER TABLE spans_list ADD COLUMN IF NOT EXISTS tags Map(LowCardinality(String), String) CODEC(ZSTD(1));

DROP VIEW IF EXISTS spans_list_view;

CREATE MATERIALIZED VIEW IF NOT EXISTS spans_list_view TO spans_list AS
    SELECT * EXCEPT (input, output, tools, request, response, attributes) FROM spans;
