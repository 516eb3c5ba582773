"""Keeps cached answers as files of the home, shared by all gateway workers of the machine.

A worker appends its answers to segments (`segments`), and notes in the index of the machine where
each is (`index`). A sweep deletes the segments that have expired, and then segments of the largest
project until all fit.
"""

import asyncio
import heapq
import logging
import time
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from errno import EDQUOT
from pathlib import Path
from typing import Final, NamedTuple

from penstock.infra.answers.index import AnswerIndex
from penstock.infra.answers.lock import AnswerLock, lock_file
from penstock.infra.answers.segments import Segments, deadline_of

LOCK: Final = ".lock"
SWEEP_S: Final = 60.0
MAX_SEGMENTS: Final = 10_000
PROJECT_SHARE: Final = 0.5  # of what a worker writes between two sweeps
LEFT_OVER_S: Final = 3600.0  # after which a file in progress belongs to no living process
SEGMENT_BYTES: Final = 4 * 1024 * 1024  # of one segment, and at most a part of the limit
_SEGMENT_PART: Final = 64
_log: Final = logging.getLogger("penstock.cache")


class _File(NamedTuple):
    deadline: int
    size: int
    path: Path


class AnswerFiles:
    """The files in one folder. `max_bytes` limits the segments after each sweep. Between two sweeps
    a worker writes at most a quarter of it, and half of that for one project. A `place` is
    `<project>/<digest>`."""

    def __init__(
        self, folder: Path, max_bytes: int, now_s: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._now_s = now_s
        self._max_bytes = max_bytes
        self._segments = Segments(folder, min(SEGMENT_BYTES, max_bytes // _SEGMENT_PART))
        self._index: AnswerIndex | None = None
        self._share = int(max_bytes / 4 * PROJECT_SHARE)  # of a project, between two sweeps
        self._left = 0
        self._left_of: dict[str, int] = {}
        self._begin_period()

    async def read(self, place: str) -> bytes | None:
        """Returns the content of an answer, if there is one."""
        try:
            spot = (self._index or self._opened()).find(place)
            return self._segments.read(place, spot) if spot is not None else None
        except OSError:
            return None

    def write(self, place: str, content: bytes, expires_s: float) -> None:
        """Keeps an answer until a Unix time; all workers find it at once. Nothing is written above
        the share of a worker or project, and an error of the disk loses the answer only."""
        project, size = place.partition("/")[0], len(content)
        left = self._left_of.get(project, self._share)
        if size > left or size > self._left:
            return
        self._left -= size
        self._left_of[project] = left - size
        try:
            now_s = self._now_s()
            index = self._index or self._opened()
            index.put(place, self._segments.append(place, content, expires_s, now_s), now_s)
        except OSError as error:
            _log.warning("A cached answer cannot be written: %s.", error.strerror or error)

    async def lock(self, place: str, size: int) -> AnswerLock | None:
        """Locks the place of an answer of up to `size` bytes, over all workers; `None` while
        another call holds it. Raises `OSError` if the disk refuses, or the share is used up."""
        project = place.partition("/")[0]
        if size > min(self._left, self._left_of.get(project, self._share)):
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
            expired = [each for each in files if each.deadline <= now_s]
            _delete(expired)
            kept[folder] = deque(files[len(expired) :])
        sizes = {folder: sum(each.size for each in files) for folder, files in kept.items()}
        total, count = sum(sizes.values()), sum(map(len, kept.values()))
        largest = [(-size, folder) for folder, size in sizes.items() if kept[folder]]
        heapq.heapify(largest)
        while largest and (total > self._max_bytes or count > MAX_SEGMENTS):
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
        """Sweeps in a thread, until cancelled. Closes the files then."""
        try:
            while True:
                try:
                    await asyncio.to_thread(self.sweep, self._now_s())
                except OSError as error:  # the worker goes on without its cache
                    _log.warning("The cache cannot be swept: %s.", error.strerror or error)
                await asyncio.sleep(SWEEP_S)
        finally:
            self.close()

    def close(self) -> None:
        """Closes the open files; the next call opens them again."""
        self._segments.close()
        if self._index is not None:
            self._index.close()
            self._index = None

    def _opened(self) -> AnswerIndex:
        """Opens the index. Raises `OSError`, also if no answer may be kept."""
        if not self._max_bytes:
            raise OSError(EDQUOT, "the cache has no space")
        self._index = AnswerIndex.open(self._folder)
        return self._index

    def _begin_period(self) -> None:
        self._left = self._max_bytes // 4
        self._left_of = {}

    def _files(self) -> dict[Path, list[_File]]:
        found: dict[Path, list[_File]] = defaultdict(list)
        for path in self._folder.glob("*/*"):
            with suppress(OSError):
                if path.suffix == LOCK:  # of a process that was killed, unless it is held
                    if (left_over := lock_file(path)) is not None:
                        left_over.release()
                    continue
                found[path.parent].append(_File(deadline_of(path), path.stat().st_size, path))
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
