"""How much the spool may hold, when it cuts and rotates, and what happens when it is full."""

from enum import StrEnum
from typing import Final

import msgspec

from penstock.infra.spool.quarantine import QuarantineLimits
from penstock.kernel.errors import Overloaded

MIB: Final = 1024 * 1024


class OnFull(StrEnum):
    """What a project wants when its records find no capacity."""

    REFUSE = "refuse"  # no call without its record: 503
    SERVE = "serve"  # answer on; the lost record is counted and shown


class SpoolFull(Overloaded):
    """There is no room for the records of another call."""

    default_code = "spool_full"


class ShareReached(OSError):
    """A project has its share of the quota; others still find capacity."""


class SpoolLimits(msgspec.Struct, frozen=True, omit_defaults=True):
    """Sizes in bytes, durations in seconds.

    `quota_bytes` bounds all segments of the home together; a segment may take an eighth of it, and
    so may each of what was rejected and what is corrupt: beyond that the oldest go.
    `defer_after`: failures of the server over one batch until the others go first (`again/`);
    `reject_after`: failures there, while others are stored, until it is set aside (`rejected/`).
    """

    quota_bytes: int = 1024 * MIB
    project_share: float = 0.9  # of the quota one project may fill while nobody else has any
    segment_bytes: int = 64 * MIB
    segment_s: float = 60.0
    batch_bytes: int = MIB
    batch_records: int = 5_000
    batch_s: float = 0.5
    sync_s: float = 0.2
    adopt_s: float = 2.0
    measure_s: float = 1.0  # how often the disk is looked at
    reserve_step_bytes: int = MIB
    defer_after: int = 5
    reject_after: int = 60
    quarantine_files: int = 1_000  # in rejected, and in corrupt

    @property
    def rotate_bytes(self) -> int:
        """The size at which a segment is closed."""
        return min(self.segment_bytes, self._eighth)

    @property
    def quarantine(self) -> QuarantineLimits:
        """What `rejected` may hold, and what `corrupt` may."""
        return QuarantineLimits(self.quarantine_files, self._eighth)

    @property
    def _eighth(self) -> int:
        return max(self.quota_bytes // 8, 4096)
