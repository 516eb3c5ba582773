"""Invitations as rows, found by the keyed digest of their token."""

from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from penstock.features.access import Role
from penstock.features.identity.model import Invitation
from penstock.features.identity.store.tables import INVITATIONS

_OPEN = INVITATIONS.c.redeemed_ms.is_(None) & INVITATIONS.c.revoked_ms.is_(None)


def add(connection: Connection, invitation: Invitation, digest: str) -> None:
    """Stores a new invitation."""
    connection.execute(
        insert(INVITATIONS).values(
            id=invitation.id,
            project_id=invitation.project_id,
            digest=digest,
            email=invitation.email,
            role=invitation.role,
            inviter_kind=invitation.inviter_kind,
            inviter_id=invitation.inviter_id,
            inviter_label=invitation.inviter_label,
            created_ms=invitation.created_ms,
            expires_ms=invitation.expires_ms,
            taken_count=invitation.taken_count,
        )
    )


def find(connection: Connection, project_id: str, invitation_id: str) -> Invitation | None:
    """Returns the project's invitation, if it exists. Locks it until the transaction ends."""
    mine = (INVITATIONS.c.project_id == project_id, INVITATIONS.c.id == invitation_id)
    row = connection.execute(select(INVITATIONS).where(*mine).with_for_update()).one_or_none()
    return _invitation(row) if row else None


def find_by_digest(connection: Connection, digest: str, *, lock: bool = False) -> Invitation | None:
    """Returns the invitation with this token digest, if it exists. `lock` locks it until the
    transaction ends."""
    query = select(INVITATIONS).where(INVITATIONS.c.digest == digest)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return _invitation(row) if row else None


def list_by_project(
    connection: Connection, project_id: str, after_id: str, limit: int
) -> list[Invitation]:
    """Returns invitations of a project after `after_id`, oldest first."""
    query = (
        select(INVITATIONS)
        .where(INVITATIONS.c.project_id == project_id, INVITATIONS.c.id > after_id)
        .order_by(INVITATIONS.c.id)
        .limit(limit)
    )
    return [_invitation(row) for row in connection.execute(query)]


def pending_count(connection: Connection, project_id: str, now_ms: int) -> int:
    """Returns how many invitations of the project are not redeemed, revoked or expired."""
    query = select(func.count()).where(
        INVITATIONS.c.project_id == project_id, _OPEN, INVITATIONS.c.expires_ms > now_ms
    )
    return connection.execute(query).scalar_one()


def redeem(connection: Connection, invitation_id: str, user_id: str, now_ms: int) -> bool:
    """Marks an invitation as redeemed by a user. Returns whether it was still open."""
    open_one = update(INVITATIONS).where(INVITATIONS.c.id == invitation_id, _OPEN)
    done = connection.execute(open_one.values(redeemed_ms=now_ms, redeemed_by=user_id))
    return done.rowcount == 1


def revoke(connection: Connection, invitation_id: str, now_ms: int) -> None:
    """Marks an invitation as revoked."""
    one = INVITATIONS.c.id == invitation_id
    connection.execute(update(INVITATIONS).where(one).values(revoked_ms=now_ms))


def count_taken(connection: Connection, invitation_id: str) -> None:
    """Counts a try with a sign-in address that is in use."""
    one = INVITATIONS.c.id == invitation_id
    more = INVITATIONS.c.taken_count + 1
    connection.execute(update(INVITATIONS).where(one).values(taken_count=more))


def remove_settled(connection: Connection, project_id: str, expired_before_ms: int) -> None:
    """Deletes the project's invitations that expired before that time, redeemed or not."""
    mine = INVITATIONS.c.project_id == project_id
    connection.execute(
        delete(INVITATIONS).where(mine, INVITATIONS.c.expires_ms < expired_before_ms)
    )


def _invitation(row: Row[*tuple[Any, ...]]) -> Invitation:
    return Invitation(
        id=row.id,
        project_id=row.project_id,
        email=row.email,
        role=Role(row.role),
        inviter_kind=row.inviter_kind,
        inviter_id=row.inviter_id,
        inviter_label=row.inviter_label,
        created_ms=row.created_ms,
        expires_ms=row.expires_ms,
        revoked_ms=row.revoked_ms,
        redeemed_ms=row.redeemed_ms,
        redeemed_by=row.redeemed_by,
        taken_count=row.taken_count,
    )
