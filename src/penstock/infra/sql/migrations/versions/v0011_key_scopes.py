"""Scopes of keys."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Adds the column; existing keys have no scopes."""
    op.add_column("api_keys", sa.Column("scopes", sa.JSON, nullable=False, server_default="[]"))
