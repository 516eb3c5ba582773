"""Protected environments: evidence on releases, approvals, and who stands behind a key."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Creates the tables. What answered before takes part as before: undo still goes back to it."""
    op.create_table(
        "release_evidence",
        sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("figures", sa.JSON, nullable=False),
        sa.Column("expires_ms", sa.BigInteger),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "release_approvals",
        sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("use_case", sa.Text, primary_key=True),
        sa.Column("environment", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("requester", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("approver_ids", sa.JSON, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
    )
    author_ids = sa.Column("author_ids", sa.JSON, nullable=False, server_default="[]")
    op.add_column("releases", author_ids)
    issuers = sa.Column("issuers", sa.JSON, nullable=False, server_default="[]")
    op.add_column("api_keys", issuers)
    protected = sa.Column("protected", sa.Boolean, nullable=False, server_default=sa.true())
    op.add_column("rollout_changes", protected)
