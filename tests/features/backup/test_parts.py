"""Parts of a backup: written by the verticals, restored into the home."""

from pathlib import Path

from features.world import open_world
from penstock.features.backup.restore import RestoreTarget, restore
from penstock.features.backup.service import BackupService
from penstock.features.vertical import BackupPart


def _write_datasets(folder: Path) -> None:
    (folder / "one").mkdir(parents=True)
    (folder / "one" / "rows.jsonl").write_text('{"id": 1}\n')


def test_a_part_is_restored_to_the_folder_of_its_name_in_the_home(home: Path) -> None:
    world = open_world(home)
    (home / "master.key").write_text("secret")
    service = BackupService(home, world.identity.context, [BackupPart("datasets", _write_datasets)])
    backup = service.write(world.root)
    world.database.close()
    target = home.parent / "restored"
    target.mkdir()
    manifest = restore(Path(backup.path), RestoreTarget(target))
    assert (target / "datasets" / "one" / "rows.jsonl").read_text() == '{"id": 1}\n'
    assert (target / "master.key").read_text() == "secret"
    assert manifest.rows == backup.rows
    assert not backup.has_columns


def test_a_backup_is_recorded_in_the_audit_log(home: Path) -> None:
    world = open_world(home)
    written = BackupService(home, world.identity.context, ()).write(world.root)
    finish, start = world.identity.audit_reader.list_page("", None, 2)
    assert (start.action, finish.action) == ("backup.start", "backup.finish")
    assert finish.after == {"path": written.path}
    world.database.close()
