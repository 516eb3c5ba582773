"""The tables of datasets. The content of an item is the last column, so that reading the others
does not read it."""

from typing import Any, Final

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

METADATA: Final = MetaData()


def _item_columns() -> list[Column[Any]]:
    return [
        Column("item_id", Text, nullable=False),
        Column("digest", Text, nullable=False),
        Column("split", Text, nullable=False),
        Column("byte_count", Integer, nullable=False),
        Column("findings", Text, nullable=False),
        Column("content", Text, nullable=False),
    ]


DATASETS: Final = Table(
    "datasets",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("personal_data", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("positions", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    UniqueConstraint("project_id", "name"),
)
VERSIONS: Final = Table(
    "dataset_versions",
    METADATA,
    Column("dataset_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("item_count", Integer, nullable=False),
    Column("byte_count", BigInteger, nullable=False),
    Column("added", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("removed", Integer, nullable=False),
    Column("author", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)
ITEMS: Final = Table(
    "dataset_items",
    METADATA,
    Column("dataset_id", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("from_version", Integer, primary_key=True),
    Column("to_version", Integer),
    *_item_columns(),
    Index("dataset_items_by_id", "dataset_id", "item_id"),
)
DRAFTS: Final = Table(
    "dataset_drafts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("dataset_id", Text, nullable=False),
    Column("parent", Integer, nullable=False),
    Column("removes_others", Boolean, nullable=False),
    Column("keeps_existing", Boolean, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("byte_count", BigInteger, nullable=False),
    Column("duplicates", Integer, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Index("dataset_drafts_by_dataset", "dataset_id"),
)
DRAFT_ITEMS: Final = Table(
    "dataset_draft_items",
    METADATA,
    Column("draft_id", Text, primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("change", Text, nullable=False),
    Column("position", BigInteger),
    *_item_columns(),
    UniqueConstraint("draft_id", "item_id"),
)
RULES: Final = Table(
    "dataset_rules",
    METADATA,
    Column("dataset_id", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("position", Text, nullable=False),
    Column("day", Integer, nullable=False),
    Column("added_today", Integer, nullable=False),
    Column("added", BigInteger, nullable=False),
    Column("skipped", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    Column("ran_ms", BigInteger, nullable=False),
    Column("next_ms", BigInteger, nullable=False),
    Index("dataset_rules_by_time", "next_ms"),
)
ITEM_FIELDS: Final = ("item_id", "digest", "split", "byte_count", "findings", "content")
