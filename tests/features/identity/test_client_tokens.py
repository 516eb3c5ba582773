"""Revoked client tokens: stored by their ids until they would have expired."""

import pytest

from penstock.features.identity.service.client_tokens import MAX_REVOKED
from penstock.features.identity.store.client_tokens import RevokedToken, add
from penstock.kernel.errors import Conflict, InvalidRequest
from penstock.kernel.ids import new_id
from penstock.rules.client_tokens import LONGEST_S
from penstock.rules.snapshot.revoked_tokens import REVOKED_TOKENS, RevokedTokensSection
from tests.features.identity.conftest import World


def token_id(world: World, number: int = 0, *, age_s: int = 0) -> str:
    return new_id("ctk", world.clock.ns - age_s * 1_000_000_000, number.to_bytes(10, "big"))


def published(world: World) -> tuple[str, ...]:
    section = world.identity.client_tokens.documents().get(REVOKED_TOKENS.name(world.project_id))
    assert section is None or isinstance(section, RevokedTokensSection)
    return section.ids if section else ()


def test_a_revocation_is_published_until_its_token_has_expired(world: World) -> None:
    tokens, first, second = world.identity.client_tokens, token_id(world), token_id(world, 1)
    assert published(world) == ()
    revoked = tokens.revoke(world.root, world.project_id, first)
    assert tokens.revoke(world.root, world.project_id, first) == revoked
    tokens.revoke(world.root, world.project_id, second)
    assert published(world) == (first, second)
    assert [each.id for each in tokens.list_revoked(world.project_id)] == [first, second]
    with world.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT subject FROM audit_events WHERE action = 'client_token.revoke'"
            " ORDER BY sequence"
        )
        assert [row.subject for row in found] == [first, second]
    world.clock.forward(LONGEST_S + 61)
    assert tokens.list_revoked(world.project_id) == []
    third = token_id(world, 2)
    tokens.revoke(world.root, world.project_id, third)
    assert published(world) == (third,)


@pytest.mark.parametrize("wrong", ["", "pct_abc", "ctk_1", "key_" + "0" * 32, "ctk_" + "f" * 32])
def test_what_is_no_id_of_a_client_token_is_refused(world: World, wrong: str) -> None:
    with pytest.raises(InvalidRequest, match="not the id of a client token"):
        world.identity.client_tokens.revoke(world.root, world.project_id, wrong)


def test_an_expired_token_needs_no_revocation(world: World) -> None:
    old = token_id(world, age_s=LONGEST_S + 61)
    with pytest.raises(InvalidRequest, match="has expired"):
        world.identity.client_tokens.revoke(world.root, world.project_id, old)


def test_a_project_has_a_bounded_number_of_them(world: World) -> None:
    later_ms = world.clock.ns // 1_000_000 + 1000
    with world.database.write() as tx:
        for number in range(MAX_REVOKED):
            row = RevokedToken(world.project_id, token_id(world, number), 1, later_ms)
            add(tx.connection, row)
    tokens, one_more = world.identity.client_tokens, token_id(world, MAX_REVOKED)
    with pytest.raises(Conflict) as refused:
        tokens.revoke(world.root, world.project_id, one_more)
    assert "Rotate the key" in refused.value.hint
    world.clock.forward(2)
    assert tokens.revoke(world.root, world.project_id, one_more).id == one_more
