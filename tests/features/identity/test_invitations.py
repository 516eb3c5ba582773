"""Invitations: one-time links; users become members by redeeming one, never by their address."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from penstock.features.access import Principal, Role
from penstock.features.identity.model import InvitationState
from penstock.features.identity.service.invitations import InvitationLimits
from penstock.features.identity.service.keys import NewKey
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound, PenstockError
from tests.features.identity.conftest import PASSWORD, World

BOB = "bob@example.org"
LIMITS = InvitationLimits()


def invite(world: World, email: str = BOB, role: Role = Role.VIEWER) -> str:
    return world.identity.invitations.invite(world.root, world.project_id, email, role).token


def states(world: World) -> list[InvitationState]:
    found = world.identity.invitations.list_page(world.project_id, "", 500)
    return [listed.state for listed in found]


def emails(world: World, project_id: str) -> set[str]:
    return {member.email for member in world.identity.members.list_page(project_id, "", 500)}


def test_a_new_user_sets_a_password_and_becomes_a_member(world: World) -> None:
    invitations = world.identity.invitations
    token = invite(world, role=Role.EDITOR)
    offer = invitations.preview(token)
    assert (offer.project.name, offer.invitation.role) == ("default", Role.EDITOR)
    invitations.redeem(token, BOB, PASSWORD)
    session = world.identity.sign_in.sign_in(BOB, PASSWORD)
    assert session.principal.roles == {world.project_id: Role.EDITOR}
    [listed] = invitations.list_page(world.project_id, "", 10)
    assert (listed.state, listed.redeemed_by) == (InvitationState.REDEEMED, BOB)


def test_a_token_is_returned_once_and_stored_as_a_digest(world: World) -> None:
    new = world.identity.invitations.invite(world.root, world.project_id, BOB, Role.VIEWER)
    assert len(new.token) == 47
    assert new.token not in repr(new)
    with world.database.read() as connection:
        stored = [
            connection.exec_driver_sql(f"SELECT * FROM {table}").all()
            for table in ("invitations", "audit_events")
        ]
    assert new.token.removeprefix("inv_") not in str(stored)


def test_an_address_that_an_attacker_has_gets_them_nowhere(world: World) -> None:
    """Defect 3: their own project invites bob@, they redeem it; then another project invites."""
    invitations = world.identity.invitations
    mallory = world.user("mallory@example.org", Role.OWNER)
    theirs = world.identity.projects.create(mallory, "theirs")
    mallory = Principal("user", mallory.id, mallory.label, {theirs.id: Role.OWNER})
    own = invitations.invite(mallory, theirs.id, BOB, Role.VIEWER).token
    invitations.redeem(own, BOB, "what mallory has chosen")
    token = invite(world)
    assert BOB not in emails(world, world.project_id)
    session = world.identity.sign_in.sign_in(BOB, "what mallory has chosen")
    assert session.principal.roles == {theirs.id: Role.VIEWER}
    # The real Bob has the link: his address is taken, another one is not.
    with pytest.raises(Conflict) as refused:
        invitations.redeem(token, BOB, PASSWORD)
    assert refused.value.code == "address_taken"
    invitations.redeem(token, "bob.b@example.org", PASSWORD)
    assert "bob.b@example.org" in emails(world, world.project_id)
    assert BOB not in emails(world, world.project_id)


def test_a_signed_in_user_accepts_with_any_account(world: World) -> None:
    invitations = world.identity.invitations
    ann = world.user("ann@example.org", Role.VIEWER)
    other = world.identity.projects.create(world.root, "other")
    token = invitations.invite(world.root, other.id, "another@example.org", Role.EDITOR).token
    member = invitations.accept(ann, token)
    assert (member.project_id, member.user_id, member.role) == (other.id, ann.id, Role.EDITOR)
    with pytest.raises(Conflict, match="used"):
        invitations.accept(ann, token)


def test_a_member_uses_up_no_link_and_changes_no_role(world: World) -> None:
    ann = world.user("ann@example.org", Role.VIEWER)
    token = invite(world, role=Role.OWNER)
    with pytest.raises(Conflict) as refused:
        world.identity.invitations.accept(ann, token)
    assert refused.value.code == "already_member"
    assert InvitationState.PENDING in states(world)
    found = world.identity.members.list_page(world.project_id, "", 10)
    assert {member.role for member in found if member.user_id == ann.id} == {Role.VIEWER}


def test_a_key_accepts_nothing(world: World) -> None:
    key = Principal("key", "key_1", "k", {world.project_id: Role.ADMIN})
    with pytest.raises(Forbidden, match="key"):
        world.identity.invitations.accept(key, invite(world))


def test_a_link_works_once(world: World) -> None:
    token = invite(world)
    world.identity.invitations.redeem(token, BOB, PASSWORD)
    with pytest.raises(Conflict) as refused:
        world.identity.invitations.redeem(token, "again@example.org", PASSWORD)
    assert refused.value.code == "invitation_redeemed"


def test_of_many_at_once_one_redeems(world: World) -> None:
    token = invite(world)
    ann = world.user("ann@example.org", Role.VIEWER)
    world.identity.members.remove(world.root, world.project_id, ann.id)
    invitations = world.identity.invitations

    def attempt(number: int) -> bool:
        try:
            if number == 0:
                invitations.accept(ann, token)
            else:
                invitations.redeem(token, f"user{number}@example.org", PASSWORD)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
    assert len(emails(world, world.project_id)) == 2
    with world.database.read() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM users").scalar_one()
    assert count == (2 if "ann@example.org" in emails(world, world.project_id) else 3)


@pytest.mark.parametrize("code", ["expired", "revoked", "unknown"])
def test_an_invalid_link_reports_the_reason_and_adds_no_member(world: World, code: str) -> None:
    invitations = world.identity.invitations
    token = invite(world)
    if code == "expired":
        world.clock.forward(LIMITS.lifetime.total_seconds() + 1)
        assert states(world) == [InvitationState.EXPIRED]
    elif code == "revoked":
        [listed] = invitations.list_page(world.project_id, "", 10)
        invitations.revoke(world.root, world.project_id, listed.invitation.id)
        assert states(world) == [InvitationState.REVOKED]
    else:
        token = token[:-1] + ("A" if token[-1] != "A" else "B")
    deeds: list[Callable[[], object]] = [
        lambda: invitations.preview(token),
        lambda: invitations.redeem(token, BOB, PASSWORD),
        lambda: invitations.accept(world.root, token),
    ]
    for deed in deeds:
        with pytest.raises(PenstockError) as refused:
            deed()
        assert refused.value.code == f"invitation_{code}"
    assert emails(world, world.project_id) == {"admin@localhost"}


def test_a_bad_password_uses_up_no_link(world: World) -> None:
    token = invite(world)
    with pytest.raises(InvalidRequest, match="12 to 200"):
        world.identity.invitations.redeem(token, BOB, "short")
    assert world.identity.invitations.redeem(token, BOB, PASSWORD)


def test_users_cannot_invite_or_revoke_above_their_own_role(world: World) -> None:
    invitations = world.identity.invitations
    admin = world.user("admin@example.org", Role.ADMIN)
    with pytest.raises(Forbidden, match="owner"):
        invitations.invite(admin, world.project_id, BOB, Role.OWNER)
    new = invitations.invite(world.root, world.project_id, BOB, Role.OWNER)
    with pytest.raises(Forbidden):
        invitations.revoke(admin, world.project_id, new.invitation.id)
    with pytest.raises(NotFound):
        invitations.revoke(world.root, "prj_other", new.invitation.id)
    invitations.revoke(world.root, world.project_id, new.invitation.id)
    with pytest.raises(Conflict, match="revoked, not pending"):
        invitations.revoke(world.root, world.project_id, new.invitation.id)


def test_a_link_is_revoked_when_its_inviter_loses_the_role(world: World) -> None:
    invitations, members = world.identity.invitations, world.identity.members
    ann = world.user("ann@example.org", Role.ADMIN)
    by_ann = invitations.invite(ann, world.project_id, BOB, Role.ADMIN).token
    members.change_role(world.root, world.project_id, ann.id, Role.EDITOR)
    with pytest.raises(Conflict) as refused:
        invitations.redeem(by_ann, BOB, PASSWORD)
    assert refused.value.code == "invitation_revoked"
    assert InvitationState.REVOKED in states(world)


def test_a_link_is_revoked_with_the_key_that_created_it(world: World) -> None:
    keys, invitations = world.identity.keys, world.identity.invitations
    made = keys.create(world.root, world.project_id, NewKey("ci", Role.ADMIN))
    by_key = world.identity.access.principal_of_key(made.secret)
    token = invitations.invite(by_key, world.project_id, BOB, Role.VIEWER).token
    assert invitations.preview(token)
    keys.revoke(world.root, world.project_id, made.key.id)
    with pytest.raises(Conflict, match="revoked"):
        invitations.preview(token)


def test_pending_invitations_have_a_bound_and_settled_ones_an_end(world: World) -> None:
    for _ in range(LIMITS.pending_count):
        invite(world)
    with pytest.raises(Conflict) as refused:
        invite(world)
    assert refused.value.code == "too_many_invitations"
    world.clock.forward(LIMITS.lifetime.total_seconds() + 1)
    invite(world)
    assert len(states(world)) == LIMITS.pending_count + 1
    world.clock.forward(LIMITS.kept.total_seconds())
    invite(world)
    assert len(states(world)) == 2


def test_a_link_is_no_way_to_ask_for_addresses(world: World) -> None:
    token = invite(world)
    for _ in range(LIMITS.taken_count):
        with pytest.raises(Conflict, match="already"):
            world.identity.invitations.redeem(token, "admin@localhost", PASSWORD)
    with pytest.raises(Conflict, match="revoked"):
        world.identity.invitations.redeem(token, BOB, PASSWORD)


def test_each_step_is_an_event(world: World) -> None:
    invitations = world.identity.invitations
    first = invitations.invite(world.root, world.project_id, BOB, Role.VIEWER)
    invitations.revoke(world.root, world.project_id, first.invitation.id)
    user = invitations.redeem(invite(world), "b@example.org", PASSWORD)
    events = world.identity.audit_reader.list_page(world.project_id, None, 5)[::-1]
    assert [event.action for event in events] == [
        "invitation.create",
        "invitation.revoke",
        "invitation.create",
        "invitation.redeem",
        "member.add",
    ]
    assert (events[3].actor_id, events[3].after["email"]) == (user.id, BOB)
    assert events[3].after["redeemed_by"] == "b@example.org"
    assert all(report.breach is None for report in world.identity.audit_reader.verify_all())
