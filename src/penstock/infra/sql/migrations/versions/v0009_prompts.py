"""Prompts with versions, labels, their history, and comments."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "prompts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("latest", sa.Integer, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.UniqueConstraint("project_id", "name"),
    )
    op.create_table(
        "prompt_versions",
        sa.Column("prompt_id", sa.Text, sa.ForeignKey("prompts.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("parent", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_index("prompt_versions_digest", "prompt_versions", ["project_id", "digest"])
    op.create_table(
        "prompt_labels",
        sa.Column("prompt_id", sa.Text, sa.ForeignKey("prompts.id"), primary_key=True),
        sa.Column("label", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
    )
    _create_history()


def _create_history() -> None:
    op.create_table(
        "prompt_label_moves",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("prompt_id", sa.Text, sa.ForeignKey("prompts.id"), nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("from_number", sa.Integer, nullable=False),
        sa.Column("to_number", sa.Integer, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("moved_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("prompt_label_moves_prompt", "prompt_label_moves", ["prompt_id", "id"])
    op.create_table(
        "prompt_comments",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("prompt_id", sa.Text, sa.ForeignKey("prompts.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("prompt_comments_prompt", "prompt_comments", ["prompt_id", "id"])
    op.create_table(
        "prompt_label_rules",
        sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("label", sa.Text, primary_key=True),
        sa.Column("role", sa.Text, nullable=False),
    )
