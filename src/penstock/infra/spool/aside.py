"""What can be neither shipped nor thrown away: kept beside the spool for a person to look at.

rejected/<batch>.batch, .json   refused by the server, and why
corrupt/<place>.bin             damaged bytes; they hold no whole record
again/<batch>.batch             put back by a person: the next living worker ships it
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from penstock.infra.spool.files import SegmentName, make_directory

REJECTED: Final = "rejected"
CORRUPT: Final = "corrupt"
AGAIN: Final = "again"


class Reason(msgspec.Struct, frozen=True):
    """Why a batch was set aside; stands beside it as `.json`."""

    batch: str
    detail: str
    at: str


class Aside(msgspec.Struct, frozen=True):
    """One thing that was set aside. `state`: `rejected`, `corrupt`, or `again` once put back;
    `detail` says why, empty where nobody wrote it down."""

    name: str
    state: str
    bytes: int
    at: str = ""
    detail: str = ""


def keep_rejected(directory: Path, data: bytes, reason: Reason) -> None:
    """Sets a batch aside that the server will never take. `OSError` if it cannot be kept."""
    _write(directory / REJECTED, f"{_file_name(reason.batch)}.json", msgspec.json.encode(reason))
    _write(directory / REJECTED, f"{_file_name(reason.batch)}.batch", data)


def keep_corrupt(directory: Path, segment: SegmentName, start: int, data: bytes) -> None:
    """Sets a damaged stretch of a segment aside. `OSError` if it cannot be kept."""
    end = start + len(data)
    _write(directory / CORRUPT, _file_name(f"{segment}:{start}-{end}") + ".bin", data)


def list_aside(directory: Path) -> list[Aside]:
    """Everything set aside, rejected batches first. Files that vanish meanwhile are left out."""
    return [
        one
        for state, pattern in ((REJECTED, "*.batch"), (CORRUPT, "*.bin"), (AGAIN, "*.batch"))
        for path in sorted((directory / state).glob(pattern))
        for one in _describe(path, state)
    ]


def put_back(directory: Path, batch: str) -> None:
    """Has a rejected batch shipped again, under its name. `FileNotFoundError` if there is none."""
    rejected = directory / REJECTED / f"{_file_name(batch)}.batch"
    make_directory(directory / AGAIN)
    rejected.rename(directory / AGAIN / rejected.name)


def put_back_batches(directory: Path) -> list[tuple[str, Path]]:
    """Name and file of each batch that is to be shipped again."""
    return [(_batch_name(path), path) for path in sorted((directory / AGAIN).glob("*.batch"))]


def _describe(path: Path, state: str) -> Iterator[Aside]:
    with suppress(FileNotFoundError):
        size, reason = path.stat().st_size, Reason("", "", "")
        with suppress(FileNotFoundError, msgspec.MsgspecError):
            reason = msgspec.json.decode(path.with_suffix(".json").read_bytes(), type=Reason)
        yield Aside(_batch_name(path), state, size, reason.at, reason.detail)


def _write(directory: Path, name: str, data: bytes) -> None:
    make_directory(directory)
    draft = directory / f"{name}.draft"
    draft.write_bytes(data)
    draft.rename(directory / name)


def _file_name(batch: str) -> str:
    return batch.replace(":", "_")


def _batch_name(path: Path) -> str:
    return path.stem.replace("_", ":")
