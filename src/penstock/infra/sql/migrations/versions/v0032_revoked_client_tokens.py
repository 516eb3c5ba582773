"""Client tokens that are revoked before their time."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Rows of tokens that have expired are deleted by the next revocation."""
    op.create_table(
        "revoked_client_tokens",
        sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("revoked_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
    )
