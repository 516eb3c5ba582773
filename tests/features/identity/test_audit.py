"""The audit log: written in the transaction of the change, chained, sealed; tampering is found."""

import json
import threading
from collections.abc import Callable
from hashlib import sha256

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from penstock.features.identity.assembly import open_master_key
from penstock.features.identity.audit_log import AuditEvent, ChainHead
from penstock.features.identity.audit_reader import ChainFault
from penstock.features.identity.service.keys import NewKey
from penstock.infra.sql import Database
from penstock.kernel.errors import Conflict, SetupError
from tests.features.identity.conftest import MASTER_KEY, World

EVENTS = "audit_events"


def _breach(world: World) -> ChainFault | None:
    return world.identity.audit_reader.verify(world.project_id).breach


def _write_events(world: World, count: int = 6) -> None:
    for number in range(count):
        world.identity.keys.create(world.root, world.project_id, NewKey(f"key {number}"))


def _without_triggers(database: Database, deed: Callable[[Connection], object]) -> None:
    """Changes the database file like an attacker who can write it."""
    with database.write() as tx:
        if database.is_sqlite:
            for name in ("update", "delete"):
                tx.connection.execute(text(f"DROP TRIGGER IF EXISTS {EVENTS}_no_{name}"))
        else:
            tx.connection.execute(text(f"DROP TRIGGER IF EXISTS {EVENTS}_append_only ON {EVENTS}"))
        deed(tx.connection)


def _tamper(world: World, *statements: str) -> ChainFault | None:
    def deed(connection: Connection) -> None:
        for statement in statements:
            connection.execute(text(statement), {"p": world.project_id})

    _without_triggers(world.database, deed)
    return _breach(world)


def test_every_change_is_recorded_with_before_and_after(world: World) -> None:
    new = world.identity.keys.create(world.root, world.project_id, NewKey("app"))
    world.identity.keys.revoke(world.root, world.project_id, new.key.id)
    revoked, created = world.identity.audit_reader.list_page(world.project_id, None, 2)
    assert (created.action, created.subject, created.before) == ("key.create", new.key.id, None)
    assert revoked.action == "key.revoke"
    assert (revoked.before["revoked_ms"], revoked.after["revoked_ms"] > 0) == (None, True)
    assert (revoked.actor_kind, revoked.actor_id) == ("user", world.root.id)
    assert revoked.previous == created.hash


def test_a_rolled_back_change_leaves_no_event(world: World) -> None:
    before = world.identity.audit_reader.verify(world.project_id)
    owner = world.identity.members.list_page(world.project_id, "", 1)[0]
    with pytest.raises(Conflict):
        world.identity.members.remove(world.root, world.project_id, owner.user_id)
    assert world.identity.audit_reader.verify(world.project_id) == before


def test_an_untouched_log_verifies_and_reads_back(world: World) -> None:
    _write_events(world)
    reports = world.identity.audit_reader.verify_all()
    assert {report.project_id for report in reports} == {"", world.project_id}
    assert all(report.breach is None for report in reports)
    noted = world.identity.heads.read()
    assert noted is not None
    assert noted[world.project_id].hash == reports[1].head


def test_the_store_itself_refuses_changes(world: World) -> None:
    for statement in (f"UPDATE {EVENTS} SET action = 'x'", f"DELETE FROM {EVENTS}"):
        with pytest.raises((Conflict, DBAPIError)) as refused, world.database.write() as tx:
            tx.connection.execute(text(statement))
        assert "append-only" in f"{refused.value} {refused.value.__cause__}"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor_label", "'somebody else'"),
        ("after", "'{}'"),
        ("before", "'no json'"),
        ("at", "'2020-01-01T00:00:00.000000Z'"),
        ("action", "'key.read'"),
        ("subject", "'key_other'"),
        ("previous", "'00'"),
        ("hash", "'00'"),
        ("id", "'evt_other'"),
    ],
)
def test_an_edited_event_is_named(world: World, column: str, value: str) -> None:
    _write_events(world)
    breach = _tamper(
        world, f"UPDATE {EVENTS} SET {column} = {value} WHERE project_id = :p AND sequence = 4"
    )
    assert breach is not None
    assert (breach.sequence, breach.reason.partition(":")[0]) == (4, "edited")


def test_a_removed_event_is_named(world: World) -> None:
    _write_events(world)
    breach = _tamper(world, f"DELETE FROM {EVENTS} WHERE project_id = :p AND sequence = 4")
    assert breach == ChainFault(4, "", "missing: removed or moved")


def test_a_removed_event_is_found_when_the_rest_moves_up(world: World) -> None:
    _write_events(world)
    breach = _tamper(
        world,
        f"DELETE FROM {EVENTS} WHERE project_id = :p AND sequence = 8",
        f"UPDATE {EVENTS} SET sequence = 8 WHERE project_id = :p AND sequence = 9",
    )
    assert breach is not None
    assert breach.sequence == 8


def test_reordered_events_are_named(world: World) -> None:
    _write_events(world)
    swap = f"UPDATE {EVENTS} SET sequence = {{}} WHERE project_id = :p AND sequence = {{}}"
    breach = _tamper(world, swap.format(99, 4), swap.format(4, 5), swap.format(5, 99))
    assert breach is not None
    assert breach.sequence == 4


def test_a_truncated_log_is_found_by_its_head(world: World) -> None:
    _write_events(world)
    breach = _tamper(world, f"DELETE FROM {EVENTS} WHERE project_id = :p AND sequence > 6")
    assert breach is not None
    assert (breach.sequence, breach.reason) == (7, "missing: the log once had 10 events")


def test_a_truncated_log_with_a_matching_head_is_found_by_the_checkpoint(world: World) -> None:
    _write_events(world)
    sixth = world.identity.audit_reader.list_page(world.project_id, 7, 1)[0]
    breach = _tamper(
        world,
        f"DELETE FROM {EVENTS} WHERE project_id = :p AND sequence > 6",
        f"UPDATE audit_heads SET sequence = 6, hash = '{sixth.hash}' WHERE project_id = :p",
    )
    assert breach is not None
    assert (breach.sequence, breach.reason) == (7, "missing: the log once had 10 events")


def test_a_log_that_is_gone_altogether_is_found(world: World) -> None:
    _write_events(world)
    _tamper(world, f"DELETE FROM {EVENTS}", "DELETE FROM audit_heads")
    reports = world.identity.audit_reader.verify_all()
    assert {report.project_id for report in reports} == {"", world.project_id}
    assert all(report.breach is not None and report.breach.sequence == 1 for report in reports)


def test_a_chain_rewritten_from_its_edit_on_is_named_by_its_seals(world: World) -> None:
    """Somebody recomputes all hashes, but has not the key of the seals."""
    _write_events(world)
    events = world.identity.audit_reader.list_page(world.project_id, None, 100)[::-1]
    previous, forged = events[2].hash, list[AuditEvent]()
    for event in events[3:]:
        fields = {name: getattr(event, name) for name in AuditEvent.__struct_fields__}
        made = AuditEvent(**fields | {"subject": "key_forged", "previous": previous})
        previous = made.computed_hash()
        forged.append(
            AuditEvent(
                **fields | {"subject": "key_forged", "previous": made.previous, "hash": previous}
            )
        )
    breach = _tamper(
        world,
        *(
            f"UPDATE {EVENTS} SET subject = 'key_forged', previous = '{e.previous}', "
            f"hash = '{e.hash}' WHERE project_id = :p AND sequence = {e.sequence}"
            for e in forged
        ),
        f"UPDATE audit_heads SET hash = '{previous}' WHERE project_id = :p",
    )
    assert breach is not None
    assert (breach.sequence, breach.reason.partition(":")[0]) == (4, "forged")


def test_an_event_moved_to_another_project_is_missed(world: World) -> None:
    _write_events(world)
    breach = _tamper(
        world, f"UPDATE {EVENTS} SET project_id = 'prj_x' WHERE project_id = :p AND sequence = 9"
    )
    assert breach is not None
    assert breach.sequence == 9


def test_a_missing_or_forged_checkpoint_is_reported_and_never_recreated(world: World) -> None:
    _write_events(world)
    file = world.home / "audit.heads"
    content = json.loads(file.read_bytes())
    content["heads"][world.project_id] = [6, "0" * 64]
    file.write_text(json.dumps(content))
    _write_events(world, 1)
    for _ in range(2):
        breach = _breach(world)
        assert breach is not None
        assert "checkpoint" in breach.reason
        file.unlink(missing_ok=True)
        _write_events(world, 1)
    assert not file.exists()


def test_the_checkpoint_never_moves_back(world: World) -> None:
    _write_events(world)
    before = world.identity.heads.read()
    world.identity.heads.advance(world.project_id, ChainHead(2, "0" * 64))
    assert world.identity.heads.read() == before


def test_events_of_many_threads_make_one_chain(world: World) -> None:
    def work() -> None:
        _write_events(world, 10)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = world.identity.audit_reader.verify(world.project_id)
    assert (report.event_count, report.breach) == (64, None)
    noted = world.identity.heads.read()
    assert noted is not None
    assert noted[world.project_id].sequence == 64


def test_an_export_can_be_verified_without_us(world: World) -> None:
    """SHA-256 over sorted JSON without white space, as docs/identity.md describes."""
    _write_events(world)
    previous = "0" * 64
    for line in b"".join(world.identity.audit_reader.export(world.project_id)).splitlines():
        event = json.loads(line)
        claimed, _seal = event.pop("hash"), event.pop("seal")
        plain = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert event["previous"] == previous
        assert sha256(plain.encode()).hexdigest() == claimed
        previous = claimed
    assert previous == world.identity.audit_reader.verify(world.project_id).head


def test_the_master_key_is_never_made_anew_over_a_used_store(world: World) -> None:
    with pytest.raises(SetupError, match=r"master\.key is missing"):
        open_master_key(world.home, world.database)
    (world.home / "master.key").write_text(MASTER_KEY.hex())
    assert open_master_key(world.home, world.database) == MASTER_KEY
