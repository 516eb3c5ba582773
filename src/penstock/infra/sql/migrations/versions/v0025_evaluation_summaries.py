"""What evaluation runs that have ended say in short."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Creates the table. Runs that ended before have no row: their ledger is read."""
    op.create_table(
        "evaluation_summaries",
        sa.Column("run_id", sa.Text, sa.ForeignKey("evaluation_runs.id"), primary_key=True),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
