"""The tables of prompts and versions. Functions take a connection and return values, never rows."""

from collections.abc import Collection, Mapping
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
INCLUDES: Final = Table(  # the contents that versions of a prompt include as partials
    "prompt_includes",
    METADATA,
    Column("prompt_id", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Index("prompt_includes_digest", "project_id", "digest"),
)
_SHOWN: Final = [column for column in PROMPTS.columns if column.name != "search_text"]
_NAMED: Final = 3  # prompts that a message names
_HEAD: Final = [column for column in VERSIONS.columns if column.name != "content"]


def add_prompt(connection: Connection, prompt: StoredPrompt, search_text: str) -> None:
    """Stores a new prompt."""
    connection.execute(insert(PROMPTS).values(**_prompt_row(prompt), search_text=search_text))


def save_prompt(connection: Connection, prompt: StoredPrompt, search_text: str) -> None:
    """Stores that a prompt has another latest version."""
    values = _prompt_row(prompt) | {"search_text": search_text}
    connection.execute(update(PROMPTS).where(PROMPTS.c.id == prompt.id).values(values))


def remove_prompt(connection: Connection, prompt_id: str) -> None:
    """Deletes a prompt with its versions and labels. Waits for transactions that read one of its
    versions with `lock`."""
    for table in (LABELS, INCLUDES, VERSIONS):
        connection.execute(delete(table).where(table.c.prompt_id == prompt_id))
    connection.execute(delete(PROMPTS).where(PROMPTS.c.id == prompt_id))


def find_prompt(
    connection: Connection, project_id: str, prompt_id: str, *, lock: bool = False
) -> StoredPrompt | None:
    """Returns the prompt with its labels, if it exists. With `lock` no other transaction changes it
    until the end of this one (SQLite has one writer anyway)."""
    query = select(*_SHOWN).where(PROMPTS.c.project_id == project_id, PROMPTS.c.id == prompt_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _prompt(row, labels_of(connection, [row.id]))


def find_named(connection: Connection, project_id: str, name: str) -> StoredPrompt | None:
    """Returns the prompt with a name, if it exists."""
    where = (PROMPTS.c.project_id == project_id, PROMPTS.c.name == name)
    row = connection.execute(select(*_SHOWN).where(*where)).one_or_none()
    return None if row is None else _prompt(row, labels_of(connection, [row.id]))


def list_prompts(
    connection: Connection,
    project_id: str,
    *,
    terms: Collection[str] = (),
    folder: str = "",
    label: str = "",
    after: str = "",
    limit: int,
) -> list[StoredPrompt]:
    """Returns prompts by name, after the name `after`: those in a folder, with all terms, with a
    label."""
    query = select(*_SHOWN).where(PROMPTS.c.project_id == project_id, PROMPTS.c.name > after)
    if folder:
        start = f"{folder}/"
        query = query.where(PROMPTS.c.name > start, PROMPTS.c.name < f"{folder}0")  # 0 follows /
    for term in terms:
        query = query.where(PROMPTS.c.search_text.contains(term.lower(), autoescape=True))
    if label:
        query = query.join(LABELS, LABELS.c.prompt_id == PROMPTS.c.id)
        query = query.where(LABELS.c.label == label)
    rows = connection.execute(query.order_by(PROMPTS.c.name).limit(limit)).all()
    labels = labels_of(connection, [row.id for row in rows])
    return [_prompt(row, labels) for row in rows]


def count_prompts(connection: Connection, project_id: str) -> int:
    """Returns how many prompts a project has."""
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
    """Stores a new version, and which partials it includes."""
    row = {name: getattr(version.head, name) for name in VersionHead.__dataclass_fields__}
    content = canonical_json(version.content).decode()
    connection.execute(insert(VERSIONS).values(**row, project_id=project_id, content=content))
    prompt_id, digests = version.head.prompt_id, set(version.content.partials.values())
    where = (INCLUDES.c.prompt_id == prompt_id, INCLUDES.c.digest.in_(digests))
    known = set(connection.execute(select(INCLUDES.c.digest).where(*where)).scalars())
    for digest in digests - known:
        values = {"prompt_id": prompt_id, "digest": digest, "project_id": project_id}
        connection.execute(insert(INCLUDES).values(values))


def digests_of(connection: Connection, prompt_id: str) -> set[str]:
    """Returns the content hashes of all versions of a prompt."""
    query = select(VERSIONS.c.digest).where(VERSIONS.c.prompt_id == prompt_id)
    return set(connection.execute(query).scalars())


def including(connection: Connection, project_id: str, digests: Collection[str]) -> list[str]:
    """Returns the names of some prompts of which a version includes one of these contents, though
    no prompt has it."""
    found: set[str] = set()
    for digest in digests:
        if find_content(connection, project_id, digest) is not None:
            continue
        query = (
            select(PROMPTS.c.name)
            .join(INCLUDES, INCLUDES.c.prompt_id == PROMPTS.c.id)
            .where(INCLUDES.c.project_id == project_id, INCLUDES.c.digest == digest)
            .limit(_NAMED)
        )
        found.update(connection.execute(query).scalars())
        if len(found) >= _NAMED:
            break
    return sorted(found)[:_NAMED]


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
    connection: Connection, project_id: str, digest: str, *, lock: bool = False
) -> tuple[str, PromptContent] | None:
    """Returns a content of the project by its hash, with the id of a prompt that has it. With
    `lock` no other transaction removes it until the end of this one."""
    where = (VERSIONS.c.project_id == project_id, VERSIONS.c.digest == digest)
    query = select(VERSIONS.c.prompt_id, VERSIONS.c.content).where(*where).limit(1)
    row = connection.execute(query.with_for_update(read=True) if lock else query).one_or_none()
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


def _prompt(row: Row[*tuple[Any, ...]], labels: Mapping[str, dict[str, int]]) -> StoredPrompt:
    values = {column.name: getattr(row, column.name) for column in _SHOWN}
    return StoredPrompt(**values, labels=labels.get(row.id, {}))


def _head(row: Row[*tuple[Any, ...]]) -> VersionHead:
    return VersionHead(
        row.prompt_id, row.number, row.digest, row.parent, row.author, row.message, row.created_ms
    )


def _version(row: Row[*tuple[Any, ...]]) -> StoredVersion:
    return StoredVersion(_head(row), _content(row.content))


def _content(text: str) -> PromptContent:
    return msgspec.json.decode(text, type=PromptContent)
