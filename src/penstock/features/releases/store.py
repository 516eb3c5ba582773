"""The tables of releases. Functions take a connection and return values, never rows."""

from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Index,
    MetaData,
    Row,
    Table,
    Text,
    and_,
    func,
    insert,
    or_,
    select,
)

from penstock.features.releases.model import PartKind, ReleasePart, StoredRelease
from penstock.kernel.digests import canonical_json
from penstock.rules.releases.documents import Release
from penstock.rules.releases.served import ReleaseSection

METADATA: Final = MetaData()

RELEASES: Final = Table(
    "releases",
    METADATA,
    Column("project_id", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("author", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
    Column("bundle", Text, nullable=False),  # with the prompt and its partials
    Column("author_ids", JSON, nullable=False, server_default="[]"),
    Index("releases_created", "project_id", "created_ms", "digest"),
)
PARTS: Final = Table(
    "release_parts",
    METADATA,
    Column("project_id", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Index("release_parts_part", "project_id", "kind", "part"),
)
_SHOWN: Final = [column for column in RELEASES.columns if column.name != "bundle"]


def add_release(
    connection: Connection,
    release: StoredRelease,
    bundle: ReleaseSection,
    parts: Sequence[ReleasePart],
) -> None:
    """Stores a new release with its parts."""
    row = {
        "project_id": release.project_id,
        "digest": release.digest,
        "author": release.author,
        "message": release.message,
        "created_ms": release.created_ms,
        "content": canonical_json(release.release).decode(),
        "bundle": canonical_json(bundle).decode(),
        "author_ids": list(release.author_ids),
    }
    connection.execute(insert(RELEASES).values(row))
    for part in parts:
        values = {"kind": part.kind.value, "part": part.part, "title": part.title}
        of_release = {"project_id": release.project_id, "digest": release.digest}
        connection.execute(insert(PARTS).values(values | of_release))


def find_release(connection: Connection, project_id: str, digest: str) -> StoredRelease | None:
    """Returns the release with a hash, if it exists."""
    where = (RELEASES.c.project_id == project_id, RELEASES.c.digest == digest)
    row = connection.execute(select(*_SHOWN).where(*where)).one_or_none()
    return None if row is None else _release(row)


def find_started(connection: Connection, project_id: str, start: str) -> list[StoredRelease]:
    """Returns up to two releases whose hash begins so."""
    where = (RELEASES.c.project_id == project_id, RELEASES.c.digest.startswith(start))
    query = select(*_SHOWN).where(*where).order_by(RELEASES.c.digest).limit(2)
    return [_release(row) for row in connection.execute(query)]


def find_releases(
    connection: Connection, project_id: str, digests: Collection[str]
) -> list[StoredRelease]:
    """Returns the releases with these hashes that exist."""
    where = (RELEASES.c.project_id == project_id, RELEASES.c.digest.in_(digests))
    return [_release(row) for row in connection.execute(select(*_SHOWN).where(*where))]


def load_bundles(
    connection: Connection, project_id: str, digests: Collection[str]
) -> list[ReleaseSection]:
    """Returns what gateways need of these releases."""
    where = (RELEASES.c.project_id == project_id, RELEASES.c.digest.in_(digests))
    rows = connection.execute(select(RELEASES.c.bundle).where(*where))
    return [msgspec.json.decode(row.bundle, type=ReleaseSection) for row in rows]


def count_releases(connection: Connection, project_id: str) -> int:
    """Returns how many releases a project has."""
    query = select(func.count()).select_from(RELEASES)
    return connection.execute(query.where(RELEASES.c.project_id == project_id)).scalar_one()


def list_releases(
    connection: Connection,
    project_id: str,
    *,
    containing: Sequence[tuple[PartKind, str]] = (),
    before: tuple[int, str] | None,
    limit: int,
) -> list[StoredRelease]:
    """Returns releases, newest first, that contain all of these parts."""
    query = select(*_SHOWN).where(RELEASES.c.project_id == project_id)
    for kind, part in containing:
        found = select(PARTS.c.digest).where(
            PARTS.c.project_id == project_id, PARTS.c.kind == kind.value, PARTS.c.part == part
        )
        query = query.where(RELEASES.c.digest.in_(found))
    if before is not None:
        at, digest = before
        older = RELEASES.c.created_ms < at
        same = and_(RELEASES.c.created_ms == at, RELEASES.c.digest < digest)
        query = query.where(or_(older, same))
    order = (RELEASES.c.created_ms.desc(), RELEASES.c.digest.desc())
    return [_release(row) for row in connection.execute(query.order_by(*order).limit(limit))]


def list_parts(connection: Connection, project_id: str, digest: str) -> list[ReleasePart]:
    """Returns the parts of a release."""
    where = (PARTS.c.project_id == project_id, PARTS.c.digest == digest)
    rows = connection.execute(select(PARTS).where(*where).order_by(PARTS.c.kind, PARTS.c.part))
    return [ReleasePart(PartKind(row.kind), row.part, row.title) for row in rows]


def _release(row: Row[*tuple[Any, ...]]) -> StoredRelease:
    content = msgspec.json.decode(row.content, type=Release)
    return StoredRelease(
        row.project_id,
        row.digest,
        content,
        row.author,
        row.message,
        row.created_ms,
        tuple(row.author_ids),
    )
