"""The last good snapshot on disk."""

import os
import stat
from pathlib import Path

import pytest

from penstock.gateway.snapshot.files import SnapshotFiles, StoredSnapshot
from penstock.gateway.snapshot.holder import SnapshotHolder, SnapshotOrigin
from penstock.kernel.digests import canonical_json
from penstock.kernel.errors import Overloaded
from penstock.rules.snapshot.access import ProjectSection
from penstock.rules.snapshot.providers import ProviderEntry, ProvidersSection
from tests.gateway.snapshot_tree import Tree

TREE = Tree({"prj_1/providers": ProvidersSection("prj_1", (ProviderEntry("p", "k", "https://p"),))})


def stored(tree: Tree, sealed: bytes = b"sealed") -> StoredSnapshot:
    return StoredSnapshot(tree.root, tree.sections, sealed)


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    files = SnapshotFiles(tmp_path / "snapshot")
    assert files.load() is None
    files.save(stored(TREE))
    assert files.load() == stored(TREE)


def test_only_changed_sections_are_needed_again(tmp_path: Path) -> None:
    files = SnapshotFiles(tmp_path)
    files.save(stored(TREE))
    changed = ProjectSection("prj_1")
    later = Tree(TREE.documents | {"prj_1/access": changed})
    new = {h: c for h, c in later.sections.items() if c == canonical_json(changed)}
    files.save(StoredSnapshot(later.root, new, b"sealed"))
    assert files.load() == stored(later)


def test_a_root_without_all_its_sections_does_not_replace_a_whole_one(tmp_path: Path) -> None:
    files = SnapshotFiles(tmp_path)
    files.save(stored(TREE))
    other = Tree({"prj_2/access": ProjectSection("prj_2")})
    files.save(StoredSnapshot(other.root, {}, b"sealed"))
    assert files.load() == stored(TREE)


def test_an_incomplete_snapshot_is_not_loaded(tmp_path: Path) -> None:
    files = SnapshotFiles(tmp_path)
    files.save(stored(TREE))
    next((tmp_path / "sections").iterdir()).unlink()
    assert files.load() is None


def test_old_sections_are_removed_after_their_linger_time(tmp_path: Path) -> None:
    files = SnapshotFiles(tmp_path)
    sections = tmp_path / "sections"
    files.save(stored(TREE))
    fresh, old = sections / ("0" * 64), sections / ("1" * 64)
    for path in (fresh, old):
        path.write_bytes(b"{}")
    two_hours_ago = old.stat().st_mtime - 7200
    os.utime(old, (two_hours_ago, two_hours_ago))
    files.save(stored(TREE))
    assert fresh.exists()
    assert not old.exists()
    assert files.load() == stored(TREE)


def test_other_users_cannot_read_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "snapshot"
    SnapshotFiles(folder).save(stored(TREE))
    for path in folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_the_holder_raises_until_a_snapshot_arrives() -> None:
    holder = SnapshotHolder()
    assert holder.known is None
    with pytest.raises(Overloaded) as raised:
        _ = holder.current
    assert raised.value.retry_after_s == 1
    holder.confirm()
    assert holder.state.origin is SnapshotOrigin.NONE


def test_the_holder_reports_its_state() -> None:
    holder, snapshot = SnapshotHolder(), TREE.build()
    holder.swap(snapshot, SnapshotOrigin.DISK)
    assert holder.current is snapshot
    assert (holder.state.digest, holder.state.origin) == (snapshot.digest, SnapshotOrigin.DISK)
    holder.report("The server is away.", "upstream_failed")
    assert (holder.state.problem, holder.state.digest) == ("The server is away.", snapshot.digest)
    assert holder.current is snapshot
    holder.confirm()
    assert (holder.state.origin, holder.state.problem) == (SnapshotOrigin.SERVER, "")
