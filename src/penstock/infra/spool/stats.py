"""What can be seen of the spool: for `/metrics` and `/readyz`."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from penstock.infra.spool.quarantine import AGAIN, CORRUPT, REJECTED


class SpoolStats(msgspec.Struct, frozen=True):
    """Counts are of this process since its start, but where it says `on disk`: these are of the
    whole home. `full_because` and `last_failure` are sentences, empty while all is well."""

    bytes_on_disk: int
    segments_on_disk: int
    rejected_on_disk: int  # batches the server will never take, in spool/rejected
    corrupt_on_disk: int  # damaged stretches, in spool/corrupt
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
    again_on_disk: int = 0  # batches that failed or were put back, in spool/again
    dropped_files: int = 0  # files that rejected or corrupt had no room for
    projects_at_share: int = 0  # projects whose calls are refused because of their share

    def notices(self) -> list[str]:
        """What a person should know although everything works, in sentences."""
        told = {
            f"{self.rejected_on_disk} batches that the server will never take are kept in"
            " spool/rejected, each with its reason.": self.rejected_on_disk,
            f"{self.corrupt_on_disk} damaged stretches of the spool are kept in"
            " spool/corrupt.": self.corrupt_on_disk,
            f"{self.again_on_disk} batches that the server failed over are tried again"
            " beside the others.": self.again_on_disk,
            f"{self.dropped_files} old files in spool/rejected and spool/corrupt were deleted, for"
            " want of capacity.": self.dropped_files,
            f"{self.lost_calls} calls were answered without a record, for want of"
            " capacity.": self.lost_calls,
            f"Projects that have their share of the spool: {self.projects_at_share}. Their calls"
            " are refused or not recorded until the server has taken some.": self.projects_at_share,
            f"The spool could not be synced to its disk {self.sync_failures}"
            " times.": self.sync_failures,
            f"Records wait for the server: {self.last_failure}": self.last_failure,
        }
        return [sentence for sentence, applies in told.items() if applies]


@dataclass(slots=True)
class SpoolCounters:
    """The running counts behind `SpoolStats`. `carrying_since`: when the oldest record under way
    from a dead writer was written (monotonic); `None`: nothing is."""

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
    carrying_since: float | None = None
    last_failure: str = ""


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """What lies in the spool's directory, of all writers."""

    total_bytes: int = 0
    segment_count: int = 0
    rejected_count: int = 0
    corrupt_count: int = 0
    again_count: int = 0


def usage(directory: Path) -> DiskUsage:
    """Looks at the disk. Files that vanish meanwhile do not count."""
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
