"""The limits of the spool: its size, when it cuts and rotates, and the policy when it is full."""

from enum import StrEnum
from typing import Final

import msgspec

from penstock.infra.spool.quarantine import QuarantineLimits
from penstock.kernel.errors import Overloaded

MIB: Final = 1024 * 1024


class OnFull(StrEnum):
    """The policy of a project for calls whose records do not fit into the spool."""

    REFUSE = "refuse"  # no call without a record: 503
    SERVE = "serve"  # serve the call; the lost record is counted


class SpoolFull(Overloaded):
    """The spool has no capacity for the records of another call."""

    default_code = "spool_full"


class ShareReached(OSError):
    """The project has used its share of the quota; other projects are not affected."""


class SpoolLimits(msgspec.Struct, frozen=True, omit_defaults=True):
    """Sizes in bytes, durations in seconds.

    `quota_bytes` bounds all segments of the home together. A segment may take an eighth of it, and
    so may each of the folders `rejected` and `corrupt`; beyond that their oldest files are deleted.
    `defer_after`: failures of the server over one batch until the other batches go first
    (`again/`). `reject_after`: failures there, while others are stored, until the batch is
    quarantined (`rejected/`).
    """

    quota_bytes: int = 1024 * MIB
    project_share: float = 0.9  # part of the quota that one project may use
    segment_bytes: int = 64 * MIB
    segment_s: float = 60.0
    batch_bytes: int = 4 * MIB
    batch_records: int = 5_000
    batch_s: float = 0.5
    sync_s: float = 0.2
    adopt_s: float = 2.0
    measure_s: float = 1.0  # interval between measurements of the disk
    reserve_step_bytes: int = MIB
    defer_after: int = 5
    reject_after: int = 60
    quarantine_files: int = 1_000  # in rejected, and in corrupt

    @property
    def rotate_bytes(self) -> int:
        """Returns the size at which a segment is closed."""
        return min(self.segment_bytes, self._eighth)

    @property
    def quarantine(self) -> QuarantineLimits:
        """Returns the capacity of `rejected`, and of `corrupt`."""
        return QuarantineLimits(self.quarantine_files, self._eighth)

    @property
    def _eighth(self) -> int:
        return max(self.quota_bytes // 8, 4096)
