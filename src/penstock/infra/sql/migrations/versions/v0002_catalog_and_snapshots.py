"""Providers, own prices, and snapshots."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Creates the tables of the catalog and snapshots verticals."""
    op.create_table(
        "providers",
        sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("base_url", sa.Text, nullable=False),
        sa.Column("models", sa.JSON, nullable=False),
        sa.Column("models_pinned", sa.Boolean, nullable=False),
        sa.Column("private_allowed", sa.Boolean, nullable=False),
        sa.Column("quirks", sa.JSON, nullable=False),
        sa.Column("vendor", sa.Text, nullable=False),
        sa.Column("found", sa.Boolean, nullable=False),
        sa.Column("secret_id", sa.Text, nullable=False),
        sa.Column("secret_hint", sa.Text, nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "price_overrides",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("prices", sa.Text, nullable=False),
        sa.Column("from_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("price_overrides_by_project", "price_overrides", ["project_id", "id"])
    op.create_table(
        "snapshot_sections",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "snapshot_roots",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("compiled_ms", sa.BigInteger, nullable=False),
    )
