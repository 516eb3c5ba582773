"""The manifest of a backup: versions, and the size and hash of every file."""

from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path
from typing import Final

import msgspec

from penstock.kernel.errors import SetupError

FILE_NAME: Final = "manifest.json"
FORMAT: Final = 1
SQL, COLUMNS, HOME = "sql", "columns", "home"  # folders of a backup


class Entry(msgspec.Struct, frozen=True):
    """One file of a backup."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """Written last: a folder without it is not a backup. `rows` counts the database's tables."""

    format: int
    penstock: str
    schema: str
    created_at: str
    rows: dict[str, int]
    has_columns: bool
    files: dict[str, Entry]


def describe(folder: Path) -> dict[str, Entry]:
    """Returns every file below `folder`, by its relative path."""
    return {str(path.relative_to(folder)): _entry(path) for path in _files(folder)}


def write(folder: Path, manifest: Manifest) -> None:
    """Writes the manifest, which completes the backup."""
    (folder / FILE_NAME).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")


def read(folder: Path) -> Manifest:
    """Returns the manifest of a complete, unchanged backup. Raises `SetupError` otherwise."""
    try:
        manifest = msgspec.json.decode((folder / FILE_NAME).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise SetupError(
            f"{folder} is not a backup: its {FILE_NAME} is missing or unreadable.",
            hint="Name a folder that `penstock backup` has written.",
        ) from error
    if manifest.format > FORMAT:
        raise SetupError(f"The backup {folder} was written by a newer Penstock.", hint="Upgrade.")
    _require_unchanged(folder, manifest)
    return manifest


def _require_unchanged(folder: Path, manifest: Manifest) -> None:
    found = describe(folder)
    for name in sorted(found.keys() | manifest.files.keys()):
        if found.get(name) != manifest.files.get(name):
            raise SetupError(
                f"The backup is damaged: {name} was changed, added or removed.",
                hint="Use another copy of the backup.",
            )


def _entry(path: Path) -> Entry:
    with path.open("rb") as file:
        return Entry(path.stat().st_size, file_digest(file, "sha256").hexdigest())


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != folder / FILE_NAME:
            yield path
