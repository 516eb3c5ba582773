"""The lock of one answer: others wait while a call is getting it."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path


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
