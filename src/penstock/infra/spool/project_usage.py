"""What each project has in the spool, so that none takes more than a share of it."""

from penstock.rules.shares import ratio_of


class ProjectUsage:
    """Bytes by project: kept for the ends of open calls, and written but not yet shipped.

    A project may grow as long as it then has at most share / (1 - share) times what is free. What
    belongs to no project (`""`) has no share: the gateway records only a sample of it. Projects
    that have nothing are forgotten.
    """

    def __init__(self, share: float) -> None:
        self._ratio = ratio_of(share)
        self._reserved: dict[str, int] = {}
        self._written: dict[str, int] = {}

    def fits(self, project: str, more: int, free: int) -> bool:
        """Whether `project` may have `more` bytes while `free` are nobody's."""
        if not project:
            return True
        held = self._reserved.get(project, 0) + self._written.get(project, 0)
        return held + more <= self._ratio * free

    def count_at_share(self, more: int, free: int) -> int:
        """How many projects may not have `more` bytes."""
        projects = self._reserved.keys() | self._written.keys()
        return sum(not self.fits(project, more, free) for project in projects)

    def reserve(self, project: str, size: int) -> None:
        """Capacity for the end of a call; a negative `size` gives it back."""
        left = self._reserved.pop(project, 0) + size
        if project and left:
            self._reserved[project] = left

    def write(self, project: str, size: int) -> None:
        """Bytes of a record."""
        if project:
            self._written[project] = self._written.get(project, 0) + size

    def shrink(self, used: int) -> None:
        """Of all that was written, `used` bytes are left. Shipping is in the order of writing, so
        that everybody's part shrinks about alike."""
        total = sum(self._written.values())
        if total > used:
            parts = {p: size * used // total for p, size in self._written.items()}
            self._written = {project: size for project, size in parts.items() if size}

    def __len__(self) -> int:
        return len(self._reserved.keys() | self._written.keys())
