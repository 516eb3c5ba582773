"""Virtual keys: returned once, rotated with an overlap, revoked."""

import pytest

from penstock.features.access import Permission, Principal, Role
from penstock.features.identity.service.keys import NewKey
from penstock.infra.crypto import keyed_digest
from penstock.kernel.errors import Conflict, Forbidden, NotFound, Unauthenticated
from penstock.rules.snapshot.access import ProjectSection
from tests.features.identity.conftest import World


def _section(world: World) -> ProjectSection:
    return next(s for s in world.identity.access_sections() if s.project_id == world.project_id)


def _principal(world: World, secret: str) -> Principal:
    return world.identity.access.principal_of_key(secret)


def test_a_key_is_returned_once_and_stored_as_a_digest(world: World) -> None:
    new = world.identity.keys.create(world.root, world.project_id, NewKey("app"))
    assert new.secret.startswith("pk_")
    assert len(new.secret) == 46
    assert new.secret not in repr(new)
    assert new.key.prefix == new.secret[:9]
    pepper = bytes.fromhex(world.identity.access_sections.pepper)
    assert new.key.secrets[0].digest == keyed_digest(pepper, new.secret)
    with world.database.read() as connection:
        dump = str(
            [
                connection.exec_driver_sql(f"SELECT * FROM {table}").all()
                for table in ("api_keys", "key_secrets", "audit_events")
            ]
        )
    assert new.secret not in dump
    assert new.secret[9:] not in dump


def test_a_key_acts_in_its_role_and_project(world: World) -> None:
    new = world.identity.keys.create(world.root, world.project_id, NewKey("app", Role.EDITOR))
    principal = _principal(world, new.secret)
    assert (principal.kind, principal.label) == ("key", "app")
    assert principal.roles == {world.project_id: Role.EDITOR}
    with pytest.raises(Unauthenticated, match="does not exist"):
        _principal(world, new.secret + "x")


def test_a_new_key_calls_models_and_may_do_nothing_else(world: World) -> None:
    new = world.identity.keys.create(world.root, world.project_id, NewKey("app"))
    principal = _principal(world, new.secret)
    assert (new.key.role, principal.roles) == (None, {})
    assert new.key.id in {entry.id for entry in _section(world).keys}
    for permission in Permission:
        assert not principal.may(permission, world.project_id)
        with pytest.raises(Forbidden):
            world.identity.access.project_for(principal, world.project_id, permission)
        with pytest.raises(Forbidden):
            world.identity.access.project_for(principal, None, permission)
    [stored] = [k for k in world.identity.keys.list_page(world.project_id, "", 10) if k == new.key]
    assert stored.role is None


def test_no_key_is_above_its_maker_or_an_owner(world: World) -> None:
    admin = world.user("admin@example.org", Role.ADMIN)
    keys = world.identity.keys
    assert keys.create(admin, world.project_id, NewKey("a", Role.ADMIN)).key.role is Role.ADMIN
    with pytest.raises(Forbidden):
        keys.create(world.root, world.project_id, NewKey("o", Role.OWNER))
    editor = Principal("key", "key_x", "x", {world.project_id: Role.EDITOR})
    with pytest.raises(Forbidden):
        keys.create(editor, world.project_id, NewKey("a", Role.ADMIN))


def test_rotation_overlaps_and_then_ends_the_old_secret(world: World) -> None:
    keys = world.identity.keys
    old = keys.create(world.root, world.project_id, NewKey("app"))
    new = keys.rotate(world.root, world.project_id, old.key.id, 60_000)
    assert new.key.id == old.key.id
    assert _principal(world, old.secret).id == _principal(world, new.secret).id
    assert len([e for e in _section(world).keys if e.id == old.key.id]) == 2
    world.clock.forward(61)
    with pytest.raises(Unauthenticated, match="expired"):
        _principal(world, old.secret)
    newest = keys.rotate(world.root, world.project_id, old.key.id, 0)
    world.clock.forward(1)
    with pytest.raises(Unauthenticated):
        _principal(world, new.secret)
    assert _principal(world, newest.secret).id == old.key.id


def test_a_rotation_never_lengthens_a_life(world: World) -> None:
    keys = world.identity.keys
    first = keys.create(world.root, world.project_id, NewKey("app"))
    keys.rotate(world.root, world.project_id, first.key.id, 10_000)
    keys.rotate(world.root, world.project_id, first.key.id, 1_000_000)
    world.clock.forward(11)
    with pytest.raises(Unauthenticated):
        _principal(world, first.secret)


def test_a_revoked_key_is_gone_from_rest_and_snapshot(world: World) -> None:
    keys = world.identity.keys
    new = keys.create(world.root, world.project_id, NewKey("app"))
    keys.revoke(world.root, world.project_id, new.key.id)
    with pytest.raises(Unauthenticated):
        _principal(world, new.secret)
    assert all(entry.id != new.key.id for entry in _section(world).keys)
    with pytest.raises(Conflict, match="revoked"):
        keys.rotate(world.root, world.project_id, new.key.id, 0)
    with pytest.raises(NotFound):
        keys.revoke(world.root, "prj_other", new.key.id)


def test_an_expired_key_is_refused(world: World) -> None:
    expires_ms = world.clock.now_ns() // 1_000_000 + 1_000
    new = world.identity.keys.create(
        world.root, world.project_id, NewKey("app", expires_ms=expires_ms)
    )
    assert _principal(world, new.secret)
    world.clock.forward(2)
    with pytest.raises(Unauthenticated) as refused:
        _principal(world, new.secret)
    assert refused.value.code == "expired_api_key"


def test_gateways_learn_what_a_key_fixes(world: World) -> None:
    wanted = NewKey(
        "app",
        allowed_models=("openai/*",),
        attributes={"team": "search", "environment": "production"},
        tags={"cost-center": "42"},
        expires_ms=1_900_000_000_000,
    )
    new = world.identity.keys.create(world.root, world.project_id, wanted)
    entry = next(e for e in _section(world).keys if e.id == new.key.id)
    assert (entry.allowed_models, entry.team, entry.environment) == (
        ("openai/*",),
        "search",
        "production",
    )
    assert entry.tags == new.key.tags == {"cost-center": "42"}
    assert entry.expires_ms == 1_900_000_000_000
    assert entry.digest == new.key.secrets[0].digest


def test_the_bootstrap_key_is_an_instance_admins_to_end(world: World) -> None:
    admin = world.user("admin@example.org", Role.ADMIN)
    keys = world.identity.keys.list_page(world.project_id, "", 10)
    bootstrap = next(key for key in keys if key.name == "bootstrap")
    with pytest.raises(Forbidden, match="instance admin"):
        world.identity.keys.revoke(admin, world.project_id, bootstrap.id)
