"""The last good snapshot on disk, so that a gateway can start and serve without its server.

Each section is a file named by its hash; the sealed document stays encrypted. All workers of a
home share the folder: each file is replaced atomically, the root last.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from penstock.gateway.snapshot.snapshot import read_root
from penstock.infra.crypto import write_private
from penstock.infra.home import SnapshotFolder

_LINGER_S: Final = 3600.0  # another worker may be about to write a root that names the section


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """A snapshot as received: canonical JSON by hash, and the sealed document."""

    root: bytes
    sections: Mapping[str, bytes]
    sealed: bytes


class SnapshotFiles:
    """Reads and writes `root.json`, `sections/<hash>` and `sealed.bin` in one folder."""

    def __init__(self, folder: Path) -> None:
        files = SnapshotFolder(folder)
        self._root, self._sealed, self._sections = files.root, files.sealed, files.sections

    def load(self) -> StoredSnapshot | None:
        """Reads the stored snapshot; `None` if there is none or a file is missing."""
        try:
            root = self._root.read_bytes()
            hashes = read_root(root).sections.values()
            sections = {hash_: (self._sections / hash_).read_bytes() for hash_ in hashes}
            return StoredSnapshot(root, sections, self._sealed.read_bytes())
        except FileNotFoundError:
            return None

    def save(self, snapshot: StoredSnapshot) -> None:
        """Writes new sections, then the root once all its sections exist. Raises `OSError`."""
        self._sections.mkdir(mode=0o700, parents=True, exist_ok=True)
        for hash_, content in snapshot.sections.items():
            if not (path := self._sections / hash_).exists():
                write_private(path, content)
        wanted = set(read_root(snapshot.root).sections.values())
        if all((self._sections / hash_).exists() for hash_ in wanted):
            write_private(self._sealed, snapshot.sealed)
            write_private(self._root, snapshot.root)
            self._prune(wanted)

    def _prune(self, wanted: set[str]) -> None:
        now = self._root.stat().st_mtime
        for path in self._sections.iterdir():
            if path.name not in wanted and now - path.stat().st_mtime > _LINGER_S:
                path.unlink(missing_ok=True)
