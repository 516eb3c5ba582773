"""Evaluation schedules, and the log of what they have started."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "evaluation_schedules",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("triggered", sa.Boolean, nullable=False),
        sa.Column("schedule", sa.Text, nullable=False),
        *_numbers("seen", "slot_ms", "next_ms", "looked_ms"),
        *_texts("run_id", "run_period"),
        sa.Column("settled", sa.Boolean, nullable=False),
        sa.Column("spent_period", sa.Text, nullable=False),
        sa.Column("spent_usd", sa.Float, nullable=False),
        *_texts("error", "author"),
        *_numbers("created_ms", "updated_ms"),
        sa.UniqueConstraint("project_id", "name"),
    )
    by_time = "evaluation_schedules_by_time"
    op.create_index(by_time, "evaluation_schedules", ["enabled", "next_ms"])
    op.create_table(
        "evaluation_schedule_starts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("schedule_id", sa.Text, sa.ForeignKey("evaluation_schedules.id"), nullable=False),
        *_numbers("at_ms"),
        *_texts("cause", "outcome", "run_id", "reason"),
    )
    starts = "evaluation_schedule_starts"
    op.create_index(f"{starts}_by_time", starts, ["schedule_id", "at_ms", "id"])


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]
