"""Prompts that are removed stay for those who have their hash, and are found by old names."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """No content goes any more, so nothing needs to know what includes it."""
    op.add_column("prompts", sa.Column("archived_ms", sa.BigInteger))
    op.drop_table("prompt_includes")
    op.create_table(
        "prompt_old_names",
        sa.Column("project_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("prompt_id", sa.Text, nullable=False),
    )
    op.create_index("prompt_old_names_prompt", "prompt_old_names", ["prompt_id"])
