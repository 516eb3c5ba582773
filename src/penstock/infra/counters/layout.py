"""The layout of the counter file, little endian.

header    magic, format, sizes, salt, CRC-32; then flags and facts that change
journal   the changes of the transaction in progress
owners    for each block of reservations, the worker that has it
rows      the counters
entries   the open reservations
"""

import struct
from typing import Final

MAGIC: Final = b"penstock"
FORMAT: Final = 1  # in the name of the file, too: versions with another format do not open it

ROWS: Final = 65_536  # counters of a machine
WAYS: Final = 8  # rows in which a key may be; a key has two such sets
MAX_BLOCKS: Final = 64  # of reservations; a worker takes one after the other
BLOCK_ENTRIES: Final = 256
ENTRIES: Final = MAX_BLOCKS * BLOCK_ENTRIES  # open calls of a machine that have limits
MAX_WORKERS: Final = 1024  # processes that use the file at once; another one cannot open it

HEAD: Final = struct.Struct("<8sIII16sI")  # magic, format, rows, entries, salt, CRC
JOURNAL_FLAG_AT: Final = 64  # 1: the journal is complete and must be applied
REPAIR_FLAG_AT: Final = 65  # 1: the held amounts must be counted again
FACTS: Final = struct.Struct("<qqq16s")  # created, lost counters, repaired at, boot
FACTS_AT: Final = 72
JOURNAL_AT: Final = 4096
JOURNAL_BYTES: Final = 8192  # more than the changes of 16 claims
JOURNAL_HEAD: Final = struct.Struct("<II")  # length, CRC
PIECE: Final = struct.Struct("<II")  # offset and length of a change
OWNERS_AT: Final = JOURNAL_AT + JOURNAL_BYTES
OWNER: Final = struct.Struct("<I")  # worker + 1; 0: free
ROWS_AT: Final = 16_384
ROW: Final = struct.Struct("<16s9qII")
ROW_HEAD: Final = struct.Struct("<16s4q")  # its first part: the key, and the newer window
ROW_TAIL: Final = struct.Struct("<5qI")  # what follows, without the CRC
ENTRIES_AT: Final = ROWS_AT + ROWS * ROW.size
ENTRY_HEAD: Final = struct.Struct("<BBBxI")  # state, claims, prefetched, CRC of the claims
PREFETCHED_AT: Final = 2  # of an entry: 1 if it has what is free of each of its claims
ENTRY_CLAIM: Final = struct.Struct("<IIqq")  # row, kind, amount, start of the window
ENTRY_BYTES: Final = ENTRY_HEAD.size + 16 * ENTRY_CLAIM.size  # of one open reservation
MAX_PREFETCHED: Final = 8  # claims of a prefetched entry: half of its space
FREE_AMOUNTS_AT: Final = ENTRY_HEAD.size + MAX_PREFETCHED * ENTRY_CLAIM.size
# What is free of each claim: each number is written at once, so that it is never a part of two.
FREE_AMOUNTS: Final = [struct.Struct(f"@{count}q") for count in range(MAX_PREFETCHED + 1)]
FILE_BYTES: Final = ENTRIES_AT + ENTRIES * ENTRY_BYTES  # of the file; it never grows

FREE: Final = 0  # states of an entry
HELD: Final = 1
DISPATCHED: Final = 2

# Locks are on bytes beyond the end of the file.
TRANSACTION_LOCK_AT: Final = 1 << 40
WORKER_LOCKS_AT: Final = 1 << 41


def row_at(row: int) -> int:
    """Returns the offset of a row."""
    return ROWS_AT + row * ROW.size


def entry_at(entry: int) -> int:
    """Returns the offset of an entry."""
    return ENTRIES_AT + entry * ENTRY_BYTES
