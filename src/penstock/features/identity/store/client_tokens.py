"""Revoked client tokens as rows, until they would have expired."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select

from penstock.features.identity.store.tables import REVOKED_CLIENT_TOKENS as TOKENS


class RevokedToken(NamedTuple):
    """`expires_ms`: when it has expired for certain."""

    project_id: str
    id: str
    revoked_ms: int
    expires_ms: int


def add(connection: Connection, token: RevokedToken) -> None:
    """Stores a revocation."""
    connection.execute(insert(TOKENS).values(token._asdict()))


def find(connection: Connection, project_id: str, token_id: str) -> RevokedToken | None:
    """Returns the revocation of a token, if it has one."""
    query = select(TOKENS).where(TOKENS.c.project_id == project_id, TOKENS.c.id == token_id)
    row = connection.execute(query).first()
    return None if row is None else RevokedToken(*row)


def forget_expired(connection: Connection, now_ms: int) -> None:
    """Deletes the revocations of tokens that have expired."""
    connection.execute(delete(TOKENS).where(TOKENS.c.expires_ms <= now_ms))


def count(connection: Connection, project_id: str) -> int:
    """Returns the number of revocations of a project."""
    query = select(func.count()).select_from(TOKENS).where(TOKENS.c.project_id == project_id)
    return connection.execute(query).scalar_one()


def list_all(connection: Connection, project_id: str | None = None) -> Sequence[RevokedToken]:
    """Returns the revocations of a project, or of all, in order of project and token."""
    query = select(TOKENS).order_by(TOKENS.c.project_id, TOKENS.c.id)
    if project_id is not None:
        query = query.where(TOKENS.c.project_id == project_id)
    return [RevokedToken(*row) for row in connection.execute(query)]
