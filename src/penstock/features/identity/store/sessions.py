"""Sessions as rows, found by the keyed digest of their token."""

from sqlalchemy import Connection, delete, insert, select

from penstock.features.identity.store.tables import SESSIONS


def add(
    connection: Connection, digest: str, user_id: str, created_ms: int, expires_ms: int
) -> None:
    """Stores a new session."""
    connection.execute(
        insert(SESSIONS).values(
            digest=digest, user_id=user_id, created_ms=created_ms, expires_ms=expires_ms
        )
    )


def find_user_id(connection: Connection, digest: str, now_ms: int) -> str | None:
    """Returns the user id of a session that has not expired."""
    query = select(SESSIONS.c.user_id).where(
        SESSIONS.c.digest == digest, SESSIONS.c.expires_ms > now_ms
    )
    return connection.execute(query).scalar_one_or_none()


def remove(connection: Connection, digest: str) -> None:
    """Deletes one session."""
    connection.execute(delete(SESSIONS).where(SESSIONS.c.digest == digest))


def remove_all_of(connection: Connection, user_id: str) -> None:
    """Deletes all sessions of a user."""
    connection.execute(delete(SESSIONS).where(SESSIONS.c.user_id == user_id))


def remove_oldest_of(connection: Connection, user_id: str, *, keep: int) -> None:
    """Deletes all sessions of a user except the `keep` newest."""
    mine = SESSIONS.c.user_id == user_id
    newest = (
        select(SESSIONS.c.digest).where(mine).order_by(SESSIONS.c.created_ms.desc()).limit(keep)
    )
    connection.execute(delete(SESSIONS).where(mine, SESSIONS.c.digest.not_in(newest)))


def remove_expired(connection: Connection, now_ms: int) -> None:
    """Deletes expired sessions."""
    connection.execute(delete(SESSIONS).where(SESSIONS.c.expires_ms <= now_ms))
