"""The tables of queues, items, labels, reservations and rules."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from penstock.features.annotation.model.queues import AnnotationQueue
from penstock.infra.sql.documents import DocumentTable

METADATA: Final = MetaData()
QUEUES: Final = DocumentTable(METADATA, "annotation_queues", AnnotationQueue, ("id", "name"))
ITEMS: Final = Table(
    "annotation_items",
    METADATA,
    Column("queue_id", Text, primary_key=True),
    Column("item_id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("byte_count", Integer, nullable=False),
    Column("labels", Integer, nullable=False),
    Column("skips", Integer, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("differs", Boolean, nullable=False),
    Column("decided", Boolean, nullable=False),
    Column("differs_ms", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("score_due", Boolean, nullable=False),
    Column("score_sent", Boolean, nullable=False),
    Column("suggestion", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("content", Text, nullable=False),
    UniqueConstraint("queue_id", "position"),
    Index("annotation_items_open", "queue_id", "open", "position"),
    Index("annotation_items_score", "score_due"),
)
LABELS: Final = Table(
    "annotation_labels",
    METADATA,
    Column("queue_id", Text, primary_key=True),
    Column("item_id", Text, primary_key=True),
    Column("annotator_id", Text, primary_key=True),
    Column("annotator", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("correction", Text, nullable=False),
    Column("schema", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Index("annotation_labels_own", "queue_id", "annotator_id", "updated_ms"),
)
LEASES: Final = Table(
    "annotation_leases",
    METADATA,
    Column("queue_id", Text, primary_key=True),
    Column("item_id", Text, primary_key=True),
    Column("annotator_id", Text, primary_key=True),
    Column("expires_ms", BigInteger, nullable=False),
)
RULES: Final = Table(
    "annotation_rules",
    METADATA,
    Column("queue_id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("position", Text, nullable=False),
    Column("day", Integer, nullable=False),
    Column("added_today", Integer, nullable=False),
    Column("added", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    Column("ran_ms", BigInteger, nullable=False),
    Column("next_ms", BigInteger, nullable=False),
    Index("annotation_rules_by_time", "next_ms"),
)
