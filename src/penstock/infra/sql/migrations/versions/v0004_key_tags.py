"""Tags of keys."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds the column; existing keys have no tags."""
    op.add_column("api_keys", sa.Column("tags", sa.JSON, nullable=False, server_default="{}"))
