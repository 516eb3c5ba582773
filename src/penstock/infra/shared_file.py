"""What files that several processes map have in common: one process at a time opens them, they are
created whole, and know the start of the machine.
"""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Final

from penstock.infra.home import lock_of

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_OPEN_WITHIN_S: Final = 5.0


def boot_id() -> bytes:
    """Identifies the start of the machine: its monotonic clock is valid within it."""
    try:
        return bytes.fromhex(_BOOT_ID.read_text().strip().replace("-", ""))
    except (OSError, ValueError):
        return bytes(16)


@contextlib.contextmanager
def alone(path: Path) -> Generator[None]:
    """Excludes other processes that open the file: one decides whether it is good. Raises
    `OSError`."""
    fd = os.open(lock_of(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + _OPEN_WITHIN_S
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            if time.monotonic() >= deadline:
                raise TimeoutError(errno.ETIMEDOUT, "another process is opening it")
            time.sleep(0.01)
        yield
    finally:
        os.close(fd)


def create_whole(path: Path, size: int, pieces: Sequence[tuple[int, bytes]]) -> None:
    """Creates a file of zeros with these pieces at their offsets, or none: a full disk cannot fault
    later. Raises `OSError`."""
    draft = path.with_name(f"{path.name}.draft")
    fd = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(fd, 0, size)
        for at, piece in pieces:
            os.pwrite(fd, piece, at)
        os.fsync(fd)
        draft.rename(path)
    finally:
        os.close(fd)
        draft.unlink(missing_ok=True)
