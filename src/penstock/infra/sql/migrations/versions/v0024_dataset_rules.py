"""Rules that add recorded calls to datasets, with what they have done."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "dataset_rules",
        sa.Column("dataset_id", sa.Text, sa.ForeignKey("datasets.id"), primary_key=True),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("position", sa.Text, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("added_today", sa.Integer, nullable=False),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.Column("skipped", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("ran_ms", sa.BigInteger, nullable=False),
        sa.Column("next_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("dataset_rules_by_time", "dataset_rules", ["next_ms"])
