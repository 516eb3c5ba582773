"""Finds the results of a run by the group of their items."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Creates the index."""
    op.create_index(
        "evaluation_results_group",
        "evaluation_results",
        ["run_id", "item_group", "repeat", "position"],
        sqlite_where=sa.text("item_group <> ''"),
        postgresql_where=sa.text("item_group <> ''"),
    )
