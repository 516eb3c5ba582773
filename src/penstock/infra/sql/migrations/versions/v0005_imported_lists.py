"""Facts of models and price lists that were imported from a file."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds the table; without rows the lists of the package apply."""
    op.create_table(
        "imported_lists",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("vendor", sa.Text, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("row_count", sa.BigInteger, nullable=False),
        sa.Column("imported_ms", sa.BigInteger, nullable=False),
    )
