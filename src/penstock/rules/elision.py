"""Leaves files in base64 out of a text that is recorded, piece by piece."""

import re
from typing import Final

MIN_RUN_BYTES: Final = 1024  # of base64; a shorter run stays
_DIGITS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-"
# The look-behind lets a search begin at the start of a run only: many runs that are a little too
# short must not cost quadratic time.
_LONG: Final = re.compile(rb"(?<![\w+/=-])[\w+/=-]{%d,}" % MIN_RUN_BYTES, re.ASCII)
_RUN: Final = re.compile(rb"[\w+/=-]*", re.ASCII)


class Elision:
    """Replaces each long run of base64 by its length."""

    def __init__(self) -> None:
        self._start = b""  # of a run that may become long
        self._long = 0  # bytes of the long run so far

    def add(self, piece: bytes) -> bytes:
        """Returns what stays of the text so far."""
        mark = b""
        if self._long:
            run = _RUN.match(piece)
            end = run.end() if run else 0
            self._long += end
            if end == len(piece):
                return b""
            mark, self._long, piece = _mark(self._long), 0, piece[end:]
        text = self._start + piece
        whole = text.rstrip(_DIGITS)
        self._start = text[len(whole) :]
        if len(self._start) >= MIN_RUN_BYTES:
            self._long, self._start = len(self._start), b""
        return mark + _LONG.sub(lambda run: _mark(len(run[0])), whole)

    def end(self) -> bytes:
        """Returns the rest of the text."""
        rest = _mark(self._long) if self._long else self._start
        self._long, self._start = 0, b""
        return rest


def without_files(text: bytes) -> bytes:
    """Returns the text without its long runs of base64."""
    return _LONG.sub(lambda run: _mark(len(run[0])), text)


def _mark(size: int) -> bytes:
    return b"(%d bytes of base64)" % size
