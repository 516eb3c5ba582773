"""Sessions: signed in, signed out, expired, throttled; the first start and the way back."""

import json
import stat

import pytest

from penstock.features.access import Role
from penstock.kernel.errors import InvalidRequest, RateLimited, SetupError, Unauthenticated
from tests.features.identity.conftest import World

EMAIL = "admin@localhost"


def _bootstrap(world: World) -> dict[str, str]:
    return json.loads((world.home / "bootstrap.json").read_bytes())


def test_the_first_start_writes_its_secrets_to_a_private_file(world: World) -> None:
    issued = _bootstrap(world)
    assert set(issued) == {"admin_email", "admin_password", "gateway_key", "api_key"}
    assert stat.S_IMODE((world.home / "bootstrap.json").stat().st_mode) == 0o600
    session = world.identity.sign_in.sign_in(issued["admin_email"], issued["admin_password"])
    assert session.principal.instance_admin
    assert session.principal.roles == {world.project_id: Role.OWNER}
    key = world.identity.access.principal_of_key(issued["api_key"])
    assert key.instance_admin
    assert key.roles == {world.project_id: Role.ADMIN}
    calling = world.identity.access.principal_of_key(issued["gateway_key"])
    assert (calling.roles, calling.instance_admin) == ({}, False)


def test_the_second_start_makes_nothing(world: World) -> None:
    issued = _bootstrap(world)
    (world.home / "bootstrap.json").unlink()
    assert not world.identity.prepare()
    assert not (world.home / "bootstrap.json").exists()
    assert world.identity.access.principal_of_key(issued["api_key"])


def test_reset_makes_new_ones_and_ends_the_old(world: World) -> None:
    old = _bootstrap(world)
    token = world.identity.sign_in.sign_in(EMAIL, old["admin_password"]).token
    new = world.identity.bootstrap.reset_admin()
    assert _bootstrap(world)["api_key"] == new.api_key != old["api_key"]
    assert new.gateway_key == old["gateway_key"]
    assert world.identity.sign_in.find(token) is None
    with pytest.raises(Unauthenticated):
        world.identity.sign_in.sign_in(EMAIL, old["admin_password"])
    with pytest.raises(Unauthenticated):
        world.identity.access.principal_of_key(old["api_key"])
    assert world.identity.sign_in.sign_in(EMAIL, new.admin_password)


def test_reset_makes_a_key_for_applications_where_the_file_has_none(world: World) -> None:
    old = _bootstrap(world)
    del old["gateway_key"]
    (world.home / "bootstrap.json").write_text(json.dumps(old))
    new = world.identity.bootstrap.reset_admin()
    assert world.identity.access.principal_of_key(new.gateway_key).roles == {}


def test_a_session_ends_by_sign_out_and_by_time(world: World) -> None:
    sign_in = world.identity.sign_in
    password = _bootstrap(world)["admin_password"]
    session = sign_in.sign_in(EMAIL, password)
    found = sign_in.find(session.token)
    assert found is not None
    assert found.label == EMAIL
    sign_in.sign_out(found, session.token)
    assert sign_in.find(session.token) is None
    other = sign_in.sign_in(EMAIL, password)
    world.clock.forward(12 * 3600 + 1)
    assert sign_in.find(other.token) is None
    assert session.token not in repr(session)


def test_the_csrf_token_belongs_to_the_session(world: World) -> None:
    sign_in = world.identity.sign_in
    password = _bootstrap(world)["admin_password"]
    one, two = sign_in.sign_in(EMAIL, password), sign_in.sign_in(EMAIL, password)
    assert sign_in.csrf_token_matches(one.token, one.csrf_token)
    assert not sign_in.csrf_token_matches(one.token, two.csrf_token)
    assert not sign_in.csrf_token_matches(one.token, "é")


def test_guessing_is_slowed_down(world: World) -> None:
    sign_in = world.identity.sign_in
    password = _bootstrap(world)["admin_password"]
    for _ in range(5):
        with pytest.raises(Unauthenticated, match="Address or password"):
            sign_in.sign_in(EMAIL, "wrong")
    with pytest.raises(RateLimited) as refused:
        sign_in.sign_in(EMAIL, password)
    assert refused.value.retry_after_s is not None
    world.clock.forward(refused.value.retry_after_s)
    assert sign_in.sign_in(EMAIL, password)
    assert sign_in.sign_in(EMAIL, password)


def test_an_unknown_address_is_refused_in_the_same_words(world: World) -> None:
    with pytest.raises(Unauthenticated, match="Address or password is wrong"):
        world.identity.sign_in.sign_in("nobody@example.org", "x")


def test_a_changed_password_ends_all_sessions(world: World) -> None:
    sign_in = world.identity.sign_in
    password = _bootstrap(world)["admin_password"]
    session = sign_in.sign_in(EMAIL, password)
    with pytest.raises(Unauthenticated):
        sign_in.change_password(session.principal, "wrong", "a new good password")
    with pytest.raises(InvalidRequest, match="12 to 200"):
        sign_in.change_password(session.principal, password, "short")
    sign_in.change_password(session.principal, password, "a new good password")
    assert sign_in.find(session.token) is None
    assert sign_in.sign_in(EMAIL, "a new good password")


def test_an_instance_admin_resets_a_users_password(world: World) -> None:
    ann = world.user("ann@example.org", Role.VIEWER)
    password = world.identity.members.reset_password(world.root, ann.id)
    assert world.identity.sign_in.sign_in("ann@example.org", password)


def test_reset_before_the_first_start_is_an_error(world: World) -> None:
    with world.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE users SET instance_admin = FALSE")
    with pytest.raises(SetupError, match="no admin yet"):
        world.identity.bootstrap.reset_admin()
