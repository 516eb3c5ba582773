"""Statistics of the spool, for `/metrics` and `/readyz`."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from penstock.infra.spool.quarantine import AGAIN, CORRUPT, REJECTED


class SpoolStats(msgspec.Struct, frozen=True):
    """Counts of this process since its start, except `…_on_disk`: these are of the whole home.
    `full_because` and `last_failure` are reasons; empty without a problem."""

    bytes_on_disk: int
    segments_on_disk: int
    rejected_on_disk: int  # batches that the server rejected, in spool/rejected
    corrupt_on_disk: int  # damaged ranges, in spool/corrupt
    open_calls: int
    waiting_batches: int
    oldest_unshipped_s: float
    full_because: str
    lost_calls: int
    refused_calls: int
    shipped_batches: int
    shipped_bytes: int
    rejected_batches: int
    retries: int
    sync_failures: int
    adopted_writers: int
    interrupted_calls: int
    torn_tails: int
    corrupt_stretches: int
    last_failure: str
    again_on_disk: int = 0  # batches that were deferred or requeued, in spool/again
    dropped_files: int = 0  # files deleted from rejected and corrupt, at their limits
    projects_at_share: int = 0  # projects whose share of the spool is used up

    def notices(self) -> list[str]:
        """Returns sentences about conditions that an operator should check."""
        sentences = {
            f"{self.rejected_on_disk} batches that the server rejected are kept in"
            " spool/rejected, each with its reason.": self.rejected_on_disk,
            f"{self.corrupt_on_disk} damaged ranges of the spool are kept in"
            " spool/corrupt.": self.corrupt_on_disk,
            f"{self.again_on_disk} batches that the server failed to store are retried"
            " after the others.": self.again_on_disk,
            f"{self.dropped_files} old files in spool/rejected and spool/corrupt were deleted:"
            " the folders are limited.": self.dropped_files,
            f"{self.lost_calls} calls were answered without a record, because the"
            " spool was full.": self.lost_calls,
            f"Projects with their share of the spool used up: {self.projects_at_share}. Their calls"
            " are refused or not recorded until the server stores some.": self.projects_at_share,
            f"The spool could not be synced to its disk {self.sync_failures}"
            " times.": self.sync_failures,
            f"Records wait for the server: {self.last_failure}": self.last_failure,
        }
        return [sentence for sentence, applies in sentences.items() if applies]


@dataclass(slots=True)
class SpoolCounters:
    """The counters behind `SpoolStats`. `recovering_since`: when the oldest record of the dead
    writer that is being recovered was written (monotonic); `None` without one."""

    shipped_batches: int = 0
    shipped_bytes: int = 0
    rejected_batches: int = 0
    retries: int = 0
    sync_failures: int = 0
    adopted_writers: int = 0
    interrupted_calls: int = 0
    torn_tails: int = 0
    corrupt_stretches: int = 0
    dropped_files: int = 0
    recovering_since: float | None = None
    last_failure: str = ""


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """Disk usage of the spool directory, of all writers."""

    total_bytes: int = 0
    segment_count: int = 0
    rejected_count: int = 0
    corrupt_count: int = 0
    again_count: int = 0


def usage(directory: Path) -> DiskUsage:
    """Measures the disk usage. Files that are deleted meanwhile do not count."""
    segments = _sizes(directory, "*.spool")
    rejected = _sizes(directory / REJECTED, "*.batch")
    corrupt = _sizes(directory / CORRUPT, "*.bin")
    again = _sizes(directory / AGAIN, "*.batch")
    return DiskUsage(
        total_bytes=sum(segments) + sum(rejected) + sum(corrupt) + sum(again),
        segment_count=len(segments),
        rejected_count=len(rejected),
        corrupt_count=len(corrupt),
        again_count=len(again),
    )


def _sizes(directory: Path, pattern: str) -> list[int]:
    return [size for path in directory.glob(pattern) if (size := _size(path)) is not None]


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
