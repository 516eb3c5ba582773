"""The tables of label moves, label rules and comments."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
)

from penstock.features.access import Role
from penstock.features.prompts.model import LabelMove, LabelRule, PromptComment
from penstock.features.prompts.store import PROMPTS

METADATA: Final = MetaData()

MOVES: Final = Table(
    "prompt_label_moves",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("prompt_id", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("from_number", Integer, nullable=False),
    Column("to_number", Integer, nullable=False),
    Column("author", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("moved_ms", BigInteger, nullable=False),
    Index("prompt_label_moves_prompt", "prompt_id", "id"),
)
COMMENTS: Final = Table(
    "prompt_comments",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("prompt_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("author", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Index("prompt_comments_prompt", "prompt_id", "id"),
)
RULES: Final = Table(
    "prompt_label_rules",
    METADATA,
    Column("project_id", Text, primary_key=True),
    Column("label", Text, primary_key=True),
    Column("role", Text, nullable=False),
)


def add_move(connection: Connection, move: LabelMove) -> None:
    """Stores a move of a label."""
    row = {column.name: getattr(move, column.name) for column in MOVES.columns}
    connection.execute(insert(MOVES).values(row))


def list_moves(
    connection: Connection, prompt_id: str, before: str, limit: int, label: str = ""
) -> list[LabelMove]:
    """Returns moves of a prompt's labels, newest first, before the id `before`."""
    query = select(MOVES).where(MOVES.c.prompt_id == prompt_id)
    if before:
        query = query.where(MOVES.c.id < before)
    if label:
        query = query.where(MOVES.c.label == label)
    rows = connection.execute(query.order_by(MOVES.c.id.desc()).limit(limit))
    return [LabelMove(**_values(row, MOVES)) for row in rows]


def add_comment(connection: Connection, comment: PromptComment) -> None:
    """Stores a comment."""
    row = {column.name: getattr(comment, column.name) for column in COMMENTS.columns}
    connection.execute(insert(COMMENTS).values(row))


def list_comments(
    connection: Connection, prompt_id: str, before: str, limit: int
) -> list[PromptComment]:
    """Returns comments on a prompt, newest first, before the id `before`."""
    query = select(COMMENTS).where(COMMENTS.c.prompt_id == prompt_id)
    if before:
        query = query.where(COMMENTS.c.id < before)
    rows = connection.execute(query.order_by(COMMENTS.c.id.desc()).limit(limit))
    return [PromptComment(**_values(row, COMMENTS)) for row in rows]


def comment_texts(
    connection: Connection, project_id: str, comment_ids: Collection[str]
) -> dict[str, str]:
    """Returns the texts of comments on prompts of a project by the ids of the comments."""
    query = (
        select(COMMENTS.c.id, COMMENTS.c.text)
        .join(PROMPTS, PROMPTS.c.id == COMMENTS.c.prompt_id)
        .where(PROMPTS.c.project_id == project_id, COMMENTS.c.id.in_(comment_ids))
    )
    return {row.id: row.text for row in connection.execute(query)}


def count_comments(connection: Connection, prompt_id: str) -> int:
    """Returns how many comments a prompt has."""
    query = select(func.count()).select_from(COMMENTS).where(COMMENTS.c.prompt_id == prompt_id)
    return connection.execute(query).scalar_one()


def list_rules(connection: Connection, project_id: str) -> list[LabelRule]:
    """Returns the label rules of a project, by label."""
    query = select(RULES).where(RULES.c.project_id == project_id).order_by(RULES.c.label)
    return [LabelRule(row.label, Role(row.role)) for row in connection.execute(query)]


def set_rule(connection: Connection, project_id: str, rule: LabelRule) -> None:
    """Stores who may move a label."""
    where = (RULES.c.project_id == project_id, RULES.c.label == rule.label)
    connection.execute(delete(RULES).where(*where))
    row = {"project_id": project_id, "label": rule.label, "role": rule.role.value}
    connection.execute(insert(RULES).values(row))


def _values(row: Row[*tuple[Any, ...]], table: Table) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in table.columns}
