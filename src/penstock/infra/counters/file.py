"""Opens the counter file: creates it whole, so that a full disk cannot fault later, and replaces
one that is not a counter file of this format.
"""

import logging
import mmap
import os
from pathlib import Path
from typing import Final, NamedTuple

from penstock.infra.counters.layout import (
    ENTRIES,
    FACTS,
    FACTS_AT,
    FILE_BYTES,
    FORMAT,
    HEAD,
    MAGIC,
    ROWS,
)
from penstock.infra.shared_file import alone, boot_id, create_whole
from penstock.kernel.checksum import crc32
from penstock.spi.counters import CountersUnavailable

_log: Final = logging.getLogger("penstock.counters")


class CounterFacts(NamedTuple):
    """The time when the file was created, how many damaged counters started from zero since then,
    and when the last one did. `boot`: the start of the machine that wrote it."""

    created_ns: int
    lost: int
    lost_ns: int
    boot: bytes


class OpenFile(NamedTuple):
    """The mapped file. `salt` makes the places of keys unpredictable."""

    fd: int
    data: mmap.mmap
    salt: bytes

    def facts(self) -> CounterFacts:
        """Reads the facts that change."""
        return CounterFacts(*FACTS.unpack_from(self.data, FACTS_AT))

    def save_facts(self, facts: CounterFacts) -> None:
        """Writes them. Call with the transaction lock."""
        FACTS.pack_into(self.data, FACTS_AT, *facts)

    def is_at(self, path: Path) -> bool:
        """Returns whether this is still the file with that name."""
        try:
            return path.stat().st_ino == os.fstat(self.fd).st_ino
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Unmaps the file, and releases all locks on it."""
        self.data.close()
        os.close(self.fd)


def path_in(folder: Path) -> Path:
    """Returns the file of this format in the folder of counters."""
    return folder / f"counters.{FORMAT}"


def allowance_path_in(folder: Path) -> Path:
    """Returns the file of what is used of limits while their counters on Redis are away."""
    return folder / f"allowance.{FORMAT}"


def open_counters(path: Path, now_ns: int) -> OpenFile:
    """Opens the file, or creates it. A file that cannot be read is renamed to `….damaged`; the new
    one starts from zero. Raises `CountersUnavailable` without space or permission."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with alone(path):
            found = _open(path)
            if found is None:
                if path.exists():
                    _log.error("%s is damaged; its counters start from zero", path)
                    path.rename(path.with_name(f"{path.name}.damaged"))
                _create(path, now_ns)
                found = _open(path)
    except OSError as error:
        raise CountersUnavailable(f"{path} cannot be used: {error.strerror}.") from error
    if found is None:
        raise CountersUnavailable(f"{path} cannot be read after it was created.")
    return found


def open_existing(path: Path) -> OpenFile | None:
    """Opens the file to read it; `None` if there is none that can be read."""
    try:
        return _open(path, writable=False)
    except OSError:
        return None


def _open(path: Path, *, writable: bool = True) -> OpenFile | None:
    """Returns `None` if there is no file, or not a whole one of this format."""
    try:
        fd = os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    if os.fstat(fd).st_size == FILE_BYTES:
        access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
        data = mmap.mmap(fd, FILE_BYTES, access=access)
        if (salt := _salt(data[: HEAD.size])) is not None:
            return OpenFile(fd, data, salt)
        data.close()
    os.close(fd)
    return None


def _salt(head: bytes) -> bytes | None:
    magic, version, rows, entries, salt, crc = HEAD.unpack(head)
    valid = crc32(head[:-4]) == crc and magic == MAGIC and version == FORMAT
    return salt if valid and (rows, entries) == (ROWS, ENTRIES) else None


def _create(path: Path, now_ns: int) -> None:
    body = HEAD.pack(MAGIC, FORMAT, ROWS, ENTRIES, os.urandom(16), 0)[:-4]
    head = body + crc32(body).to_bytes(4, "little")
    facts = FACTS.pack(now_ns, 0, 0, boot_id())
    create_whole(path, FILE_BYTES, ((0, head), (FACTS_AT, facts)))
