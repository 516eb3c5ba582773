"""The tables of prompts and versions. Functions take a connection and return values, never rows."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec
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
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
    update,
)

from penstock.features.prompts.model import StoredPrompt, StoredVersion, VersionHead
from penstock.kernel.digests import canonical_json
from penstock.rules.prompts.documents import PromptContent

METADATA: Final = MetaData()

PROMPTS: Final = Table(
    "prompts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("latest", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("archived_ms", BigInteger),
    Column("search_text", Text, nullable=False),  # name and latest content in lower case
    UniqueConstraint("project_id", "name"),
)
VERSIONS: Final = Table(
    "prompt_versions",
    METADATA,
    Column("prompt_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("parent", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
    Index("prompt_versions_digest", "project_id", "digest"),
)
LABELS: Final = Table(
    "prompt_labels",
    METADATA,
    Column("prompt_id", Text, primary_key=True),
    Column("label", Text, primary_key=True),
    Column("number", Integer, nullable=False),
)
OLD_NAMES: Final = Table(  # names that prompts had
    "prompt_old_names",
    METADATA,
    Column("project_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("prompt_id", Text, nullable=False),
    Index("prompt_old_names_prompt", "prompt_id"),
)
_SHOWN: Final = [column for column in PROMPTS.columns if column.name != "search_text"]
_HEAD: Final = [column for column in VERSIONS.columns if column.name != "content"]


def add_prompt(connection: Connection, prompt: StoredPrompt, search_text: str) -> None:
    """Stores a new prompt."""
    connection.execute(insert(PROMPTS).values(**_prompt_row(prompt), search_text=search_text))


def save_prompt(
    connection: Connection, prompt: StoredPrompt, search_text: str | None = None
) -> None:
    """Stores a prompt that has changed."""
    values = _prompt_row(prompt) | ({} if search_text is None else {"search_text": search_text})
    connection.execute(update(PROMPTS).where(PROMPTS.c.id == prompt.id).values(values))


def find_prompt(
    connection: Connection, project_id: str, prompt_id: str, *, lock: bool = False
) -> StoredPrompt | None:
    """Returns the prompt with its labels, if it exists. With `lock` no other transaction changes it
    until the end of this one (SQLite has one writer anyway)."""
    query = select(*_SHOWN).where(PROMPTS.c.project_id == project_id, PROMPTS.c.id == prompt_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _prompts(connection, [row])[0]


def find_named(connection: Connection, project_id: str, name: str) -> StoredPrompt | None:
    """Returns the prompt that has a name, or had it before, if there is one."""
    where = (PROMPTS.c.project_id == project_id, PROMPTS.c.name == name)
    row = connection.execute(select(*_SHOWN).where(*where)).one_or_none()
    if row is not None:
        return _prompts(connection, [row])[0]
    old = (OLD_NAMES.c.project_id == project_id, OLD_NAMES.c.name == name)
    holder = connection.execute(select(OLD_NAMES.c.prompt_id).where(*old)).scalar()
    return None if holder is None else find_prompt(connection, project_id, holder)


def list_prompts(
    connection: Connection,
    project_id: str,
    *,
    terms: Collection[str] = (),
    folder: str = "",
    label: str = "",
    archived: bool | None = False,
    after: str = "",
    limit: int,
) -> list[StoredPrompt]:
    """Returns prompts by name, after the name `after`: those in a folder, with all terms, with a
    label, that are removed or not (`None`: both)."""
    query = select(*_SHOWN).where(PROMPTS.c.project_id == project_id, PROMPTS.c.name > after)
    if archived is not None:
        query = query.where(PROMPTS.c.archived_ms.is_not(None) == archived)
    if folder:
        start = f"{folder}/"
        query = query.where(PROMPTS.c.name > start, PROMPTS.c.name < f"{folder}0")  # 0 follows /
    for term in terms:
        query = query.where(PROMPTS.c.search_text.contains(term.lower(), autoescape=True))
    if label:
        query = query.join(LABELS, LABELS.c.prompt_id == PROMPTS.c.id)
        query = query.where(LABELS.c.label == label)
    rows = connection.execute(query.order_by(PROMPTS.c.name).limit(limit)).all()
    return _prompts(connection, rows)


def count_prompts(connection: Connection, project_id: str) -> int:
    """Returns how many prompts a project has, with those that are removed."""
    query = select(func.count()).select_from(PROMPTS).where(PROMPTS.c.project_id == project_id)
    return connection.execute(query).scalar_one()


def labels_of(connection: Connection, prompt_ids: Collection[str]) -> Mapping[str, dict[str, int]]:
    """Returns the labels of prompts, by id."""
    found: dict[str, dict[str, int]] = {}
    query = select(LABELS).where(LABELS.c.prompt_id.in_(prompt_ids)).order_by(LABELS.c.label)
    for row in connection.execute(query):
        found.setdefault(row.prompt_id, {})[row.label] = row.number
    return found


def add_version(connection: Connection, project_id: str, version: StoredVersion) -> None:
    """Stores a new version."""
    row = {name: getattr(version.head, name) for name in VersionHead.__dataclass_fields__}
    content = canonical_json(version.content).decode()
    connection.execute(insert(VERSIONS).values(**row, project_id=project_id, content=content))


def set_old_name(connection: Connection, prompt: StoredPrompt, name: str) -> None:
    """Stores a name that a prompt had."""
    row = {"project_id": prompt.project_id, "name": name, "prompt_id": prompt.id}
    connection.execute(insert(OLD_NAMES).values(row))


def remove_old_name(connection: Connection, project_id: str, name: str) -> None:
    """Forgets a name that a prompt had."""
    where = (OLD_NAMES.c.project_id == project_id, OLD_NAMES.c.name == name)
    connection.execute(delete(OLD_NAMES).where(*where))


def find_version(connection: Connection, prompt_id: str, number: int) -> StoredVersion | None:
    """Returns the version with a number, if it exists."""
    where = (VERSIONS.c.prompt_id == prompt_id, VERSIONS.c.number == number)
    row = connection.execute(select(VERSIONS).where(*where)).one_or_none()
    return None if row is None else _version(row)


def find_hashed(connection: Connection, prompt_id: str, digest: str) -> StoredVersion | None:
    """Returns the latest version with a content hash, if there is one."""
    where = (VERSIONS.c.prompt_id == prompt_id, VERSIONS.c.digest == digest)
    query = select(VERSIONS).where(*where).order_by(VERSIONS.c.number.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else _version(row)


def find_content(
    connection: Connection, project_id: str, digest: str
) -> tuple[str, PromptContent] | None:
    """Returns a content of the project by its hash, with the id of a prompt that has it."""
    where = (VERSIONS.c.project_id == project_id, VERSIONS.c.digest == digest)
    query = select(VERSIONS.c.prompt_id, VERSIONS.c.content).where(*where).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.prompt_id, _content(row.content))


def list_versions(
    connection: Connection, prompt_id: str, before: int | None, limit: int
) -> list[VersionHead]:
    """Returns versions without their content, newest first, before a number."""
    query = select(*_HEAD).where(VERSIONS.c.prompt_id == prompt_id)
    if before is not None:
        query = query.where(VERSIONS.c.number < before)
    rows = connection.execute(query.order_by(VERSIONS.c.number.desc()).limit(limit))
    return [_head(row) for row in rows]


def set_label(connection: Connection, prompt_id: str, label: str, number: int) -> None:
    """Moves a label to a version; 0 removes it."""
    where = (LABELS.c.prompt_id == prompt_id, LABELS.c.label == label)
    connection.execute(delete(LABELS).where(*where))
    if number:
        row = {"prompt_id": prompt_id, "label": label, "number": number}
        connection.execute(insert(LABELS).values(row))


def _prompt_row(prompt: StoredPrompt) -> dict[str, object]:
    return {column.name: getattr(prompt, column.name) for column in _SHOWN}


def _prompts(connection: Connection, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[StoredPrompt]:
    ids = [row.id for row in rows]
    labels, old_names = labels_of(connection, ids), _old_names_of(connection, ids)
    return [
        StoredPrompt(
            **{column.name: getattr(row, column.name) for column in _SHOWN},
            labels=labels.get(row.id, {}),
            old_names=old_names.get(row.id, ()),
        )
        for row in rows
    ]


def _old_names_of(
    connection: Connection, prompt_ids: Collection[str]
) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    query = select(OLD_NAMES).where(OLD_NAMES.c.prompt_id.in_(prompt_ids))
    for row in connection.execute(query.order_by(OLD_NAMES.c.name)):
        found[row.prompt_id] = (*found.get(row.prompt_id, ()), row.name)
    return found


def _head(row: Row[*tuple[Any, ...]]) -> VersionHead:
    return VersionHead(
        row.prompt_id, row.number, row.digest, row.parent, row.author, row.message, row.created_ms
    )


def _version(row: Row[*tuple[Any, ...]]) -> StoredVersion:
    return StoredVersion(_head(row), _content(row.content))


def _content(text: str) -> PromptContent:
    return msgspec.json.decode(text, type=PromptContent)
