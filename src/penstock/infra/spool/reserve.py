"""Disk space that is reserved in advance, so that the END of an admitted call can be written.

A file of allocated, never written blocks. When the disk is full, it is shortened to free space for
the record that must be written. While it cannot grow again, no call is admitted.
"""

import os
from pathlib import Path


class Reserve:
    """Reserves `size` bytes of the disk."""

    def __init__(self, path: Path, step_bytes: int) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._path = path
        self._step = step_bytes
        self.size = 0

    def hold(self, wanted: int) -> None:
        """Grows to at least `wanted` bytes, in steps. Raises `OSError` if the disk is full."""
        if wanted <= self.size:
            return
        size = -(-wanted // self._step) * self._step
        try:
            os.posix_fallocate(self._fd, 0, size)
        except OSError:
            os.ftruncate(self._fd, self.size)  # removes the part that was allocated
            raise
        self.size = size

    def free(self, needed: int) -> bool:
        """Frees `needed` bytes and one block more. Returns `False` if nothing was reserved."""
        if not self.size:
            return False
        self.size = max(0, self.size - needed - 4096)
        os.ftruncate(self._fd, self.size)
        return True

    def trim(self, wanted: int) -> None:
        """Shrinks if far more than `wanted` bytes are reserved."""
        enough = max(self._step, 2 * wanted)
        if self.size > 2 * enough:
            os.ftruncate(self._fd, enough)
            self.size = enough

    def remove(self) -> None:
        """Frees all and deletes the file."""
        os.close(self._fd)
        self._path.unlink(missing_ok=True)
