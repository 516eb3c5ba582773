"""Use cases, releases and rollouts."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Creates the tables."""
    for name, key in (("use_cases", "name"), ("rollouts", "place")):
        op.create_table(
            name,
            sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id"), primary_key=True),
            sa.Column(key, sa.Text, primary_key=True),
            sa.Column("content", sa.Text, nullable=False),
            sa.Column("updated_ms", sa.BigInteger, nullable=False),
        )
    op.create_table(
        "releases",
        sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("bundle", sa.Text, nullable=False),
    )
    op.create_index("releases_created", "releases", ["project_id", "created_ms", "digest"])
    op.create_table(
        "release_parts",
        sa.Column("project_id", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("part", sa.Text, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
    )
    op.create_index("release_parts_part", "release_parts", ["project_id", "kind", "part"])
    op.create_table(
        "rollout_changes",
        sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("place", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("restored", sa.Integer, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
