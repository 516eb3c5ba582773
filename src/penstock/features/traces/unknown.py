"""Keeps records of a newer version until this server is upgraded and can store them.

Nothing of them is ever deleted unstored: at the limits, batches stay in the spools of the gateways.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import ClassVar

import msgspec

from penstock.infra.spool.quarantine import UNKNOWN
from penstock.infra.spool.unknown import (
    FolderUsage,
    UnknownFrames,
    folder_usage,
    keep_unknown,
    list_unknown,
    remove_unknown,
)
from penstock.kernel.errors import PenstockError
from penstock.kernel.time import Clock, rfc3339


class UnknownRecordsFull(PenstockError):
    """The server cannot keep more records of a newer version; the gateway keeps the batch."""

    status: ClassVar[int] = 507
    default_code = "unknown_records_full"


class UnknownRecordLimits(msgspec.Struct, frozen=True):
    """Capacity for records of a newer version."""

    files: int = 10_000
    bytes: int = 1024 * 1024 * 1024


class UnknownRecords:
    """The kept records in `<spool>/unknown`. Only the server of the home uses it."""

    def __init__(
        self, spool: Path, clock: Clock, limits: UnknownRecordLimits | None = None
    ) -> None:
        self._spool = spool
        self._clock = clock
        self._limits = limits or UnknownRecordLimits()
        self._lock = Lock()  # so that concurrent batches do not exceed the limits together

    def keep(self, found: Mapping[UnknownFrames, bytes]) -> None:
        """Keeps frames durably. Raises `UnknownRecordsFull` at the limits or on a full disk."""
        if not found:
            return
        at = rfc3339(self._clock.now_ns())
        with self._lock:
            new = {
                name: data for name, data in found.items() if not name.path(self._spool).exists()
            }
            self._require_capacity(new)
            try:
                for name, data in new.items():
                    keep_unknown(self._spool, name, data, at)
            except OSError as failure:
                raise _full(f"they cannot be written: {failure.strerror or failure}") from failure

    def list(self) -> list[UnknownFrames]:
        """Lists what is kept, in the order of writing."""
        return list_unknown(self._spool)

    def read(self, name: UnknownFrames) -> bytes:
        """Returns kept frames verbatim."""
        return name.path(self._spool).read_bytes()

    def remove(self, name: UnknownFrames) -> None:
        """Deletes kept frames that are stored."""
        remove_unknown(self._spool, name)

    def usage(self) -> FolderUsage:
        """Measures what is kept."""
        return folder_usage(self._spool / UNKNOWN, "*.frames")

    def copy_to(self, folder: Path) -> None:
        """Copies what is kept below `folder`, which takes the place of the spool folder."""
        folder.mkdir(exist_ok=True)
        for name in self.list():
            with suppress(FileNotFoundError):  # stored meanwhile
                data = self.read(name)
                keep_unknown(folder, name, data, rfc3339(self._clock.now_ns()))

    def _require_capacity(self, new: Mapping[UnknownFrames, bytes]) -> None:
        if not new:
            return
        usage = self.usage()
        size = usage.bytes + sum(map(len, new.values()))
        if usage.files + len(new) > self._limits.files or size > self._limits.bytes:
            raise _full("their space is used up")


def _full(reason: str) -> UnknownRecordsFull:
    return UnknownRecordsFull(
        f"The batch has records of a newer version, and {reason}.",
        hint="Upgrade the server; until then the gateway keeps the batch in spool/again.",
        retry_after_s=60,
    )
