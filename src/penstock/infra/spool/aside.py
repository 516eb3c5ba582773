"""What can be neither shipped nor thrown away: kept beside the spool for a person to look at."""

from pathlib import Path
from typing import Final

import msgspec

from penstock.infra.spool.files import SegmentName, make_directory

REJECTED: Final = "rejected"
CORRUPT: Final = "corrupt"


class Reason(msgspec.Struct, frozen=True):
    """Why a batch was set aside; stands beside it as `.json`."""

    batch: str
    detail: str
    at: str


def keep_rejected(directory: Path, data: bytes, reason: Reason) -> None:
    """Sets a batch aside that the server will never take. `OSError` if it cannot be kept."""
    _write(directory / REJECTED, f"{_file_name(reason.batch)}.batch", data)
    _write(directory / REJECTED, f"{_file_name(reason.batch)}.json", msgspec.json.encode(reason))


def keep_corrupt(directory: Path, segment: SegmentName, start: int, data: bytes) -> None:
    """Sets a damaged stretch of a segment aside. `OSError` if it cannot be kept."""
    end = start + len(data)
    _write(directory / CORRUPT, _file_name(f"{segment}:{start}-{end}") + ".bin", data)


def _write(directory: Path, name: str, data: bytes) -> None:
    make_directory(directory)
    draft = directory / f"{name}.draft"
    draft.write_bytes(data)
    draft.rename(directory / name)


def _file_name(batch: str) -> str:
    return batch.replace(":", "_")
