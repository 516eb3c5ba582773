"""A worker's metrics as a file, for the other workers of its home.

The file is MessagePack, not text, and is validated when it is read: a name that another worker
wrote can never add lines or labels to the page. `prometheus.py` renders pages as text.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

MAX_PAGE_BYTES: Final = 16 * 1024 * 1024  # of one worker; a larger file is not read

_NAME: Final = r"\A[a-zA-Z_][a-zA-Z0-9_]*\Z"
_FILE: Final = re.compile(r"metrics-(?P<worker>.+)-(?P<pid>[0-9]{1,9})\.page")

Name = Annotated[str, msgspec.Meta(pattern=_NAME)]
Labels = tuple[tuple[Name, str], ...]


class MetricSample(msgspec.Struct, frozen=True, array_like=True):
    """One value. Only histograms have a `suffix`."""

    suffix: Literal["", "_bucket", "_sum", "_count"]
    labels: Labels
    value: float


class Family(msgspec.Struct, frozen=True, array_like=True):
    """One metric with its samples."""

    name: Name
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    samples: tuple[MetricSample, ...]


class MetricsPage(msgspec.Struct, frozen=True, array_like=True):
    """All metrics of one worker."""

    worker: str
    families: tuple[Family, ...]


class MetricsPages:
    """The page files of all workers, in `directory`. A file counts while its process runs."""

    def __init__(self, directory: Path, worker: str) -> None:
        self._directory = directory
        self._worker = worker
        self._own = directory / f"metrics-{worker}-{os.getpid()}.page"

    def write(self, page: MetricsPage) -> None:
        """Replaces this worker's page in one step: readers see the old one or the new one."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._own.with_suffix(".tmp")
        draft.write_bytes(msgspec.msgpack.encode(page))
        draft.replace(self._own)

    def others(self) -> Iterator[MetricsPage]:
        """The pages of the other running workers. Removes the files of ended ones, and skips files
        that cannot be read.
        """
        seen = {self._worker}
        for path in sorted(self._directory.glob("metrics-*"), key=_age):
            found = _FILE.fullmatch(path.name)
            if found is None or path == self._own:
                continue
            if not Path(f"/proc/{found['pid']}").exists():
                path.unlink(missing_ok=True)
            elif (page := _read(path)) is not None and page.worker not in seen:
                seen.add(page.worker)
                yield page

    def remove(self) -> None:
        """Removes this worker's page."""
        self._own.unlink(missing_ok=True)


def _age(path: Path) -> float:
    """Sorts the newest file first, and one that was just removed last."""
    try:
        return -path.stat().st_mtime
    except OSError:
        return 0.0


def _read(path: Path) -> MetricsPage | None:
    try:
        if path.stat().st_size > MAX_PAGE_BYTES:
            return None
        return msgspec.msgpack.decode(path.read_bytes(), type=MetricsPage)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
