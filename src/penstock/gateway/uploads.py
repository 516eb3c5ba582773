"""Uploads on their way to a provider: on disk, so that no file is in memory."""

import os
import tempfile
from collections.abc import Callable
from functools import partial
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Final

from penstock.kernel.errors import Overloaded, RateLimited
from penstock.rules.formats.form import FormBytes
from penstock.rules.shares import ShareRejection, Shares

UPLOADS_AT_ONCE: Final = 8  # of the largest size, in a worker; smaller ones may be more
FREE_BYTES: Final = 256 * 1024 * 1024  # of the disk that uploads leave to the records of calls


def disk_free(folder: Path) -> int:
    """Returns the bytes of a folder's disk that may still be written."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


class Upload:
    """The body of one upload: an unnamed file, which is gone once it is closed or the process ends.
    `spi.http.BodyFile`."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - its call closes it
        self._mapped: mmap | None = None
        self.size = 0

    def add(self, piece: bytes) -> None:
        """Appends a piece. Raises `Overloaded` if the disk takes it not."""
        try:
            rest = memoryview(piece)
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise Overloaded(
                f"The gateway cannot store the upload ({error.strerror}).", retry_after_s=5
            ) from None
        self.size += len(piece)

    def read(self, at: int, count: int) -> bytes:
        """Returns up to `count` bytes from the offset `at`."""
        return os.pread(self._file.fileno(), count, at)

    def content(self) -> FormBytes:
        """Returns the whole, to search in: pages of the file, not of the process."""
        if not self.size:
            return b""
        self._mapped = self._mapped or mmap(self._file.fileno(), 0, access=ACCESS_READ)
        return self._mapped

    def close(self) -> None:
        """Frees the disk."""
        if self._mapped is not None:
            self._mapped.close()
        self._file.close()


class UploadSpace:
    """The disk that all uploads of a worker may use, with fair shares for projects and keys."""

    def __init__(
        self,
        folder: Path,
        capacity: int,
        project_share: float,
        key_share: float,
        *,
        disk_free: Callable[[Path], int] = disk_free,
    ) -> None:
        self._folder = folder
        self._disk_free = partial(disk_free, folder.parent)
        self._shares = Shares(capacity, project_share, key_share)

    def open(self) -> Upload:
        """Begins an upload. Raises `Overloaded` if the disk takes none."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            return Upload(self._folder)
        except OSError as error:
            raise Overloaded(
                f"The gateway cannot store an upload ({error.strerror}).", retry_after_s=5
            ) from None

    def take(self, project_id: str, key_id: str, size: int) -> None:
        """Reserves disk. Raises `Overloaded`, also where records would soon find none, or
        `RateLimited` for a project or key at its share."""
        if self._disk_free() < FREE_BYTES + size:
            raise _no_space()
        rejected = self._shares.take(project_id, key_id, size)
        if rejected is None:
            return
        if rejected is ShareRejection.FULL:
            raise _no_space()
        raise RateLimited(
            f"The {rejected.value} has used its share of the space for uploads.",
            hint="Try again when other uploads have ended.",
            retry_after_s=5,
        )

    def release(self, project_id: str, key_id: str, size: int) -> None:
        """Frees disk."""
        self._shares.release(project_id, key_id, size)


def _no_space() -> Overloaded:
    return Overloaded(
        "The gateway has no space for the upload.", hint="Try again.", retry_after_s=5
    )
