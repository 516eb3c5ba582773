"""The file that says that there is work: it makes the supervisor start a worker.

Who adds a job touches it after the commit. A worker removes it when it wants to end, and looks for
work once more after that: so work that is added at any moment is seen by one or the other.
"""

from pathlib import Path


class WorkWanted:
    """The file, in the home."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __bool__(self) -> bool:
        return self._path.exists()

    def set(self) -> None:
        """Creates the file: there is work."""
        self._path.touch(mode=0o600)

    def clear(self) -> None:
        """Removes the file: there is none."""
        self._path.unlink(missing_ok=True)
