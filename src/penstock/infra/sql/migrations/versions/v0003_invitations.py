"""Invitations: one-time links into a project."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "invitations",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("inviter_kind", sa.Text, nullable=False),
        sa.Column("inviter_id", sa.Text, nullable=False),
        sa.Column("inviter_label", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.Column("revoked_ms", sa.BigInteger),
        sa.Column("redeemed_ms", sa.BigInteger),
        sa.Column("redeemed_by", sa.Text, sa.ForeignKey("users.id")),
        sa.Column("taken_count", sa.Integer, nullable=False),
    )
    op.create_index("invitations_by_project", "invitations", ["project_id", "id"])
