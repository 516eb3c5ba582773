"""Users and members as rows."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from penstock.features.access import Role
from penstock.features.identity.model import Member, User
from penstock.features.identity.store.tables import MEMBERS, USERS

_MEMBER_COLUMNS = (MEMBERS, USERS.c.email)


def add_user(connection: Connection, user: User, password_hash: str) -> None:
    """Stores a new user."""
    connection.execute(
        insert(USERS).values(
            id=user.id,
            email=user.email,
            password_hash=password_hash,
            instance_admin=user.instance_admin,
            created_ms=user.created_ms,
        )
    )


def find_user(connection: Connection, user_id: str) -> User | None:
    """Returns the user, if it exists."""
    row = connection.execute(select(USERS).where(USERS.c.id == user_id)).one_or_none()
    return _user(row) if row else None


def find_user_by_email(connection: Connection, email: str) -> tuple[User, str] | None:
    """Returns the user with that address and the password hash, if it exists."""
    row = connection.execute(select(USERS).where(USERS.c.email == email)).one_or_none()
    return (_user(row), row.password_hash) if row else None


def first_instance_admin(connection: Connection) -> User | None:
    """Returns the oldest instance admin, or None if there is none."""
    query = select(USERS).where(USERS.c.instance_admin).order_by(USERS.c.id).limit(1)
    row = connection.execute(query).one_or_none()
    return _user(row) if row else None


def set_password(connection: Connection, user_id: str, password_hash: str) -> None:
    """Replaces a user's password hash."""
    connection.execute(
        update(USERS).where(USERS.c.id == user_id).values(password_hash=password_hash)
    )


def roles_of(connection: Connection, user_id: str) -> Mapping[str, Role]:
    """Returns the roles of a user by project id."""
    query = select(MEMBERS.c.project_id, MEMBERS.c.role).where(MEMBERS.c.user_id == user_id)
    return {row.project_id: Role(row.role) for row in connection.execute(query)}


def add_member(connection: Connection, member: Member) -> None:
    """Stores a new member. Raises `IntegrityError` if the user is a member already."""
    connection.execute(
        insert(MEMBERS).values(
            project_id=member.project_id,
            user_id=member.user_id,
            role=member.role,
            created_ms=member.created_ms,
        )
    )


def find_member(connection: Connection, project_id: str, user_id: str) -> Member | None:
    """Returns the user's membership in the project, if it exists."""
    query = (
        select(*_MEMBER_COLUMNS)
        .join(USERS)
        .where(MEMBERS.c.project_id == project_id, MEMBERS.c.user_id == user_id)
    )
    row = connection.execute(query).one_or_none()
    return _member(row) if row else None


def list_members(
    connection: Connection, project_id: str, after_user_id: str, limit: int
) -> list[Member]:
    """Returns members of a project after `after_user_id`, by user id."""
    query = (
        select(*_MEMBER_COLUMNS)
        .join(USERS)
        .where(MEMBERS.c.project_id == project_id, MEMBERS.c.user_id > after_user_id)
        .order_by(MEMBERS.c.user_id)
        .limit(limit)
    )
    return [_member(row) for row in connection.execute(query)]


def set_role(connection: Connection, project_id: str, user_id: str, role: Role) -> None:
    """Changes a member's role."""
    connection.execute(
        update(MEMBERS)
        .where(MEMBERS.c.project_id == project_id, MEMBERS.c.user_id == user_id)
        .values(role=role)
    )


def remove_member(connection: Connection, project_id: str, user_id: str) -> None:
    """Removes a user from a project."""
    connection.execute(
        delete(MEMBERS).where(MEMBERS.c.project_id == project_id, MEMBERS.c.user_id == user_id)
    )


def owner_count(connection: Connection, project_id: str) -> int:
    """Returns how many owners the project has. Locks them until the transaction ends."""
    owners = (
        select(MEMBERS.c.user_id)
        .where(MEMBERS.c.project_id == project_id, MEMBERS.c.role == Role.OWNER)
        .with_for_update()
    )
    return len(connection.execute(owners).all())


def _user(row: Row[*tuple[Any, ...]]) -> User:
    return User(row.id, row.email, row.instance_admin, row.created_ms)


def _member(row: Row[*tuple[Any, ...]]) -> Member:
    return Member(row.project_id, row.user_id, row.email, Role(row.role), row.created_ms)
