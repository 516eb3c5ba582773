"""Which contents the versions of prompts include as partials."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Creates the table, and fills it from the versions that there are."""
    includes = op.create_table(
        "prompt_includes",
        sa.Column("prompt_id", sa.Text, sa.ForeignKey("prompts.id"), primary_key=True),
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("project_id", sa.Text, nullable=False),
    )
    op.create_index("prompt_includes_digest", "prompt_includes", ["project_id", "digest"])
    versions = sa.table(
        "prompt_versions", sa.column("prompt_id"), sa.column("project_id"), sa.column("content")
    )
    query = sa.select(versions).where(versions.c.content.contains('"partials":'))
    found = {
        (row.prompt_id, digest, row.project_id)
        for row in op.get_bind().execute(query)
        for digest in json.loads(row.content).get("partials", {}).values()
    }
    rows = [
        {"prompt_id": prompt_id, "digest": digest, "project_id": project_id}
        for prompt_id, digest, project_id in sorted(found)
    ]
    op.bulk_insert(includes, rows)
