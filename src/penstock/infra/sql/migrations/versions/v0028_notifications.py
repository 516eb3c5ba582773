"""Notifications, and an index that finds who did something last to a subject."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Creates the tables. What has happened before is no news."""
    op.create_index(
        "audit_events_by_subject", "audit_events", ["project_id", "subject", "sequence"]
    )
    op.create_table(
        "notifications",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("permission", sa.Text, nullable=False),
        sa.Column("read", sa.Boolean, nullable=False),
    )
    op.create_index("notifications_unread", "notifications", ["user_id", "read", "id"])
    op.create_table(
        "notification_positions",
        sa.Column("project_id", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "notification_choices",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
    )
    op.execute(
        "INSERT INTO notification_positions (project_id, sequence) "
        "SELECT project_id, sequence FROM audit_heads"
    )
