"""The names of the spool's files, and durable directory operations.

<writer>.owner              locked by the owner; records how far the writer's records are stored
<writer>-<sequence>.spool   a segment
<writer>.reserve            disk space reserved for the ENDs of open calls
rejected/, corrupt/, again/ quarantined files: see `quarantine`
"""

import os
from pathlib import Path
from typing import NamedTuple


class SegmentName(NamedTuple):
    """A segment of a writer; sorts in the order of writing."""

    writer: str
    sequence: int

    def __str__(self) -> str:
        return f"{self.writer}-{self.sequence:06d}"

    def path(self, directory: Path) -> Path:
        """Returns the path of the segment."""
        return directory / f"{self}.spool"


class BatchRange(NamedTuple):
    """The bytes after one CUT (or from the segment's start) through the next CUT.

    `since` is when the first of them was written (monotonic; only in the live writer). `holes` are
    damaged ranges, which are never shipped.
    """

    segment: SegmentName
    start: int
    end: int
    since: float = 0.0
    holes: tuple[tuple[int, int], ...] = ()

    @property
    def name(self) -> str:
        """The name that the store deduplicates by: the same from every process that ships it."""
        return f"{self.segment}:{self.start}-{self.end}"


def make_directory(directory: Path) -> None:
    """Creates a directory and its parents, readable by its owner only."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def segments_of(directory: Path, writer: str) -> list[SegmentName]:
    """Lists the remaining segments of a writer, oldest first."""
    return sorted(
        SegmentName(writer, int(sequence))
        for path in directory.glob(f"{writer}-*.spool")
        if (sequence := path.stem.rpartition("-")[2]).isdecimal()
    )


def writers_in(directory: Path) -> set[str]:
    """Returns all writers with an owner file or a segment, dead or alive."""
    owners = {path.stem for path in directory.glob("*.owner")}
    return owners | {path.stem.rpartition("-")[0] for path in directory.glob("*.spool")}


def owner_path(directory: Path, writer: str) -> Path:
    """Returns the path of the file whose lock decides who owns a writer's segments."""
    return directory / f"{writer}.owner"


def reserve_path(directory: Path, writer: str) -> Path:
    """Returns the path of the file that reserves disk space for a writer."""
    return directory / f"{writer}.reserve"


def sync_directory(directory: Path) -> None:
    """Makes the names in `directory` durable."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove_segment(directory: Path, name: SegmentName) -> None:
    """Deletes a segment durably. If a power cut restored it without its successors, its calls
    would look interrupted."""
    name.path(directory).unlink(missing_ok=True)
    sync_directory(directory)


def remove_files(directory: Path, writer: str) -> None:
    """Deletes all files of a writer except its owner file."""
    for name in segments_of(directory, writer):
        remove_segment(directory, name)
    for path in directory.glob(f"{writer}-*.draft"):
        path.unlink(missing_ok=True)
    reserve_path(directory, writer).unlink(missing_ok=True)


def read_batch(directory: Path, batch: BatchRange) -> bytes:
    """Reads the bytes to ship: the range without its holes."""
    with batch.segment.path(directory).open("rb") as file:
        file.seek(batch.start)
        data = file.read(batch.end - batch.start)
    for start, end in reversed(batch.holes):
        data = data[: start - batch.start] + data[end - batch.start :]
    return data
