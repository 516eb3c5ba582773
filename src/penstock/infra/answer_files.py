"""Keeps cached answers as files of the home, shared by all gateway workers of the machine.

Each project has a folder, and a file has the digest of its request as its name. It is written under
another name first, so that a reader sees it whole or not at all. A sweep deletes what has expired,
and then files of the largest project until all fit.
"""

import asyncio
import fcntl
import heapq
import logging
import os
import time
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from errno import EDQUOT, ENOSPC
from io import FileIO
from pathlib import Path
from typing import Final, NamedTuple

LOCK: Final = ".lock"
SWEEP_S: Final = 60.0
MAX_FILES: Final = 100_000
PROJECT_SHARE: Final = 0.5  # of what a worker writes between two sweeps
LEFT_OVER_S: Final = 3600.0  # after which a file in progress belongs to no living process
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


class _File(NamedTuple):
    expires_s: float
    size: int
    path: Path


class AnswerFiles:
    """The files in one folder. `max_bytes` limits their sum after each sweep. Between two sweeps a
    worker writes at most a quarter of it, and half of that for one project. A `place` is
    `<project>/<digest>`."""

    def __init__(
        self, folder: Path, max_bytes: int, now_s: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._root = str(folder)  # paths of calls are texts: a `Path` takes as long as the file
        self._now_s = now_s
        self._max_bytes = max_bytes
        self._written = 0  # names of files in progress
        self._left = 0
        self._left_of: dict[str, int] = {}
        self._begin_period()

    async def read(self, place: str) -> bytes | None:
        """Returns the content of a file, if there is one."""
        try:
            with FileIO(f"{self._root}/{place}") as file:
                return file.readall()
        except OSError:
            return None

    def write(self, place: str, content: bytes, expires_s: float) -> None:
        """Writes a file that expires at a Unix time. Nothing is written above the share of a worker
        or project, and an error of the disk loses the entry only."""
        project, size = place.partition("/")[0], len(content)
        if size > min(self._left, self._left_of_project(project)):
            return
        self._left -= size
        self._left_of[project] = self._left_of_project(project) - size
        self._written += 1
        partial = f"{self._root}/.{os.getpid()}-{self._written}"
        try:
            try:
                self._store(partial, place, content, expires_s)
            except FileNotFoundError:  # the first answer of the project
                (self._folder / project).mkdir(mode=0o700, parents=True, exist_ok=True)
                self._store(partial, place, content, expires_s)
        except OSError as error:
            _log.warning("A cached answer cannot be written: %s.", error.strerror or error)
            with suppress(OSError):
                os.unlink(partial)  # noqa: PTH108 - see `_root`

    def _store(self, partial: str, place: str, content: bytes, expires_s: float) -> None:
        """Writes a file that only we can read. Its time is the one at which it expires."""
        fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with FileIO(fd, "w") as file:
            if file.write(content) < len(content):
                raise OSError(ENOSPC, os.strerror(ENOSPC))
            os.utime(fd, (expires_s, expires_s))
        os.rename(partial, f"{self._root}/{place}")  # noqa: PTH104 - see `_root`

    async def lock(self, place: str, size: int) -> AnswerLock | None:
        """Locks the place of an answer of up to `size` bytes, over all workers; `None` while
        another call holds it. Raises `OSError` if the disk refuses, or the share is used up."""
        project = place.partition("/")[0]
        if size > min(self._left, self._left_of_project(project)):
            raise OSError(EDQUOT, "the share of the cache is used up for a minute")
        path = (self._folder / place).with_suffix(LOCK)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return lock_file(path)

    def sweep(self, now_s: float) -> int:
        """Deletes what has expired. Then deletes what expires first of the largest project, until
        all is within the limits. Returns the bytes that are left."""
        self._begin_period()
        self._delete_left_over(now_s)
        kept: dict[Path, deque[_File]] = {}
        for folder, files in self._files().items():
            files.sort()
            expired = [each for each in files if each.expires_s <= now_s]
            _delete(expired)
            kept[folder] = deque(files[len(expired) :])
        sizes = {folder: sum(each.size for each in files) for folder, files in kept.items()}
        total, count = sum(sizes.values()), sum(map(len, kept.values()))
        largest = [(-size, folder) for folder, size in sizes.items() if kept[folder]]
        heapq.heapify(largest)
        while largest and (total > self._max_bytes or count > MAX_FILES):
            size, folder = largest[0]
            first = kept[folder].popleft()
            _delete([first])
            total, count = total - first.size, count - 1
            if kept[folder]:
                heapq.heapreplace(largest, (size + first.size, folder))
            else:
                heapq.heappop(largest)
        return total

    async def run(self) -> None:
        """Sweeps in a thread, until cancelled."""
        while True:
            try:
                await asyncio.to_thread(self.sweep, self._now_s())
            except OSError as error:  # the worker goes on without its cache
                _log.warning("The cache cannot be swept: %s.", error.strerror or error)
            await asyncio.sleep(SWEEP_S)

    def _begin_period(self) -> None:
        self._left = self._max_bytes // 4
        self._left_of = {}

    def _left_of_project(self, project: str) -> int:
        return self._left_of.get(project, int(self._max_bytes / 4 * PROJECT_SHARE))

    def _files(self) -> dict[Path, list[_File]]:
        found: dict[Path, list[_File]] = defaultdict(list)
        for path in self._folder.glob("*/*"):
            with suppress(OSError):
                if path.suffix == LOCK:  # of a process that was killed, unless it is held
                    if (left_over := lock_file(path)) is not None:
                        left_over.release()
                    continue
                known = path.stat()
                found[path.parent].append(_File(known.st_mtime, known.st_size, path))
        return found

    def _delete_left_over(self, now_s: float) -> None:
        """Deletes files that a killed process had begun."""
        for path in self._folder.glob(".*"):
            with suppress(OSError):
                if path.stat().st_ctime < now_s - LEFT_OVER_S:
                    path.unlink()


def _delete(files: list[_File]) -> None:
    for each in files:
        with suppress(OSError):
            each.path.unlink(missing_ok=True)
