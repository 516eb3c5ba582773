"""The open reservations: each worker has blocks of entries of its own. When a worker has ended,
they say what it had reserved and which of it was dispatched.
"""

import mmap
from collections.abc import Iterator, Sequence
from struct import Struct
from typing import Final, NamedTuple

from penstock.infra.counters.layout import (
    BLOCK_ENTRIES,
    DISPATCHED,
    ENTRY_BYTES,
    ENTRY_CLAIM,
    ENTRY_HEAD,
    FREE,
    FREE_AMOUNTS,
    FREE_AMOUNTS_AT,
    HELD,
    MAX_BLOCKS,
    MAX_PREFETCHED,
    OWNER,
    OWNERS_AT,
    PREFETCHED_AT,
    entry_at,
)
from penstock.kernel.checksum import crc32
from penstock.rules.claims import MAX_CLAIMS

_FIELDS: Final = 4  # of a claim
_CLAIMS: Final = [Struct("<" + count * "IIqq") for count in range(MAX_CLAIMS + 1)]
_HEADS: Final = [ENTRY_HEAD.pack(HELD, count, 0, 0)[:-4] for count in range(MAX_CLAIMS + 1)]
_PREFETCHED: Final = 1
_OWNERS_END: Final = OWNERS_AT + MAX_BLOCKS * OWNER.size


class EntryClaim(NamedTuple):
    """A reserved amount of an entry, on the counter in the row at an offset. `counted`: the part
    that counts as used if the worker has ended."""

    place: int
    kind: int
    amount: int
    start_ns: int
    counted: int


class OpenEntry(NamedTuple):
    """An open reservation as the file has it. `claims` is `None` if it is damaged."""

    at: int
    claims: tuple[EntryClaim, ...] | None


class Entries:
    """The blocks of one worker."""

    def __init__(self, file: mmap.mmap, worker: int) -> None:
        self._file = file
        self._worker = worker
        self._free: list[int] = []

    def take(self) -> int:
        """Returns the offset of a free entry; 0 if the file has none. Call with the lock."""
        if not self._free:
            self._take_block()
        return self._free.pop() if self._free else 0

    def give_back(self, at: int) -> None:
        """Notes that an entry is free again, or was never used."""
        self._free.append(at)

    def _take_block(self) -> None:
        for block in range(MAX_BLOCKS):
            at = OWNERS_AT + block * OWNER.size
            if OWNER.unpack_from(self._file, at)[0] == 0:
                OWNER.pack_into(self._file, at, self._worker + 1)
                first = block * BLOCK_ENTRIES
                self._free.extend(entry_at(first + number) for number in range(BLOCK_ENTRIES))
                return


def encode_entry(claims: Sequence[int]) -> bytes:
    """Returns an entry that is not dispatched. `claims`: place, kind, amount and start of each."""
    count = len(claims) // _FIELDS
    body = _CLAIMS[count].pack(*claims)
    return _HEADS[count] + crc32(body).to_bytes(4, "little") + body


def encode_prefetched(claims: Sequence[int], free: Sequence[int]) -> bytes:
    """Returns an entry of prefetched amounts. `free`: the part of each that no call has taken."""
    count = len(claims) // _FIELDS
    body = _CLAIMS[count].pack(*claims)
    head = ENTRY_HEAD.pack(DISPATCHED, count, _PREFETCHED, crc32(body))
    return (head + body).ljust(FREE_AMOUNTS_AT, b"\0") + FREE_AMOUNTS[count].pack(*free)


def has_prefetched(file: mmap.mmap, place: int) -> bool:
    """Returns whether a worker has reserved more on the counter of a row than its calls."""
    for block, (owner,) in enumerate(OWNER.iter_unpack(file[OWNERS_AT:_OWNERS_END])):
        if not owner:
            continue
        first = entry_at(block * BLOCK_ENTRIES)
        flags = file[first + PREFETCHED_AT : first + BLOCK_ENTRIES * ENTRY_BYTES : ENTRY_BYTES]
        number = flags.find(_PREFETCHED)
        while number >= 0:
            entry = _open_entry(file, first + number * ENTRY_BYTES)
            for claim in (entry and entry.claims) or ():
                if claim.place == place and claim.counted < claim.amount:
                    return True
            number = flags.find(_PREFETCHED, number + 1)
    return False


def blocks_of(file: mmap.mmap, worker: int) -> list[int]:
    """Returns the blocks of a worker."""
    owners = enumerate(OWNER.iter_unpack(file[OWNERS_AT:_OWNERS_END]))
    return [block for block, (owner,) in owners if owner == worker + 1]


def owners_in(file: mmap.mmap) -> set[int]:
    """Returns all workers that have blocks."""
    owners = OWNER.iter_unpack(file[OWNERS_AT:_OWNERS_END])
    return {owner - 1 for (owner,) in owners if owner}


def free_block(file: mmap.mmap, block: int) -> None:
    """Frees a block for other workers. Its entries must be free."""
    OWNER.pack_into(file, OWNERS_AT + block * OWNER.size, 0)


def open_entries(file: mmap.mmap, block: int) -> Iterator[OpenEntry]:
    """Yields the open reservations of a block."""
    for number in range(BLOCK_ENTRIES):
        entry = _open_entry(file, entry_at(block * BLOCK_ENTRIES + number))
        if entry is not None:
            yield entry


def _open_entry(file: mmap.mmap, at: int) -> OpenEntry | None:
    state, count, prefetched, crc = ENTRY_HEAD.unpack_from(file, at)
    if state == FREE:
        return None
    start = at + ENTRY_HEAD.size
    body = file[start : start + count * ENTRY_CLAIM.size]
    if count > MAX_CLAIMS or crc32(body) != crc:
        return OpenEntry(at, None)
    free = [0] * count
    if prefetched and count <= MAX_PREFETCHED:
        free = list(FREE_AMOUNTS[int(count)].unpack_from(file, at + FREE_AMOUNTS_AT))
    claims: list[EntryClaim] = []
    for number, (place, kind, amount, start_ns) in enumerate(ENTRY_CLAIM.iter_unpack(body)):
        counted = min(max(amount - free[number], 0), amount) if state == DISPATCHED else 0
        claims.append(EntryClaim(place, kind, amount, start_ns, counted))
    return OpenEntry(at, tuple(claims))
