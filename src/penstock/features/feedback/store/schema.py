"""The tables of scores in the column store.

`scores` has one row per score; a later row with the same id replaces the earlier one, whenever it
arrives (`version`). `scores_by_time` has the same rows in the order of lists. A replaced row may
stay in it, if the new one has another time: `scores` says which row counts. Times are Unix
nanoseconds. `feedback_handling` has who works on a piece of feedback, in the same way.
"""

from typing import Final

from penstock.infra.columns import SchemaStep

FAMILY: Final = "scores"

_COLUMNS: Final = """
    project_id LowCardinality(String),
    id String CODEC(ZSTD(1)),
    version UInt64 CODEC(Delta, ZSTD(1)),
    kind LowCardinality(String),
    name LowCardinality(String),
    source LowCardinality(String),
    author String CODEC(ZSTD(1)),
    state LowCardinality(String),
    type LowCardinality(String),
    number Nullable(Float64) CODEC(ZSTD(1)),
    label String CODEC(ZSTD(1)),
    comment String CODEC(ZSTD(3)),
    amount Nullable(Decimal(24, 6)) CODEC(ZSTD(1)),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    session String CODEC(ZSTD(1)),
    scored_ns Int64 CODEC(Delta, ZSTD(1)),
    stored_ns Int64 CODEC(Delta, ZSTD(1)),
    written_by LowCardinality(String),
    link LowCardinality(String),
    model LowCardinality(String),
    use_case LowCardinality(String),
    environment LowCardinality(String),
    release LowCardinality(String),
    prompt_version LowCardinality(String),
    of_session String CODEC(ZSTD(1)),
    INDEX by_trace trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_session of_session TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_link link TYPE set(4) GRANULARITY 1"""

_HANDLING: Final = """
    project_id LowCardinality(String),
    score_id String CODEC(ZSTD(1)),
    version UInt64,
    status LowCardinality(String),
    assignee String,
    changed_by String"""

# A score is on disk before it is acknowledged, as a call is. Small parts have one file, because
# scores arrive a few at a time.
_ENGINE: Final = (
    "ENGINE = ReplacingMergeTree(version) ORDER BY (project_id, {id})"
    " SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,"
    " min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 60,"
    " min_bytes_for_wide_part = 100000000, index_granularity = 1024"
)

_BY_TIME: Final = "ALTER TABLE scores_by_time"


def _table(name: str, columns: str, key: str) -> str:
    return f"CREATE TABLE IF NOT EXISTS {name} ({columns}) {_ENGINE.format(id=key)}"


STEPS: Final = (
    SchemaStep(
        1,
        "scores",
        (
            _table("scores", _COLUMNS, "id"),
            _table("feedback_handling", _HANDLING, "score_id"),
        ),
    ),
    SchemaStep(
        2,
        "the arm of a rollout",
        ("ALTER TABLE scores ADD COLUMN IF NOT EXISTS arm LowCardinality(String)",),
    ),
    SchemaStep(
        3,
        "scores by time",
        (
            "CREATE TABLE IF NOT EXISTS scores_by_time AS scores "
            + _ENGINE.format(id="scored_ns, id"),
            "INSERT INTO scores_by_time SELECT * FROM scores",
        ),
    ),
    SchemaStep(
        4,
        "new scores are found without the old ones",
        (
            f"{_BY_TIME} ADD INDEX IF NOT EXISTS by_stored stored_ns TYPE minmax GRANULARITY 1",
            f"{_BY_TIME} MATERIALIZE INDEX by_stored",
        ),
    ),
)
