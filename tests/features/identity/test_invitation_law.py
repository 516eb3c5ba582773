"""Laws of membership, for any sequence of actions of honest and hostile users.

* Nobody is a member of a project who has not redeemed a link of that project.
* A link is redeemed at most once, by one person, while it is pending.
* No value that a project's admin receives signs in as another user.
"""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from penstock.features.access import Principal, Role
from penstock.features.identity.service.invitations import InvitationLimits, IssuedInvitation
from penstock.infra.crypto import password_matches
from penstock.infra.sql import Database
from penstock.infra.sql.database import sqlite_url
from penstock.kernel.errors import Conflict, Forbidden, NotFound, PenstockError
from tests.conftest import LawSettings
from tests.features.identity.conftest import HandClock, World, open_world
from tests.stores import migrated_sqlite

ADDRESSES = ("bob@example.org", "ann@example.org", "eve@example.org")
PROJECTS = ("one", "two")
LIFETIME_S = InvitationLimits().lifetime.total_seconds()

project = st.sampled_from(PROJECTS)
address = st.sampled_from(ADDRESSES)
role = st.sampled_from(list(Role))
which = st.integers(0, 7)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after its first start, to copy for each example."""
    home = tmp_path_factory.mktemp("law") / "home"
    home.mkdir()
    database = Database(migrated_sqlite(home / "penstock.db"))
    open_world(home, database, HandClock())
    database.close()
    return home


class Membership(RuleBasedStateMachine):
    """Two separate projects, and users with any role."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        home = Path(shutil.copytree(self.template, Path(self._folder.name) / "home"))
        self.database = Database(sqlite_url(home / "penstock.db"))
        self.world: World = open_world(home, self.database, HandClock())
        self.users: dict[str, str] = {}  # user id: the password that only this person knows
        self.projects: dict[str, str] = {}
        self.members: dict[str, set[str]] = {}  # who made the project or redeemed a link of it
        self.links: list[tuple[str, IssuedInvitation]] = []
        self.dead: set[str] = set()
        self.issued: set[str] = set()  # all values that project admins received
        for name in PROJECTS:
            self._found_project(name)

    def _found_project(self, name: str) -> None:
        """A project whose owner is no instance admin."""
        identity, root = self.world.identity, self.world.root
        project_id = identity.projects.create(root, name).id
        token = identity.invitations.invite(root, project_id, name, Role.OWNER).token
        owner = identity.invitations.redeem(token, f"{name}@example.org", f"{name}'s own password")
        self.users[owner.id] = f"{name}'s own password"
        self.projects[name] = project_id
        self.members[project_id] = {root.id, owner.id}

    def teardown(self) -> None:
        self.database.close()
        self._folder.cleanup()

    def _anybody(self, number: int) -> Principal:
        """One of the users there are, as they are now."""
        user_id = sorted(self.users)[number % len(self.users)]
        return self._now(user_id)

    def _now(self, user_id: str) -> Principal:
        roles: dict[str, Role] = {}
        label = ""
        for project_id in self.projects.values():
            for member in self.world.identity.members.list_page(project_id, "", 500):
                if member.user_id == user_id:
                    roles[project_id], label = member.role, member.email
        return Principal("user", user_id, label or "gone", roles)

    def _admits(self, actor: Principal, name: str) -> bool:
        """Whether the route would let this person in at all."""
        return actor.roles.get(self.projects[name]) in {Role.ADMIN, Role.OWNER}

    @rule(name=project, who=which, email=address, role=role)
    def invite(self, name: str, who: int, email: str, role: Role) -> None:
        actor = self._anybody(who)
        if not self._admits(actor, name):
            return
        project_id = self.projects[name]
        try:
            new = self.world.identity.invitations.invite(actor, project_id, email, role)
        except Forbidden:
            assert role is Role.OWNER
            return
        self.links.append((project_id, new))
        self.issued |= {new.token, new.invitation.id, new.token.removeprefix("inv_")}

    @rule(link=which, email=address, number=st.integers(0, 3))
    def redeem(self, link: int, email: str, number: int) -> None:
        if not self.links:
            return
        project_id, new = self.links[link % len(self.links)]
        password = f"secret of person {len(self.users)} {number}"
        try:
            user = self.world.identity.invitations.redeem(new.token, email, password)
        except Conflict:
            return
        except NotFound:  # it was forgotten, thirty days after its end
            assert new.token in self.dead
            return
        self._used(new)
        self.users[user.id] = password
        self.members[project_id].add(user.id)

    @rule(link=which, who=which)
    def accept(self, link: int, who: int) -> None:
        if not self.links:
            return
        project_id, new = self.links[link % len(self.links)]
        actor = self._anybody(who)
        try:
            member = self.world.identity.invitations.accept(actor, new.token)
        except Conflict:
            return
        except NotFound:  # it was forgotten, thirty days after its end
            assert new.token in self.dead
            return
        self._used(new)
        assert (member.project_id, member.user_id) == (project_id, actor.id)
        self.members[project_id].add(actor.id)

    def _used(self, new: IssuedInvitation) -> None:
        assert new.token not in self.dead, "a link that was used, revoked or expired let one in"
        self.dead.add(new.token)

    @rule(name=project, link=which, who=which)
    def revoke(self, name: str, link: int, who: int) -> None:
        actor = self._anybody(who)
        if not self.links or not self._admits(actor, name):
            return
        project_id, new = self.links[link % len(self.links)]
        invitations = self.world.identity.invitations
        try:
            invitations.revoke(actor, self.projects[name], new.invitation.id)
        except (Conflict, Forbidden, NotFound):
            return
        assert project_id == self.projects[name]
        self.dead.add(new.token)

    @rule()
    def wait_until_all_have_expired(self) -> None:
        self.world.clock.forward(LIFETIME_S + 1)
        self.dead |= {new.token for _, new in self.links}

    @rule(name=project, who=which, whom=which)
    def remove(self, name: str, who: int, whom: int) -> None:
        actor, other = self._anybody(who), self._anybody(whom)
        if not self._admits(actor, name):
            return
        try:
            self.world.identity.members.remove(actor, self.projects[name], other.id)
        except (Conflict, Forbidden, NotFound):
            return
        self.members[self.projects[name]].discard(other.id)

    @rule(name=project, who=which, whom=which, role=role)
    def change_role(self, name: str, who: int, whom: int, role: Role) -> None:
        actor, other = self._anybody(who), self._anybody(whom)
        if not self._admits(actor, name):
            return
        try:
            self.world.identity.members.change_role(actor, self.projects[name], other.id, role)
        except (Conflict, Forbidden, NotFound):
            return

    @rule(email=address, who=which)
    def sign_in(self, email: str, who: int) -> None:
        """A session opens what its own person may, with the password that they chose."""
        user_id = sorted(self.users)[who % len(self.users)]
        try:
            session = self.world.identity.sign_in.sign_in(email, self.users[user_id])
        except PenstockError:
            return
        assert session.principal.id == user_id
        assert dict(session.principal.roles) == dict(self._now(user_id).roles)

    @invariant()
    def members_are_who_redeemed_a_link_of_the_project(self) -> None:
        for project_id, expected in self.members.items():
            found = self.world.identity.members.list_page(project_id, "", 500)
            assert {member.user_id for member in found} == expected

    @invariant()
    def what_admins_were_shown_is_no_password_of_a_user(self) -> None:
        with self.database.read() as connection:
            hashes = connection.exec_driver_sql("SELECT password_hash FROM users").scalars().all()
        assert not any(
            password_matches(issued, stored) for issued in self.issued for stored in hashes
        )


def test_users_become_members_only_by_redeeming_a_link(template: Path, law: LawSettings) -> None:
    Membership.template = template
    steps = settings(law(15), stateful_step_count=25)
    run_state_machine_as_test(Membership, settings=steps)
