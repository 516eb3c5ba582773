"""Annotation: queues with their items, labels, reservations and rules."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Creates the tables."""
    _queues_and_rules()
    _items()
    _labels()


def _queues_and_rules() -> None:
    op.create_table(
        "annotation_queues",
        sa.Column("project_id", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("project_id", "name"),
    )
    op.create_table(
        "annotation_rules",
        sa.Column("queue_id", sa.Text, primary_key=True),
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("position", sa.Text, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("added_today", sa.Integer, nullable=False),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("ran_ms", sa.BigInteger, nullable=False),
        sa.Column("next_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("annotation_rules_by_time", "annotation_rules", ["next_ms"])


def _items() -> None:
    op.create_table(
        "annotation_items",
        sa.Column("queue_id", sa.Text, primary_key=True),
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("byte_count", sa.Integer, nullable=False),
        sa.Column("labels", sa.Integer, nullable=False),
        sa.Column("skips", sa.Integer, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("differs", sa.Boolean, nullable=False),
        sa.Column("decided", sa.Boolean, nullable=False),
        sa.Column("differs_ms", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("score_due", sa.Boolean, nullable=False),
        sa.Column("score_sent", sa.Boolean, nullable=False),
        sa.Column("suggestion", sa.Text, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.UniqueConstraint("queue_id", "position"),
    )
    op.create_index("annotation_items_open", "annotation_items", ["queue_id", "open", "position"])
    op.create_index("annotation_items_score", "annotation_items", ["score_due"])


def _labels() -> None:
    op.create_table(
        "annotation_labels",
        sa.Column("queue_id", sa.Text, primary_key=True),
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("annotator_id", sa.Text, primary_key=True),
        sa.Column("annotator", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("correction", sa.Text, nullable=False),
        sa.Column("schema", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
    )
    op.create_index(
        "annotation_labels_own", "annotation_labels", ["queue_id", "annotator_id", "updated_ms"]
    )
    op.create_table(
        "annotation_leases",
        sa.Column("queue_id", sa.Text, primary_key=True),
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("annotator_id", sa.Text, primary_key=True),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
    )
