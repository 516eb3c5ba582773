"""Datasets with their versions, their items, and drafts of versions."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "datasets",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("personal_data", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("positions", sa.BigInteger, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("project_id", "name"),
    )
    op.create_table(
        "dataset_versions",
        sa.Column("dataset_id", sa.Text, sa.ForeignKey("datasets.id"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("item_count", sa.Integer, nullable=False),
        sa.Column("byte_count", sa.BigInteger, nullable=False),
        sa.Column("added", sa.Integer, nullable=False),
        sa.Column("changed", sa.Integer, nullable=False),
        sa.Column("removed", sa.Integer, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "dataset_items",
        sa.Column("dataset_id", sa.Text, sa.ForeignKey("datasets.id"), primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True),
        sa.Column("from_version", sa.Integer, primary_key=True),
        sa.Column("to_version", sa.Integer),
        *_item_columns(),
    )
    op.create_index("dataset_items_by_id", "dataset_items", ["dataset_id", "item_id"])
    op.create_table(
        "dataset_drafts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("dataset_id", sa.Text, sa.ForeignKey("datasets.id"), nullable=False),
        sa.Column("parent", sa.Integer, nullable=False),
        sa.Column("removes_others", sa.Boolean, nullable=False),
        sa.Column("keeps_existing", sa.Boolean, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("byte_count", sa.BigInteger, nullable=False),
        sa.Column("duplicates", sa.Integer, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("dataset_drafts_by_dataset", "dataset_drafts", ["dataset_id"])
    op.create_table(
        "dataset_draft_items",
        sa.Column("draft_id", sa.Text, sa.ForeignKey("dataset_drafts.id"), primary_key=True),
        sa.Column("row", sa.Integer, primary_key=True),
        sa.Column("change", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger),
        *_item_columns(),
        sa.UniqueConstraint("draft_id", "item_id"),
    )


def _item_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("item_id", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("split", sa.Text, nullable=False),
        sa.Column("byte_count", sa.Integer, nullable=False),
        sa.Column("findings", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    ]
