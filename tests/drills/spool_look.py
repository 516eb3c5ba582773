"""The spool seen from outside: how much of it the store does not have yet."""

from pathlib import Path

from penstock.infra.spool.owner import read_mark


def unshipped_bytes(spool: Path) -> int:
    """The bytes behind the marks of all writers, dead or alive. Files may come and go."""
    return sum(_behind(spool, owner) for owner in spool.glob("*.owner"))


def _behind(spool: Path, owner: Path) -> int:
    try:
        mark = read_mark(owner.read_bytes())
        sizes = {
            int(path.stem.rpartition("-")[2]): path.stat().st_size
            for path in spool.glob(f"{owner.stem}-*.spool")
        }
    except FileNotFoundError:
        return 0
    later = sum(size for sequence, size in sizes.items() if sequence > mark.sequence)
    return later + max(0, sizes.get(mark.sequence, 0) - mark.offset)
