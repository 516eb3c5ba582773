"""Projects: created with an owner, visible to members, changed."""

import pytest

from penstock.features.access import Permission, Principal, Role
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound
from tests.features.identity.conftest import World


def test_the_creator_of_a_project_owns_it(world: World) -> None:
    projects = world.identity.projects
    made = projects.create(world.root, "search")
    assert projects.get(made.id) == made
    owner = world.identity.members.list_page(made.id, "", 10)
    assert [(m.email, m.role) for m in owner] == [("admin@localhost", Role.OWNER)]
    actions = [e.action for e in world.identity.audit_reader.list_page(made.id, None, 10)]
    assert actions == ["member.add", "project.create"]
    with pytest.raises(Conflict, match="search"):
        projects.create(world.root, "search")
    with pytest.raises(NotFound):
        projects.get("prj_none")


def test_a_project_that_a_key_makes_has_no_members(world: World) -> None:
    key = Principal("key", "key_1", "bootstrap", {}, instance_admin=True)
    made = world.identity.projects.create(key, "search")
    assert world.identity.members.list_page(made.id, "", 10) == []


def test_users_see_their_own_projects_only(world: World) -> None:
    projects = world.identity.projects
    world.clock.forward(1)
    other = projects.create(world.root, "other")
    ann = world.user("ann@example.org", Role.VIEWER)
    assert [p.id for p in projects.list_visible(ann)] == [world.project_id]
    assert [p.id for p in projects.list_visible(world.root)] == [world.project_id, other.id]


def test_a_project_change_records_the_previous_state(world: World) -> None:
    projects = world.identity.projects
    projects.create(world.root, "other")
    changed = projects.change(world.root, world.project_id, name="prod", capture_content=False)
    assert (changed.name, changed.policy.capture_content) == ("prod", False)
    assert changed.policy.on_spool_full == "refuse"
    event = world.identity.audit_reader.list_page(world.project_id, None, 1)[0]
    assert (event.before["name"], event.after["name"]) == ("default", "prod")
    section = next(s for s in world.identity.access_sections() if s.project_id == world.project_id)
    assert section.policy == changed.policy
    with pytest.raises(Conflict, match="other"):
        projects.change(world.root, world.project_id, name="other")
    assert projects.change(world.root, world.project_id, on_spool_full="serve").name == "prod"


def test_the_project_of_a_request_is_the_named_or_the_only_one(world: World) -> None:
    access = world.identity.access
    viewer = Principal("key", "key_1", "k", {world.project_id: Role.VIEWER})
    read = Permission.TRACES_READ
    assert access.project_for(viewer, None, read) == world.project_id
    assert access.project_for(viewer, world.project_id, read) == world.project_id
    assert access.project_for(world.root, None, Permission.INSTANCE) == ""
    assert access.project_for(world.root, world.project_id, read) == world.project_id
    with pytest.raises(Forbidden, match="instance admins"):
        access.project_for(viewer, None, Permission.INSTANCE)
    with pytest.raises(Forbidden, match="keys:write"):
        access.project_for(viewer, None, Permission.KEYS_WRITE)
    for principal in (viewer, world.root):
        with pytest.raises(NotFound):
            access.project_for(principal, "prj_none", read)
    with pytest.raises(InvalidRequest, match="several"):
        access.project_for(Principal("user", "u", "u", {}), None, read)
