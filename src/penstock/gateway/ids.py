"""Trace and span ids, made in bulk: one system call for a hundred of them."""

import os
from typing import Final

_AHEAD: Final = 4096
_TRACE, _SPAN = 32, 16  # hex digits
_NO_SPAN: Final = "0" * _SPAN  # what W3C Trace Context forbids


class Ids:
    """Random ids, read ahead from the kernel. Not for secrets, and not across a fork."""

    def __init__(self) -> None:
        self._pool = ""
        self._at = 0

    def call(self) -> tuple[str, str]:
        """The ids of a new trace and of its first span: 32 and 16 lower-case hex digits."""
        taken = self._take(_TRACE + _SPAN)
        return (taken[:_TRACE], taken[_TRACE:]) if _NO_SPAN not in taken else self.call()

    def span(self) -> str:
        """16 lower-case hex digits, never all zero."""
        taken = self._take(_SPAN)
        return taken if taken != _NO_SPAN else self.span()

    def _take(self, count: int) -> str:
        end = self._at + count
        if end > len(self._pool):
            self._pool = os.urandom(_AHEAD).hex()
            self._at, end = 0, count
        taken = self._pool[self._at : end]
        self._at = end
        return taken
