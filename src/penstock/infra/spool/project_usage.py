"""The usage of the spool by project, so that none exceeds its share."""

from penstock.rules.shares import ratio_of


class ProjectUsage:
    """Bytes by project: reserved for the ENDs of open calls, and written but not yet shipped.

    A project may grow as long as it then has at most share / (1 - share) times the free bytes.
    Records without a project (`""`) have no share: the gateway records only a sample of them.
    Projects without any bytes are removed.
    """

    def __init__(self, share: float) -> None:
        self._ratio = ratio_of(share)
        self._reserved: dict[str, int] = {}
        self._written: dict[str, int] = {}

    def fits(self, project: str, more: int, free: int) -> bool:
        """Returns whether `project` may have `more` bytes while `free` bytes are unused."""
        if not project:
            return True
        held = self._reserved.get(project, 0) + self._written.get(project, 0)
        return held + more <= self._ratio * free

    def count_at_share(self, more: int, free: int) -> int:
        """Counts the projects that may not have `more` bytes."""
        projects = self._reserved.keys() | self._written.keys()
        return sum(not self.fits(project, more, free) for project in projects)

    def count(self, project: str, written: int, reserved: int) -> None:
        """Counts the bytes of a written record, and those newly reserved for the END of a call
        (negative: released)."""
        if not project:
            return
        if written:
            self._written[project] = self._written.get(project, 0) + written
        if left := self._reserved.get(project, 0) + reserved:
            self._reserved[project] = left
        else:
            self._reserved.pop(project, None)

    def shrink(self, used: int) -> None:
        """Reduces all projects in proportion, to `used` written bytes in total. Shipping is in the
        order of writing, so that the real parts shrink about alike."""
        total = sum(self._written.values())
        if total > used:
            parts = {p: size * used // total for p, size in self._written.items()}
            self._written = {project: size for project, size in parts.items() if size}

    def __len__(self) -> int:
        return len(self._reserved.keys() | self._written.keys())
