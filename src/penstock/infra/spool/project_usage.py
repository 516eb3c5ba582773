"""The usage of the spool by project, so that none exceeds its share."""

from dataclasses import dataclass

from penstock.rules.shares import ratio_of


@dataclass(slots=True)
class _Usage:
    """Bytes of one project."""

    reserved: int = 0
    written: int = 0


class ProjectUsage:
    """Bytes by project: reserved for the ENDs of open calls, and written but not yet shipped.

    A project may grow as long as it then has at most share / (1 - share) times the free bytes.
    Records without a project (`""`) have no share: the gateway records only a sample of them.
    Projects without any bytes are removed.
    """

    def __init__(self, share: float) -> None:
        self._ratio = ratio_of(share)
        self._usage: dict[str, _Usage] = {}

    def fits(self, project: str, more: int, free: int) -> bool:
        """Returns whether `project` may have `more` bytes while `free` bytes are unused."""
        if not project:
            return True
        usage = self._usage.get(project)
        held = usage.reserved + usage.written if usage is not None else 0
        return held + more <= self._ratio * free

    def count_at_share(self, more: int, free: int) -> int:
        """Counts the projects that may not have `more` bytes."""
        return sum(not self.fits(project, more, free) for project in self._usage)

    def count(self, project: str, written: int, reserved: int) -> None:
        """Counts the bytes of a written record, and those newly reserved for the END of a call
        (negative: released)."""
        if not project:
            return
        usage = self._usage.get(project)
        if usage is None:
            usage = self._usage[project] = _Usage()
        usage.written += written
        usage.reserved += reserved
        if not usage.written and not usage.reserved:
            del self._usage[project]

    def shrink(self, used: int) -> None:
        """Reduces all projects in proportion, to `used` written bytes in total. Shipping is in the
        order of writing, so that the real parts shrink about alike."""
        total = sum(usage.written for usage in self._usage.values())
        if total <= used:
            return
        for project, usage in list(self._usage.items()):
            usage.written = usage.written * used // total
            if not usage.written and not usage.reserved:
                del self._usage[project]

    def __len__(self) -> int:
        return len(self._usage)
