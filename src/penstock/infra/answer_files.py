"""Keeps cached answers as files of the home, shared by all gateway workers of the machine.

A file has the digest of its request as its name. It is written under another name first, so that a
reader sees it whole or not at all. A sweep deletes what has expired, and the oldest files above the
limit.
"""

import asyncio
import fcntl
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

LOCK: Final = ".lock"
SWEEP_S: Final = 60.0
MAX_FILES: Final = 100_000
_log: Final = logging.getLogger("penstock.cache")


class AnswerLock:
    """The lock of one answer. The kernel releases it when the process ends, however it ends."""

    def __init__(self, path: Path, fd: int) -> None:
        self._path = path
        self._fd = fd

    def release(self) -> None:
        """Releases the lock. The file goes first: whoever opened it before sees that it is gone."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        os.close(self._fd)


def lock_file(path: Path) -> AnswerLock | None:
    """Creates and locks a file; `None` while somebody else holds it. Raises `OSError`."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.stat().st_ino == os.fstat(fd).st_ino:
            return AnswerLock(path, fd)
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:
        os.close(fd)
        raise
    os.close(fd)
    return None


class AnswerFiles:
    """The files in one folder. `max_bytes` limits their sum after each sweep."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._written = 0  # names of files in progress
        self._bytes_since_sweep = 0

    def read(self, digest: str) -> bytes | None:
        """Returns the content of a file, if there is one."""
        try:
            return self._path(digest).read_bytes()
        except OSError:
            return None

    def write(self, digest: str, content: bytes, expires_s: float) -> None:
        """Writes a file that expires at a Unix time. An error of the disk loses the entry only; so
        does more than a quarter of the limit in one worker between two sweeps."""
        if self._bytes_since_sweep + len(content) > self._max_bytes // 4:
            return
        self._bytes_since_sweep += len(content)
        path = self._path(digest)
        self._written += 1
        partial = self._folder / f".{os.getpid()}-{self._written}"
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial.touch(mode=0o600)
            partial.write_bytes(content)
            os.utime(partial, (expires_s, expires_s))
            partial.replace(path)
        except OSError as error:
            _log.warning("A cached answer cannot be written: %s.", error.strerror or error)
            with suppress(OSError):
                partial.unlink(missing_ok=True)

    def lock(self, digest: str) -> AnswerLock | None:
        """Locks the place of an answer, over all workers; `None` while another call holds it.
        Raises `OSError`."""
        path = self._path(digest).with_suffix(LOCK)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return lock_file(path)

    def sweep(self, now_s: float) -> int:
        """Deletes what has expired, then what expires first, until the rest is within the limits.
        Returns the bytes that are left."""
        self._bytes_since_sweep = 0
        found: list[tuple[float, int, Path]] = []
        for path in self._folder.glob("*/*"):
            with suppress(OSError):
                if path.suffix == LOCK:  # of a process that was killed, unless it is held
                    if (left_over := lock_file(path)) is not None:
                        left_over.release()
                    continue
                known = path.stat()
                found.append((known.st_mtime, known.st_size, path))
        found.sort(key=lambda each: each[0])
        total = sum(size for _, size, _ in found)
        for at, (expires_s, size, path) in enumerate(found):
            fits = total <= self._max_bytes and len(found) - at <= MAX_FILES
            if expires_s > now_s and fits:
                break
            with suppress(OSError):
                path.unlink(missing_ok=True)
            total -= size
        return total

    async def sweep_forever(self, now_s: Callable[[], float]) -> None:
        """Sweeps in a thread, until cancelled."""
        while True:
            await asyncio.to_thread(self.sweep, now_s())
            await asyncio.sleep(SWEEP_S)

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest
