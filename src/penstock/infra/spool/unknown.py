"""Records that this version cannot read, kept verbatim until an upgraded server stores them.

unknown/<batch>@<kind>.<schema>.frames, .json   the frames of one kind and schema of a batch

The files are named so that a server knows without opening them whether it can read their records.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from penstock.infra.spool.quarantine import (
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
    detail = f"Records of kind {name.kind}, schema {name.schema}: upgrade the server to store them."
    path = name.path(directory)
    reason = msgspec.json.encode(Reason(name.batch, detail, at))
    write_file(path.parent, path.with_suffix(".json").name, reason)
    write_file(path.parent, path.name, data)


def list_unknown(directory: Path) -> list[UnknownFrames]:
    """Lists the kept frames in the order of their names: by writer, in the order of writing."""
    return list(_list(directory))


def remove_unknown(directory: Path, name: UnknownFrames) -> None:
    """Deletes kept frames, once they are stored."""
    remove_file(name.path(directory))


def unknown_usage(directory: Path) -> FolderUsage:
    """Measures the kept frames. Files that are deleted meanwhile do not count."""
    sizes: list[int] = []
    for path in (directory / UNKNOWN).glob("*.frames"):
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
