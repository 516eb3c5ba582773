"""The names of the spool's files, and the few directory operations with a promise.

<writer>.owner              locked by the owner; how far the writer's records are stored
<writer>-<sequence>.spool   a segment
<writer>.reserve            room kept for the ends of open calls
rejected/, corrupt/, again/ what was set aside: see `aside`
"""

import os
from pathlib import Path
from typing import NamedTuple


class SegmentName(NamedTuple):
    """Which segment of which writer; sorts in the order of writing."""

    writer: str
    sequence: int

    def __str__(self) -> str:
        return f"{self.writer}-{self.sequence:06d}"

    def path(self, directory: Path) -> Path:
        """Where the segment lies."""
        return directory / f"{self}.spool"


class BatchRange(NamedTuple):
    """The bytes from one CUT (or the segment's start) through the next; `since` is when the first
    of them was written (monotonic, in the living writer only). `holes` are damaged stretches, which
    are never shipped."""

    segment: SegmentName
    start: int
    end: int
    since: float = 0.0
    holes: tuple[tuple[int, int], ...] = ()

    @property
    def name(self) -> str:
        """The same whoever ships it: the store's protection against doubles."""
        return f"{self.segment}:{self.start}-{self.end}"


def make_directory(directory: Path) -> None:
    """The spool's directory with everything above it, for its owner's eyes only."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def segments_of(directory: Path, writer: str) -> list[SegmentName]:
    """The segments of one writer that are still there, oldest first."""
    return sorted(
        SegmentName(writer, int(sequence))
        for path in directory.glob(f"{writer}-*.spool")
        if (sequence := path.stem.rpartition("-")[2]).isdecimal()
    )


def writers_in(directory: Path) -> set[str]:
    """Everyone who has left an owner file or a segment, dead or alive."""
    owners = {path.stem for path in directory.glob("*.owner")}
    return owners | {path.stem.rpartition("-")[0] for path in directory.glob("*.spool")}


def owner_path(directory: Path, writer: str) -> Path:
    """The file whose lock says who owns a writer's segments."""
    return directory / f"{writer}.owner"


def reserve_path(directory: Path, writer: str) -> Path:
    """The file that keeps disk space free for a writer."""
    return directory / f"{writer}.reserve"


def sync_directory(directory: Path) -> None:
    """Makes the names in `directory` as durable as the files themselves."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove_segment(directory: Path, name: SegmentName) -> None:
    """Deletes a segment, durably: a power cut must not bring it back without its successors,
    or its calls would seem to have never ended."""
    name.path(directory).unlink(missing_ok=True)
    sync_directory(directory)


def remove_traces(directory: Path, writer: str) -> None:
    """Deletes all that is left of a writer but its owner file."""
    for name in segments_of(directory, writer):
        remove_segment(directory, name)
    for path in directory.glob(f"{writer}-*.draft"):
        path.unlink(missing_ok=True)
    reserve_path(directory, writer).unlink(missing_ok=True)


def read_batch(directory: Path, batch: BatchRange) -> bytes:
    """The bytes to ship: the batch's range without its holes."""
    with batch.segment.path(directory).open("rb") as file:
        file.seek(batch.start)
        data = file.read(batch.end - batch.start)
    for start, end in reversed(batch.holes):
        data = data[: start - batch.start] + data[end - batch.start :]
    return data
