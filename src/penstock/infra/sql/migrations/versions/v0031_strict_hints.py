"""Keys that refuse requests whose hints a provider's format does not have."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Adds the column; with existing keys hints are left out and named, as before."""
    column = sa.Column("strict_hints", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("api_keys", column)
