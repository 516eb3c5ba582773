"""Limits of calls at once of providers, and priorities of keys."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Adds the columns; existing providers have no limit, existing keys the usual priority."""
    for name, default in (("max_concurrency", 0), ("max_queue", 16), ("queue_timeout_ms", 5000)):
        column = sa.Column(name, sa.Integer, nullable=False, server_default=str(default))
        op.add_column("providers", column)
    priority = sa.Column("priority", sa.Text, nullable=False, server_default="normal")
    op.add_column("api_keys", priority)
