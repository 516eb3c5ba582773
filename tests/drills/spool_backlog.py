"""The backlog of a spool, measured from outside."""

from pathlib import Path

from penstock.infra.spool.owner import read_checkpoint


def unshipped_bytes(spool: Path) -> int:
    """Returns the bytes after the checkpoints of all writers, dead or alive."""
    return sum(_after_checkpoint(spool, owner) for owner in spool.glob("*.owner"))


def _after_checkpoint(spool: Path, owner: Path) -> int:
    try:
        checkpoint = read_checkpoint(owner.read_bytes())
        sizes = {
            int(path.stem.rpartition("-")[2]): path.stat().st_size
            for path in spool.glob(f"{owner.stem}-*.spool")
        }
    except FileNotFoundError:
        return 0
    later = sum(size for sequence, size in sizes.items() if sequence > checkpoint.sequence)
    return later + max(0, sizes.get(checkpoint.sequence, 0) - checkpoint.offset)
