"""Online evaluations: rules, drawn calls on their way to scores, counts by hour and release."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "online_evaluations",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        *_texts("rule", "position"),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("drawn_today", sa.Integer, nullable=False),
        *_texts("error", "job_id"),
        *_numbers("looked_ms", "next_ms"),
        sa.Column("spent_period", sa.Text, nullable=False),
        sa.Column("spent_usd", sa.Float, nullable=False),
        sa.Column("exhausted", sa.Boolean, nullable=False),
        *_numbers("created_ms", "updated_ms"),
        sa.UniqueConstraint("project_id", "name"),
    )
    op.create_index("online_evaluations_by_time", "online_evaluations", ["enabled", "next_ms"])
    of_rule = sa.ForeignKey("online_evaluations.id")
    op.create_table(
        "online_evaluation_samples",
        sa.Column("rule_id", sa.Text, of_rule, primary_key=True),
        sa.Column("span_id", sa.Text, primary_key=True),
        *_texts("trace_id", "release"),
        *_numbers("start_ns", "stored_ns"),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        *_numbers("byte_count"),
        *_texts("sample", "measurements"),
        sa.Column("cost_usd", sa.Float, nullable=False),
    )
    samples = "online_evaluation_samples"
    order = ["rule_id", "state", "stored_ns", "span_id"]
    op.create_index("online_evaluation_samples_order", samples, order)
    op.create_index("online_evaluation_samples_state", samples, ["state", "stored_ns"])
    op.create_table(
        "online_evaluation_counts",
        sa.Column("rule_id", sa.Text, sa.ForeignKey("online_evaluations.id"), primary_key=True),
        sa.Column("hour_ms", sa.BigInteger, primary_key=True),
        sa.Column("release", sa.Text, primary_key=True),
        *_numbers("eligible", "drawn", "budget", "daily_calls", "backlog", "measured"),
        sa.Column("cost_usd", sa.Float, nullable=False),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]
