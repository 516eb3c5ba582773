"""Randomness in bulk: one system call for a hundred ids."""

import os


class Entropy:
    """Random bytes from the kernel, read ahead. Not for secrets, and not across a fork."""

    def __init__(self, ahead: int = 4096) -> None:
        self._ahead = ahead
        self._pool = b""
        self._at = 0

    def __call__(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._pool):
            self._pool = os.urandom(max(self._ahead, count))
            self._at, end = 0, count
        taken = self._pool[self._at : end]
        self._at = end
        return taken
