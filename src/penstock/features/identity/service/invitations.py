"""Invitations: one-time links by which users become members.

Users become members by redeeming a link, never by a matching address: a sign-in address is chosen
freely and proves nothing about its owner.
"""

import base64
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection

from penstock.features.access import Permission, Principal, Role
from penstock.features.context import Context
from penstock.features.identity.model import Invitation, InvitationState, Member, Project, User
from penstock.features.identity.passwords import Passwords
from penstock.features.identity.service.members import require_may_assign
from penstock.features.identity.store import invitations, keys, projects, users
from penstock.infra.crypto import keyed_digest
from penstock.infra.sql import Transaction
from penstock.kernel.errors import Conflict, Forbidden, NotFound

_MS: Final = timedelta(milliseconds=1)


class InvitationLimits(msgspec.Struct, frozen=True):
    """Bounds of invitations."""

    lifetime: timedelta = timedelta(days=7)
    """How long a link can be redeemed."""
    pending_count: int = 100
    """Pending invitations per project."""
    taken_count: int = 10
    """How often one link may be tried with a sign-in address that is in use. Then the link is
    revoked, so that it cannot be used to find out which addresses exist."""
    kept: timedelta = timedelta(days=30)
    """How long an invitation is listed after its expiry. The audit log keeps it permanently."""


@dataclass(frozen=True, slots=True)
class IssuedInvitation:
    """A new invitation with its token, which is shown only once."""

    invitation: Invitation
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ListedInvitation:
    """An invitation with its current state. `redeemed_by`: the sign-in address of the user."""

    invitation: Invitation
    state: InvitationState
    redeemed_by: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """The content of a link: the project and the invitation."""

    project: Project
    invitation: Invitation


class InvitationService:
    """Use cases of invitations. `digest_key` keys the digests of tokens."""

    def __init__(
        self,
        context: Context,
        passwords: Passwords,
        digest_key: bytes,
        limits: InvitationLimits = InvitationLimits(),  # noqa: B008 - frozen
    ) -> None:
        self._context = context
        self._passwords = passwords
        self._digest_key = digest_key
        self._limits = limits

    def list_page(self, project_id: str, after_id: str, limit: int) -> list[ListedInvitation]:
        """Returns invitations of a project, oldest first. Redeemed, revoked and expired ones are
        included until 30 days after their expiry."""
        now_ms = self._context.now_ms()
        with self._context.database.read() as connection:
            return [
                self._listed(connection, found, now_ms)
                for found in invitations.list_by_project(connection, project_id, after_id, limit)
            ]

    def invite(self, actor: Principal, project_id: str, email: str, role: Role) -> IssuedInvitation:
        """Creates a one-time link. Raises `Forbidden` if the actor may not give that role,
        `Conflict` if the project has too many pending invitations."""
        require_may_assign(actor, role, project_id)
        now_ms = self._context.now_ms()
        token = (
            f"inv_{base64.urlsafe_b64encode(self._context.random_bytes(32)).decode().rstrip('=')}"
        )
        invitation = Invitation(
            id=self._context.new_id("inv"),
            project_id=project_id,
            email=email,
            role=role,
            inviter_kind=actor.kind,
            inviter_id=actor.id,
            inviter_label=actor.label,
            created_ms=now_ms,
            expires_ms=now_ms + self._limits.lifetime // _MS,
        )
        with self._context.database.write() as tx:
            # The event first: it locks the project's chain, so that the count below is exact.
            self._audit(tx, actor, "invitation.create", invitation, after=invitation.audit_fields())
            self._require_few_pending(tx, project_id, now_ms)
            invitations.add(tx.connection, invitation, self._digest(token))
        return IssuedInvitation(invitation, token)

    def revoke(self, actor: Principal, project_id: str, invitation_id: str) -> Invitation:
        """Revokes a pending link. Raises `Conflict` if it is not pending, `Forbidden` if its role
        is above the actor's own."""
        now_ms = self._context.now_ms()
        with self._context.database.write() as tx:
            before = invitations.find(tx.connection, project_id, invitation_id)
            if before is None:
                raise NotFound("There is no such invitation in this project.")
            require_may_assign(actor, before.role, project_id)
            state = self._state(tx.connection, before, now_ms)
            if state is not InvitationState.PENDING:
                raise Conflict(f"This invitation is {state.value}, not pending.")
            invitations.revoke(tx.connection, invitation_id, now_ms)
            self._audit(tx, actor, "invitation.revoke", before, before=before.audit_fields())
        return replace(before, revoked_ms=now_ms)

    def preview(self, token: str) -> Offer:
        """Returns the content of a link. Raises `NotFound` or `Conflict` if it cannot be
        redeemed."""
        with self._context.database.read() as connection:
            invitation = self._pending(connection, token)
            project = projects.find(connection, invitation.project_id)
        assert project is not None  # noqa: S101 - a foreign key holds it
        return Offer(project, invitation)

    def accept(self, actor: Principal, token: str) -> Member:
        """Makes the signed-in user a member; their sign-in address does not matter. Raises
        `Conflict` if they are a member already; the link stays valid then."""
        if actor.kind != "user":
            raise Forbidden("A key cannot become a member.", hint="Sign in to accept.")
        with self._context.database.write() as tx:
            invitation = self._pending(tx.connection, token, lock=True)
            return self._join(tx, actor, invitation)

    def redeem(self, token: str, email: str, password: str) -> User:
        """Creates an account with the given address and password and makes it a member. Raises
        `Conflict` (`address_taken`) if the address is in use, `InvalidRequest` if the password is
        too short or too long."""
        self._require_free(token, email)
        password_hash = self._passwords.hash(password)
        user = User(
            self._context.new_id("usr"),
            email,
            instance_admin=False,
            created_ms=self._context.now_ms(),
        )
        actor = user.principal({})
        with self._context.database.write() as tx:
            invitation = self._pending(tx.connection, token, lock=True)
            if users.find_user_by_email(tx.connection, email):
                raise _address_taken()
            users.add_user(tx.connection, user, password_hash)
            self._context.audit_log.append(
                tx, actor, "", "user.create", user.id, after={"email": user.email}
            )
            self._join(tx, actor, invitation)
        return user

    def _join(self, tx: Transaction, actor: Principal, invitation: Invitation) -> Member:
        now_ms = self._context.now_ms()
        if users.find_member(tx.connection, invitation.project_id, actor.id):
            raise Conflict(
                "You are already a member of this project.",
                hint="The link is still valid for another user.",
                code="already_member",
            )
        if not invitations.redeem(tx.connection, invitation.id, actor.id, now_ms):
            raise _not_pending(InvitationState.REDEEMED)
        member = Member(invitation.project_id, actor.id, actor.label, invitation.role, now_ms)
        users.add_member(tx.connection, member)
        redeemed = {**invitation.audit_fields(), "redeemed_by": actor.label}
        self._audit(tx, actor, "invitation.redeem", invitation, after=redeemed)
        self._context.audit_log.append(
            tx, actor, member.project_id, "member.add", member.user_id, after=member.audit_fields()
        )
        return member

    def _require_free(self, token: str, email: str) -> None:
        """Checks link and address before the password is hashed. Counts addresses in use."""
        with self._context.database.write() as tx:
            invitation = self._pending(tx.connection, token, lock=True)
            taken = users.find_user_by_email(tx.connection, email) is not None
            if taken:
                invitations.count_taken(tx.connection, invitation.id)
        if taken:
            raise _address_taken()

    def _require_few_pending(self, tx: Transaction, project_id: str, now_ms: int) -> None:
        invitations.remove_settled(tx.connection, project_id, now_ms - self._limits.kept // _MS)
        most = self._limits.pending_count
        if invitations.pending_count(tx.connection, project_id, now_ms) >= most:
            raise Conflict(
                f"This project already has {most} pending invitations, which is the limit.",
                hint="Revoke invitations that are no longer needed.",
                code="too_many_invitations",
            )

    def _pending(self, connection: Connection, token: str, *, lock: bool = False) -> Invitation:
        invitation = invitations.find_by_digest(connection, self._digest(token), lock=lock)
        if invitation is None:
            raise NotFound(
                "This invitation does not exist.",
                hint="Check that the link is complete, or ask for a new one.",
                code="invitation_unknown",
            )
        state = self._state(connection, invitation, self._context.now_ms())
        if state is not InvitationState.PENDING:
            raise _not_pending(state)
        return invitation

    def _listed(self, connection: Connection, found: Invitation, now_ms: int) -> ListedInvitation:
        user = users.find_user(connection, found.redeemed_by) if found.redeemed_by else None
        state = self._state(connection, found, now_ms)
        return ListedInvitation(found, state, user.email if user else "")

    def _state(self, connection: Connection, found: Invitation, now_ms: int) -> InvitationState:
        """Returns the current state. An invitation counts as revoked once its inviter may no longer
        give its role."""
        if found.redeemed_ms is not None:
            return InvitationState.REDEEMED
        if found.revoked_ms is not None or found.taken_count >= self._limits.taken_count:
            return InvitationState.REVOKED
        if found.expires_ms <= now_ms:
            return InvitationState.EXPIRED
        inviter = _inviter(connection, found, now_ms)
        if inviter is None or not _may_invite(inviter, found):
            return InvitationState.REVOKED
        return InvitationState.PENDING

    def _audit(
        self,
        tx: Transaction,
        actor: Principal,
        action: str,
        invitation: Invitation,
        *,
        before: dict[str, object] | None = None,
        after: dict[str, object] | None = None,
    ) -> None:
        project_id = invitation.project_id
        self._context.audit_log.append(
            tx, actor, project_id, action, invitation.id, before=before, after=after
        )

    def _digest(self, token: str) -> str:
        return keyed_digest(self._digest_key, token)


def _inviter(connection: Connection, invitation: Invitation, now_ms: int) -> Principal | None:
    """Returns the inviter with their current roles; `None` if they no longer exist."""
    if invitation.inviter_kind == "key":
        key = keys.find_usable(connection, invitation.inviter_id, now_ms)
        return key.principal() if key else None
    user = users.find_user(connection, invitation.inviter_id)
    return user.principal(users.roles_of(connection, user.id)) if user else None


def _may_invite(inviter: Principal, invitation: Invitation) -> bool:
    project_id = invitation.project_id
    return inviter.may(Permission.MEMBERS_WRITE, project_id) and inviter.may_assign(
        invitation.role, project_id
    )


def _address_taken() -> Conflict:
    return Conflict(
        "This address is already in use.",
        hint="If it is yours, sign in and accept the invitation. Otherwise choose another address.",
        code="address_taken",
        param="email",
    )


def _not_pending(state: InvitationState) -> Conflict:
    used = state is InvitationState.REDEEMED
    return Conflict(
        f"This invitation {'was already used' if used else f'is {state.value}'}.",
        hint="Ask for a new one.",
        code=f"invitation_{state.value}",
    )
