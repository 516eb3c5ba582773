"""Transactions: several changes of the file that happen all or not at all.

The changes are written into the journal first, with a checksum, then applied. A process that is
killed in between leaves a complete journal, which the next one applies, or an incomplete one, which
changes nothing. All this happens under the transaction lock.
"""

import mmap
from collections.abc import Callable, Sequence
from typing import Final

from penstock.infra.counters.layout import (
    JOURNAL_AT,
    JOURNAL_FLAG_AT,
    JOURNAL_HEAD,
    PIECE,
)
from penstock.kernel.checksum import crc32

Change = tuple[bytes, slice, bytes]
"""The head of a change in the journal, its place in the file, and the new bytes there."""

_BODY_AT: Final = JOURNAL_AT + JOURNAL_HEAD.size


def no_step(_: str) -> None:
    """Observes nothing; tests kill or stop the process at a step."""


def change(at: int, data: bytes) -> Change:
    """Returns the change of the bytes at an offset."""
    return PIECE.pack(at, len(data)), slice(at, at + len(data)), data


def commit(
    file: mmap.mmap, changes: Sequence[Change], on_step: Callable[[str], None] | None = None
) -> None:
    """Applies all changes, or none if the process is killed before its journal is complete."""
    body = b"".join([head + data for head, _, data in changes])
    journal = JOURNAL_HEAD.pack(len(body), crc32(body)) + body
    file[JOURNAL_AT : JOURNAL_AT + len(journal)] = journal
    if on_step is not None:
        on_step("written")
    file[JOURNAL_FLAG_AT] = 1
    if on_step is not None:
        on_step("journaled")
    for _, where, data in changes:
        file[where] = data
        if on_step is not None:
            on_step("changed")
    file[JOURNAL_FLAG_AT] = 0


def redo(file: mmap.mmap) -> None:
    """Applies the journal of a process that was killed. Ignores a damaged one."""
    length, crc = JOURNAL_HEAD.unpack_from(file, JOURNAL_AT)
    body = file[_BODY_AT : _BODY_AT + length]
    if len(body) == length and crc32(body) == crc:
        at = 0
        while at < length:
            offset, size = PIECE.unpack_from(body, at)
            at += PIECE.size
            file[offset : offset + size] = body[at : at + size]
            at += size
    file[JOURNAL_FLAG_AT] = 0
