"""Members of projects and their roles. Only owners may add and remove owners.

`service/invitations` adds members.
"""

from dataclasses import replace

from sqlalchemy import Connection

from penstock.features.access import Principal, Role
from penstock.features.context import Context
from penstock.features.identity.model import Member
from penstock.features.identity.passwords import Passwords
from penstock.features.identity.store import sessions, users
from penstock.kernel.errors import Conflict, Forbidden, NotFound


class MemberService:
    """Use cases of members."""

    def __init__(
        self,
        context: Context,
        passwords: Passwords,
    ) -> None:
        self._context = context
        self._passwords = passwords

    def list_page(self, project_id: str, after_user_id: str, limit: int) -> list[Member]:
        """Returns members of a project, ordered by user id."""
        with self._context.database.read() as connection:
            return users.list_members(connection, project_id, after_user_id, limit)

    def change_role(self, actor: Principal, project_id: str, user_id: str, role: Role) -> Member:
        """Changes a member's role. Raises `Conflict` if the project would have no owner."""
        with self._context.database.write() as tx:
            before = _get_member(tx.connection, project_id, user_id)
            require_may_assign(actor, max(before.role, role, key=list(Role).index), project_id)
            if before.role is Role.OWNER and role is not Role.OWNER:
                _require_other_owner(tx.connection, project_id)
            users.set_role(tx.connection, project_id, user_id, role)
            after = replace(before, role=role)
            self._context.audit_log.append(
                tx,
                actor,
                project_id,
                "member.change_role",
                user_id,
                before=before.audit_fields(),
                after=after.audit_fields(),
            )
        return after

    def remove(self, actor: Principal, project_id: str, user_id: str) -> None:
        """Removes a member. Raises `Conflict` if the project would have no owner."""
        with self._context.database.write() as tx:
            before = _get_member(tx.connection, project_id, user_id)
            require_may_assign(actor, before.role, project_id)
            if before.role is Role.OWNER:
                _require_other_owner(tx.connection, project_id)
            users.remove_member(tx.connection, project_id, user_id)
            self._context.audit_log.append(
                tx, actor, project_id, "member.remove", user_id, before=before.audit_fields()
            )

    def reset_password(self, actor: Principal, user_id: str) -> str:
        """Sets a new random password, returned only once, and ends the user's sessions. For
        instance admins only: the user may be a member of other projects, too."""
        password = self._passwords.generate()
        password_hash = self._passwords.hash(password)
        with self._context.database.write() as tx:
            user = users.find_user(tx.connection, user_id)
            if user is None:
                raise NotFound(f"There is no user {user_id!r}.")
            users.set_password(tx.connection, user_id, password_hash)
            sessions.remove_all_of(tx.connection, user_id)
            self._context.audit_log.append(tx, actor, "", "user.reset_password", user_id)
        return password


def _get_member(connection: Connection, project_id: str, user_id: str) -> Member:
    member = users.find_member(connection, project_id, user_id)
    if member is None:
        raise NotFound(f"User {user_id!r} is not a member of this project.")
    return member


def require_may_assign(actor: Principal, role: Role, project_id: str) -> None:
    """Raises `Forbidden` unless the actor may add and remove `role` in the project."""
    if not actor.may_assign(role, project_id):
        raise Forbidden(
            f"You may not add or remove the role {role.value!r}.",
            hint="Only owners may add and remove owners. Ask an owner of this project.",
        )


def _require_other_owner(connection: Connection, project_id: str) -> None:
    if users.owner_count(connection, project_id) <= 1:
        raise Conflict(
            "This is the project's last owner.", hint="Add another owner first.", code="last_owner"
        )
