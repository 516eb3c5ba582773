"""The name of the worker of a home. Only one process has it: what is leased under this name when it
starts was left by a predecessor, and is taken over at once."""

import fcntl
import os
from pathlib import Path
from typing import Self

from penstock.kernel.errors import SetupError

_NAME_BYTES = 16  # of a name, which is random


class WorkerName:
    """The name, in a file that stays locked while the worker runs."""

    def __init__(self, fd: int, name: str) -> None:
        self._fd = fd
        self.name = name

    @classmethod
    def take(cls, path: Path) -> Self:
        """Locks the file, and reads or makes the name. Raises `SetupError` if another worker of
        this home runs."""
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            raise SetupError(
                f"Another worker runs in the home {path.parent}.",
                hint="One worker per home is enough; on another machine use another home.",
            ) from None
        name = os.pread(fd, 2 * _NAME_BYTES, 0).decode("ascii", "replace")
        if len(name) < 2 * _NAME_BYTES:
            name = os.urandom(_NAME_BYTES).hex()
            os.pwrite(fd, name.encode(), 0)
        return cls(fd, name)

    def release(self) -> None:
        """Unlocks the file."""
        os.close(self._fd)
