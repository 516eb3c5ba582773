"""The tables of online evaluation."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

METADATA: Final = MetaData()
RULES: Final = Table(
    "online_evaluations",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("rule", Text, nullable=False),
    Column("position", Text, nullable=False),
    Column("day", Integer, nullable=False),
    Column("drawn_today", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("job_id", Text, nullable=False),
    Column("looked_ms", BigInteger, nullable=False),
    Column("next_ms", BigInteger, nullable=False),
    Column("spent_period", Text, nullable=False),
    Column("spent_usd", Float, nullable=False),
    Column("exhausted", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    UniqueConstraint("project_id", "name"),
    Index("online_evaluations_by_time", "enabled", "next_ms"),
)
SAMPLES: Final = Table(
    "online_evaluation_samples",
    METADATA,
    Column("rule_id", Text, primary_key=True),
    Column("span_id", Text, primary_key=True),
    Column("trace_id", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("start_ns", BigInteger, nullable=False),
    Column("stored_ns", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("byte_count", BigInteger, nullable=False),
    Column("sample", Text, nullable=False),
    Column("measurements", Text, nullable=False),
    Column("cost_usd", Float, nullable=False),
    Index("online_evaluation_samples_order", "rule_id", "state", "stored_ns", "span_id"),
    Index("online_evaluation_samples_state", "state", "stored_ns"),
)
COUNTS: Final = Table(
    "online_evaluation_counts",
    METADATA,
    Column("rule_id", Text, primary_key=True),
    Column("hour_ms", BigInteger, primary_key=True),
    Column("release", Text, primary_key=True),
    Column("eligible", BigInteger, nullable=False),
    Column("drawn", BigInteger, nullable=False),
    Column("budget", BigInteger, nullable=False),
    Column("daily_calls", BigInteger, nullable=False),
    Column("backlog", BigInteger, nullable=False),
    Column("measured", BigInteger, nullable=False),
    Column("cost_usd", Float, nullable=False),
)
