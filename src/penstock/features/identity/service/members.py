"""Members: who takes part in a project, in which role. An owner alone names owners."""

from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from penstock.features.identity.model import Member, Principal, Role, User
from penstock.features.identity.passwords import Passwords
from penstock.features.identity.store import people, sessions
from penstock.features.identity.surroundings import Surroundings
from penstock.infra.sql import Transaction
from penstock.kernel.errors import Conflict, Forbidden, NotFound


@dataclass(frozen=True, slots=True)
class NewMember:
    """A member, and the password made for them if they were not known before."""

    member: Member
    initial_password: str | None = field(repr=False)


class MemberService:
    """Use cases around members."""

    def __init__(
        self,
        around: Surroundings,
        passwords: Passwords,
    ) -> None:
        self._around = around
        self._passwords = passwords

    def list_page(self, project_id: str, after_user_id: str, limit: int) -> list[Member]:
        """Members of a project by user id."""
        with self._around.database.read() as connection:
            return people.list_members(connection, project_id, after_user_id, limit)

    def add(self, actor: Principal, project_id: str, email: str, role: Role) -> NewMember:
        """Takes a person into a project; somebody new gets a password, told once.

        `Conflict` if they are a member already, `Forbidden` if the actor may not give that role.
        """
        _require_may_give(actor, role, project_id)
        password = self._passwords.generate()
        password_hash = self._passwords.hash(password)
        with self._around.database.write() as tx:
            found = people.find_user_by_email(tx.connection, email)
            user = found[0] if found else self._add_user(tx, actor, email, password_hash)
            if people.find_member(tx.connection, project_id, user.id):
                raise Conflict(f"{email} is a member of this project already.", param="email")
            member = Member(project_id, user.id, email, role, self._around.now_ms())
            people.add_member(tx.connection, member)
            self._around.trail.append(
                tx, actor, project_id, "member.add", user.id, after=member.audited()
            )
        return NewMember(member, None if found else password)

    def change_role(self, actor: Principal, project_id: str, user_id: str, role: Role) -> Member:
        """Gives a member another role. `Conflict` if the project would be left without owner."""
        with self._around.database.write() as tx:
            before = _get_member(tx.connection, project_id, user_id)
            _require_may_give(actor, max(before.role, role, key=list(Role).index), project_id)
            if before.role is Role.OWNER and role is not Role.OWNER:
                _require_other_owner(tx.connection, project_id)
            people.set_role(tx.connection, project_id, user_id, role)
            after = replace(before, role=role)
            self._around.trail.append(
                tx,
                actor,
                project_id,
                "member.change_role",
                user_id,
                before=before.audited(),
                after=after.audited(),
            )
        return after

    def remove(self, actor: Principal, project_id: str, user_id: str) -> None:
        """Takes a member out. `Conflict` if the project would be left without owner."""
        with self._around.database.write() as tx:
            before = _get_member(tx.connection, project_id, user_id)
            _require_may_give(actor, before.role, project_id)
            if before.role is Role.OWNER:
                _require_other_owner(tx.connection, project_id)
            people.remove_member(tx.connection, project_id, user_id)
            self._around.trail.append(
                tx, actor, project_id, "member.remove", user_id, before=before.audited()
            )

    def reset_password(self, actor: Principal, user_id: str) -> str:
        """Gives a user a new password, told once, and ends their sessions. For instance admins:
        a user may belong to projects that an admin of one has no say in."""
        password = self._passwords.generate()
        password_hash = self._passwords.hash(password)
        with self._around.database.write() as tx:
            user = people.find_user(tx.connection, user_id)
            if user is None:
                raise NotFound(f"There is no user {user_id!r}.")
            people.set_password(tx.connection, user_id, password_hash)
            sessions.remove_all_of(tx.connection, user_id)
            self._around.trail.append(tx, actor, "", "user.reset_password", user_id)
        return password

    def _add_user(self, tx: Transaction, actor: Principal, email: str, password_hash: str) -> User:
        now_ms = self._around.now_ms()
        user = User(self._around.new_id("usr"), email, instance_admin=False, created_ms=now_ms)
        people.add_user(tx.connection, user, password_hash)
        self._around.trail.append(tx, actor, "", "user.create", user.id, after={"email": email})
        return user


def _get_member(connection: Connection, project_id: str, user_id: str) -> Member:
    member = people.find_member(connection, project_id, user_id)
    if member is None:
        raise NotFound(f"User {user_id!r} is no member of this project.")
    return member


def _require_may_give(actor: Principal, role: Role, project_id: str) -> None:
    if not actor.may_give(role, project_id):
        raise Forbidden(
            f"You may not give or take the role {role.value!r}.",
            hint="An owner alone names owners; ask one of this project's.",
        )


def _require_other_owner(connection: Connection, project_id: str) -> None:
    if people.owner_count(connection, project_id) <= 1:
        raise Conflict(
            "This is the project's last owner.", hint="Name another owner first.", code="last_owner"
        )
