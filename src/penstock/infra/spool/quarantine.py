"""Files that can be neither shipped nor deleted: kept in the spool directory for an operator.

rejected/<batch>.batch, .json   a batch that the server rejected, and the reason
corrupt/<place>.bin             damaged bytes; they contain no whole record
again/<batch>.batch, .json      a batch over which the server failed, or one that was requeued:
                                live workers retry it after all others
quarantined/<record>.record, .json   a record that the server could not store, and the reason
unknown/                        records of a newer version: see `unknown`
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from penstock.infra.spool.files import SegmentName, make_directory, sync_directory

REJECTED: Final = "rejected"
CORRUPT: Final = "corrupt"
AGAIN: Final = "again"
QUARANTINED: Final = "quarantined"
UNKNOWN: Final = "unknown"


class QuarantineLimits(msgspec.Struct, frozen=True):
    """Capacity of one folder of quarantined files; beyond it the oldest files are deleted."""

    files: int = 1_000
    bytes: int = 64 * 1024 * 1024


_PATTERNS: Final = {
    REJECTED: "*.batch",
    QUARANTINED: "*.record",
    UNKNOWN: "*.frames",
    CORRUPT: "*.bin",
    AGAIN: "*.batch",
}


class Reason(msgspec.Struct, frozen=True):
    """The reason for a quarantined file, kept beside it as `.json`."""

    batch: str
    detail: str
    at: str


class QuarantinedFile(msgspec.Struct, frozen=True):
    """One quarantined file. `state` is the name of its folder; `detail` is the reason, empty if
    none was recorded."""

    name: str
    state: str
    bytes: int
    at: str = ""
    detail: str = ""


def quarantine_batch(directory: Path, data: bytes, reason: Reason) -> None:
    """Keeps a batch that the server will never accept. Raises `OSError` if it cannot be kept."""
    write_file(directory / REJECTED, f"{file_name(reason.batch)}.json", msgspec.json.encode(reason))
    write_file(directory / REJECTED, f"{file_name(reason.batch)}.batch", data)


def defer_batch(directory: Path, data: bytes, reason: Reason) -> None:
    """Keeps a batch for later, so that others go first. Raises `OSError` if it cannot be kept."""
    write_file(directory / AGAIN, f"{file_name(reason.batch)}.json", msgspec.json.encode(reason))
    write_file(directory / AGAIN, f"{file_name(reason.batch)}.batch", data)


def remove_file(path: Path) -> None:
    """Deletes a quarantined file and its reason."""
    path.unlink(missing_ok=True)
    path.with_suffix(".json").unlink(missing_ok=True)


def trim(directory: Path, limits: QuarantineLimits) -> int:
    """Applies `limits` to the rejected batches and to the corrupt bytes; returns the number of
    deleted files."""
    return drop_oldest(directory / REJECTED, _PATTERNS[REJECTED], limits) + drop_oldest(
        directory / CORRUPT, _PATTERNS[CORRUPT], limits
    )


def quarantine_damage(directory: Path, segment: SegmentName, start: int, data: bytes) -> None:
    """Keeps a damaged range of a segment. Raises `OSError` if it cannot be kept."""
    end = start + len(data)
    write_file(directory / CORRUPT, file_name(f"{segment}:{start}-{end}") + ".bin", data)


def quarantine_record(directory: Path, data: bytes, reason: Reason) -> None:
    """Keeps a record that the store will never accept. Raises `OSError` if it cannot be kept."""
    folder, name = directory / QUARANTINED, file_name(reason.batch)
    write_file(folder, f"{name}.json", msgspec.json.encode(reason))
    write_file(folder, f"{name}.record", data)


def trim_records(directory: Path, limits: QuarantineLimits) -> None:
    """Deletes the oldest quarantined records beyond `limits`."""
    drop_oldest(directory / QUARANTINED, "*.record", limits)


def drop_oldest(folder: Path, pattern: str, limits: QuarantineLimits) -> int:
    """Deletes the oldest files and their reasons until the folder is within `limits`; returns the
    number of deleted files."""
    found = sorted(
        (status.st_mtime_ns, status.st_size, path)
        for path in folder.glob(pattern)
        if (status := _status(path)) is not None
    )
    size, dropped = sum(one[1] for one in found), 0
    for _, its_size, path in found:
        if len(found) - dropped <= limits.files and size <= limits.bytes:
            break
        remove_file(path)
        size, dropped = size - its_size, dropped + 1
    return dropped


def list_quarantined(directory: Path) -> list[QuarantinedFile]:
    """Lists all quarantined files, rejected batches first. Files that are deleted meanwhile are
    left out."""
    return [
        one
        for state, pattern in _PATTERNS.items()
        for path in sorted((directory / state).glob(pattern))
        for one in _describe(path, state)
    ]


def requeue(directory: Path, batch: str) -> None:
    """Moves a rejected batch to `again/`, from where it is shipped under its name. Raises
    `FileNotFoundError` if no rejected batch has this name."""
    rejected = directory / REJECTED / f"{file_name(batch)}.batch"
    make_directory(directory / AGAIN)
    rejected.rename(directory / AGAIN / rejected.name)


def requeued_batches(directory: Path) -> list[tuple[str, Path]]:
    """Lists name and file of each batch in `again/`."""
    return [(batch_name(path), path) for path in sorted((directory / AGAIN).glob("*.batch"))]


def _describe(path: Path, state: str) -> Iterator[QuarantinedFile]:
    with suppress(FileNotFoundError):
        size, reason = path.stat().st_size, Reason("", "", "")
        with suppress(FileNotFoundError, msgspec.MsgspecError):
            reason = msgspec.json.decode(path.with_suffix(".json").read_bytes(), type=Reason)
        yield QuarantinedFile(batch_name(path), state, size, reason.at, reason.detail)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def write_file(directory: Path, name: str, data: bytes) -> None:
    """Writes a file atomically and durably."""
    make_directory(directory)
    draft = directory / f"{name}.draft"
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())  # the segment with the same bytes is deleted after this returns
    draft.rename(directory / name)
    sync_directory(directory)


def file_name(batch: str) -> str:
    """Returns the name of a batch as part of a file name."""
    return batch.replace(":", "_")


def batch_name(path: Path) -> str:
    """Inverts `file_name`."""
    return path.stem.replace("_", ":")
