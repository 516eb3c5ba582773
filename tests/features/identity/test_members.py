"""Members: roles are limited by one's own, only owners add owners, and one owner always stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.features.access import ROLE_PERMISSIONS, Permission, Principal, Role
from penstock.kernel.errors import Conflict, Forbidden, NotFound
from tests.features.identity.conftest import PASSWORD, World

ROLES = st.sampled_from(list(Role))


def test_an_admin_names_no_owner_and_touches_none(world: World) -> None:
    admin = world.user("admin@example.org", Role.ADMIN)
    owner = world.user("owner@example.org", Role.OWNER)
    members = world.identity.members
    with pytest.raises(Forbidden, match="owner"):
        world.identity.invitations.invite(admin, world.project_id, "new@x.org", Role.OWNER)
    with pytest.raises(Forbidden):
        members.change_role(admin, world.project_id, owner.id, Role.VIEWER)
    with pytest.raises(Forbidden):
        members.change_role(admin, world.project_id, admin.id, Role.OWNER)
    with pytest.raises(Forbidden):
        members.remove(admin, world.project_id, owner.id)
    assert members.change_role(owner, world.project_id, admin.id, Role.OWNER).role is Role.OWNER


def test_the_last_owner_cannot_go(world: World) -> None:
    members = world.identity.members
    owner = members.list_page(world.project_id, "", 10)[0]
    with pytest.raises(Conflict, match="last owner"):
        members.remove(world.root, world.project_id, owner.user_id)
    with pytest.raises(Conflict, match="last owner"):
        members.change_role(world.root, world.project_id, owner.user_id, Role.ADMIN)
    world.user("second@example.org", Role.OWNER)
    members.remove(world.root, world.project_id, owner.user_id)
    assert [m.email for m in members.list_page(world.project_id, "", 10)] == ["second@example.org"]


def test_a_removed_member_has_no_permissions(world: World) -> None:
    ann = world.user("ann@example.org", Role.ADMIN)
    token = world.identity.sign_in.sign_in("ann@example.org", PASSWORD).token
    world.identity.members.remove(world.root, world.project_id, ann.id)
    principal = world.identity.sign_in.find(token)
    assert principal is not None
    assert not any(principal.may(p, world.project_id) for p in Permission)
    with pytest.raises(NotFound):
        world.identity.members.remove(world.root, world.project_id, ann.id)


def test_members_come_in_pages(world: World) -> None:
    for number in range(5):
        world.user(f"user{number}@example.org", Role.VIEWER)
    members = world.identity.members
    first = members.list_page(world.project_id, "", 4)
    rest = members.list_page(world.project_id, first[-1].user_id, 4)
    assert len(first) == 4
    assert len({m.user_id for m in first + rest}) == 6


@given(own=ROLES, given_role=ROLES)
def test_users_cannot_assign_roles_above_their_own(own: Role, given_role: Role) -> None:
    principal = Principal("user", "usr", "u", {"prj": own})
    ranks = list(Role)
    below = ranks.index(given_role) <= ranks.index(own)
    allowed = below and ROLE_PERMISSIONS[given_role] <= ROLE_PERMISSIONS[own]
    assert principal.may_assign(given_role, "prj") == allowed
    assert not principal.may_assign(given_role, "another")


@pytest.mark.parametrize("role", Role)
def test_roles_grow_and_hold_in_their_project_only(role: Role) -> None:
    """But that viewers cannot label, as annotators can."""
    principal = Principal("user", "usr", "u", {"prj": role})
    stronger = list(Role)[list(Role).index(role) :]
    for permission in Permission:
        if principal.may(permission, "prj"):
            without = [each for each in stronger if permission not in ROLE_PERMISSIONS[each]]
            labels = permission is Permission.ANNOTATIONS_WRITE and role is Role.ANNOTATOR
            assert without == ([Role.VIEWER] if labels else [])
        assert not principal.may(permission, "another")
        assert not principal.may(permission, None)
    assert not principal.may(Permission.INSTANCE, "prj")
