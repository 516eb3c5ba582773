"""The tables of notifications. Functions take a connection and return values, never rows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    MetaData,
    Row,
    Table,
    Text,
    and_,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from penstock.features.access import ROLE_PERMISSIONS, Permission, Principal
from penstock.features.notifications.model import (
    MAX_COUNTED,
    MAX_KEPT,
    NotificationKind,
    StoredNotification,
)

METADATA: Final = MetaData()
NOTIFICATIONS: Final = Table(
    "notifications",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("permission", Text, nullable=False),
    Column("read", Boolean, nullable=False),
    Index("notifications_unread", "user_id", "read", "id"),
)
POSITIONS: Final = Table(
    "notification_positions",
    METADATA,
    Column("project_id", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
)
CHOICES: Final = Table(  # what users have switched off
    "notification_choices",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
)


def positions(connection: Connection) -> Mapping[str, int]:
    """Returns the number of the last event that was looked at, by project."""
    return {row.project_id: row.sequence for row in connection.execute(select(POSITIONS))}


def lock_position(connection: Connection, project_id: str) -> int:
    """Returns the number of the last event that was looked at; nobody else looks until the end of
    the transaction."""
    query = select(POSITIONS.c.sequence).where(POSITIONS.c.project_id == project_id)
    found = connection.execute(query.with_for_update()).scalar()
    if found is None:
        connection.execute(insert(POSITIONS).values(project_id=project_id, sequence=0))
    return found or 0


def set_position(connection: Connection, project_id: str, sequence: int) -> None:
    """Stores the number of the last event that was looked at."""
    where = POSITIONS.c.project_id == project_id
    connection.execute(update(POSITIONS).where(where).values(sequence=sequence))


def add(connection: Connection, notified: StoredNotification) -> None:
    """Stores a notification; of those of its person, the oldest ones go."""
    connection.execute(insert(NOTIFICATIONS).values(asdict(notified)))
    own = NOTIFICATIONS.c.user_id == notified.user_id
    newest = select(NOTIFICATIONS.c.id).where(own).order_by(NOTIFICATIONS.c.id.desc())
    oldest = connection.execute(newest.offset(MAX_KEPT).limit(1)).scalar()
    if oldest is not None:
        connection.execute(delete(NOTIFICATIONS).where(own, NOTIFICATIONS.c.id <= oldest))


def list_page(
    connection: Connection,
    user_id: str,
    reader: Principal,
    before: str,
    limit: int,
    *,
    unread: bool,
) -> Sequence[StoredNotification]:
    """Returns notifications of a person that a principal may see now, newest first."""
    query = select(NOTIFICATIONS).where(NOTIFICATIONS.c.user_id == user_id, _seen_by(reader))
    if unread:
        query = query.where(NOTIFICATIONS.c.read.is_(False))
    if before:
        query = query.where(NOTIFICATIONS.c.id < before)
    rows = connection.execute(query.order_by(NOTIFICATIONS.c.id.desc()).limit(limit))
    return [_notification(row) for row in rows]


def count_unread(connection: Connection, user_id: str, reader: Principal) -> int:
    """Returns how many unread notifications a principal may see now, up to `MAX_COUNTED`."""
    unread = (
        select(NOTIFICATIONS.c.id)
        .where(
            NOTIFICATIONS.c.user_id == user_id,
            NOTIFICATIONS.c.read.is_(False),
            _seen_by(reader),
        )
        .limit(MAX_COUNTED)
        .subquery()
    )
    return connection.execute(select(func.count()).select_from(unread)).scalar_one()


def mark(
    connection: Connection,
    user_id: str,
    reader: Principal,
    which: Collection[str] | str,
    *,
    read: bool,
) -> None:
    """Marks notifications that a principal may see: those with the ids, or all up to an id."""
    id_ = NOTIFICATIONS.c.id
    chosen = id_ <= which if isinstance(which, str) else id_.in_(which)
    where = (NOTIFICATIONS.c.user_id == user_id, _seen_by(reader), chosen)
    connection.execute(update(NOTIFICATIONS).where(*where).values(read=read))


def switched_off(
    connection: Connection, user_ids: Collection[str]
) -> Collection[tuple[str, NotificationKind]]:
    """Returns what users have switched off."""
    query = select(CHOICES).where(CHOICES.c.user_id.in_(user_ids))
    return {(row.user_id, NotificationKind(row.kind)) for row in connection.execute(query)}


def switch_off(connection: Connection, user_id: str, kinds: Collection[NotificationKind]) -> None:
    """Stores what a person has switched off, in place of what it was."""
    connection.execute(delete(CHOICES).where(CHOICES.c.user_id == user_id))
    for kind in sorted(kinds):
        connection.execute(insert(CHOICES).values(user_id=user_id, kind=kind.value))


def _seen_by(reader: Principal) -> ColumnElement[bool]:
    """Returns whether a principal may see a notification: their present roles decide."""
    if reader.instance_admin:
        return true()
    projects: dict[frozenset[Permission], list[str]] = {}
    for project_id, role in reader.roles.items():
        projects.setdefault(ROLE_PERMISSIONS[role], []).append(project_id)
    return or_(
        false(),
        *(
            and_(
                NOTIFICATIONS.c.project_id.in_(ids),
                NOTIFICATIONS.c.permission.in_(sorted(each.value for each in permissions)),
            )
            for permissions, ids in projects.items()
        ),
    )


def _notification(row: Row[*tuple[Any, ...]]) -> StoredNotification:
    return StoredNotification(
        row.user_id,
        row.id,
        row.project_id,
        row.sequence,
        NotificationKind(row.kind),
        Permission(row.permission),
        row.read,
    )
