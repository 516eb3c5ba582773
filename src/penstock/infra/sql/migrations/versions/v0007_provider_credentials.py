"""Further credentials of a provider."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Adds the table; the first credential of a provider stays in its own row."""
    op.create_table(
        "provider_credentials",
        sa.Column("project_id", sa.Text, primary_key=True),
        sa.Column("provider", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("secret_id", sa.Text, nullable=False),
        sa.Column("secret_hint", sa.Text, nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "provider"], ["providers.project_id", "providers.name"]
        ),
    )
