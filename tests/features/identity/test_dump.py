"""A dump of one store loads into the other, and the audit chains verify there."""

import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from penstock.features.access import Role
from penstock.features.identity.assembly import Identity
from penstock.features.identity.service.keys import NewKey
from penstock.infra.sql import Database
from penstock.infra.sql.dump import dump, load
from penstock.kernel.errors import SetupError
from tests.features.identity.conftest import MASTER_KEY, PASSWORD, World
from tests.stores import Cluster, migrated_sqlite


@pytest.fixture
def other(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Iterator[Database]:
    """A fresh store of the other kind."""
    postgres: Cluster | None = None
    if world.database.is_sqlite:
        postgres = request.getfixturevalue("postgres")
    with postgres.migrated() if postgres else nullcontext("") as url:
        database = Database(url or migrated_sqlite(tmp_path / "other.db"))
        yield database
        database.close()


def test_a_dump_moves_to_the_other_database(world: World, other: Database, tmp_path: Path) -> None:
    world.user("ann@example.org", Role.EDITOR)
    invited = world.identity.invitations.invite(
        world.root, world.project_id, "bob@example.org", Role.VIEWER
    )
    new = world.identity.keys.create(
        world.root, world.project_id, NewKey("größe ✓", allowed_models=("a/*",))
    )
    folder = tmp_path / "dump"
    folder.mkdir()
    counts = dump(world.database, folder)
    assert counts["audit_events"] == 11
    assert counts["invitations"] == 2
    assert load(other, folder) == counts
    moved = Identity(tmp_path, other, MASTER_KEY, clock=world.clock, random_bytes=os.urandom)
    assert all(report.breach is None for report in moved.audit_reader.verify_all())
    assert moved.access.principal_of_key(new.secret).label == "größe ✓"
    assert moved.invitations.redeem(invited.token, "bob@example.org", PASSWORD)
    assert moved.access_sections() == world.identity.access_sections()


def test_a_dump_with_unknown_tables_is_refused(world: World, tmp_path: Path) -> None:
    (tmp_path / "strange.jsonl").write_bytes(b"")
    with pytest.raises(SetupError, match="strange"):
        load(world.database, tmp_path)
