"""Capacity on the disk that is taken before it is needed, so that an admitted call can end.

A file of allocated, never written blocks. When the disk is full, giving some back makes room for
just the record that must be written; as long as it cannot grow again, no call is admitted.
"""

import os
from pathlib import Path


class Reserve:
    """`size` bytes are held back from everybody else on this disk."""

    def __init__(self, path: Path, step_bytes: int) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._path = path
        self._step = step_bytes
        self.size = 0

    def hold(self, wanted: int) -> None:
        """Grows to at least `wanted` bytes, in steps. `OSError` if the disk has no capacity."""
        if wanted <= self.size:
            return
        size = -(-wanted // self._step) * self._step
        try:
            os.posix_fallocate(self._fd, 0, size)
        except OSError:
            os.ftruncate(self._fd, self.size)  # what it got before it failed
            raise
        self.size = size

    def give_back(self, needed: int) -> bool:
        """Frees `needed` bytes and a block to spare; `False` if nothing was left to free."""
        if not self.size:
            return False
        self.size = max(0, self.size - needed - 4096)
        os.ftruncate(self._fd, self.size)
        return True

    def trim(self, wanted: int) -> None:
        """Shrinks if far more is held than `wanted`."""
        enough = max(self._step, 2 * wanted)
        if self.size > 2 * enough:
            os.ftruncate(self._fd, enough)
            self.size = enough

    def remove(self) -> None:
        """Frees everything."""
        os.close(self._fd)
        self._path.unlink(missing_ok=True)
