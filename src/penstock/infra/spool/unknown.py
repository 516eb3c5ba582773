"""Records that the server cannot store yet, kept verbatim in its home: of a newer version, or
requeued from the quarantine.

unknown/<batch>@<kind>.<schema>.frames, .json   the frames of one kind and schema of a batch

The files are named so that a server knows without opening them whether it can read their records.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from penstock.infra.spool.frame import Frame, scan
from penstock.infra.spool.quarantine import (
    QUARANTINED,
    UNKNOWN,
    Reason,
    batch_name,
    file_name,
    remove_file,
    write_file,
)

_STEM: Final = re.compile(r"(?P<batch>.+)@(?P<kind>[0-9]{1,3})\.(?P<schema>[0-9]{1,3})")


class UnknownFrames(NamedTuple):
    """The frames of one kind and schema of a batch; their name depends on nothing else."""

    batch: str
    kind: int
    schema: int

    @property
    def label(self) -> str:
        """Returns the name as one text."""
        return f"{self.batch}@{self.kind}.{self.schema}"

    def path(self, directory: Path) -> Path:
        """Returns the path of the file."""
        return directory / UNKNOWN / f"{file_name(self.label)}.frames"


class FolderUsage(NamedTuple):
    """Number and total size of files."""

    files: int
    bytes: int


def keep_unknown(directory: Path, name: UnknownFrames, data: bytes, at: str) -> None:
    """Keeps frames durably; the same name again replaces them. Raises `OSError` on failure."""
    detail = f"Kind {name.kind}, schema {name.schema}: stored once the server can read it."
    path = name.path(directory)
    reason = msgspec.json.encode(Reason(name.batch, detail, at))
    write_file(path.parent, path.with_suffix(".json").name, reason)
    write_file(path.parent, path.name, data)


def requeue_record(directory: Path, name: str, at: str) -> None:
    """Moves a quarantined record to `unknown/`, from where the server stores it under its name.

    Raises `FileNotFoundError` if there is no such record, `ValueError` if its bytes contain none.
    """
    path = directory / QUARANTINED / f"{file_name(name)}.record"
    data = path.read_bytes()
    frames = [one for one in scan(data) if isinstance(one, Frame)]
    if not frames:
        raise ValueError(f"{name} contains no whole record.")
    keep_unknown(directory, UnknownFrames(name, frames[0].kind, frames[0].schema), data, at)
    remove_file(path)


def list_unknown(directory: Path) -> list[UnknownFrames]:
    """Lists the kept frames in the order of their names: by writer, in the order of writing."""
    return list(_list(directory))


def remove_unknown(directory: Path, name: UnknownFrames) -> None:
    """Deletes kept frames, once they are stored."""
    remove_file(name.path(directory))


def folder_usage(folder: Path, pattern: str) -> FolderUsage:
    """Measures the files of a folder. Files that are deleted meanwhile do not count."""
    sizes: list[int] = []
    for path in folder.glob(pattern):
        try:
            sizes.append(path.stat().st_size)
        except FileNotFoundError:
            continue
    return FolderUsage(len(sizes), sum(sizes))


def _list(directory: Path) -> Iterator[UnknownFrames]:
    for path in sorted((directory / UNKNOWN).glob("*.frames")):
        found = _STEM.fullmatch(batch_name(path))
        if found is not None:
            yield UnknownFrames(found["batch"], int(found["kind"]), int(found["schema"]))
