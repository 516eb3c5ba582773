"""Evaluation runs with the ledger of their results."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "evaluation_runs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("dataset_digest", sa.Text, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger, nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("report", sa.Text, nullable=False),
    )
    op.create_index(
        "evaluation_runs_created", "evaluation_runs", ["project_id", "created_ms", "id"]
    )
    op.create_table(
        "evaluation_results",
        sa.Column("run_id", sa.Text, sa.ForeignKey("evaluation_runs.id"), primary_key=True),
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("repeat", sa.Integer, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("cost_usd", sa.Double, nullable=False),
        sa.Column("item_group", sa.Text, nullable=False),
        sa.Column("facets", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("measurements", sa.Text, nullable=False),
    )
    op.create_index(
        "evaluation_results_position", "evaluation_results", ["run_id", "position", "repeat"]
    )
