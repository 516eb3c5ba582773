"""The files of Inspect's logs: `.eval` archives and `.json`. Memory holds a sample at a time of an
archive."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from penstock.entrypoints.cli.foreign_evaluations.documents import (
    MAX_EXPORT_BYTES,
    read_json,
    read_text,
)
from penstock.entrypoints.cli.foreign_evaluations.imported import MAX_ITEMS, list_of, mapping_of
from penstock.kernel.errors import InvalidRequest, SetupError

MAX_ARCHIVE_BYTES: Final = 2 * 1024**3  # of an archive of Inspect
MAX_MEMBER_BYTES: Final = 64 * 1024 * 1024  # of one file of an archive, unpacked
MAX_MEMBERS: Final = 4 * MAX_ITEMS  # of an archive
MAX_UNPACKED_BYTES: Final = 16 * 1024**3  # of all files of an archive that are read
_HEADER: Final = "header.json"


@dataclass(frozen=True, slots=True)
class InspectFile:
    """A log: what it says of the whole evaluation, and its samples, each with its place."""

    header: Mapping[str, Any]
    samples: Iterator[tuple[str, Mapping[str, Any]]]


def open_log(path: Path) -> InspectFile:
    """Opens a log. Raises `SetupError`, `InvalidRequest`; reading the samples does, too."""
    if path.suffix.lower() != ".eval":
        document = mapping_of(read_json(read_text(path, MAX_EXPORT_BYTES), path.name))
        samples = enumerate(list_of(document.get("samples")))
        found = ((f"{path.name}, sample {at + 1}", mapping_of(each)) for at, each in samples)
        return InspectFile(document, found)
    archive = _opened(path)
    header = mapping_of(read_json(_member(archive, _HEADER, path), f"{path.name}/{_HEADER}"))
    return InspectFile(header, _samples(archive, path))


def _opened(path: Path) -> Any:
    """Returns the archive. Inspect packs with Zstandard, which Python reads since 3.14."""
    try:
        from backports.zstd import zipfile  # lazy: for archives only
    except ImportError:
        import zipfile  # lazy: the same
    try:
        if path.expanduser().stat().st_size > MAX_ARCHIVE_BYTES:
            raise SetupError(f"{path} is larger than {MAX_ARCHIVE_BYTES:,} bytes.")
        archive = zipfile.ZipFile(path.expanduser())
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error}.") from error
    except (NotImplementedError, ValueError, cast("type[Exception]", zipfile.BadZipFile)) as error:
        raise InvalidRequest(f"{path.name} is no archive of Inspect: {error}.") from error
    if len(archive.infolist()) > MAX_MEMBERS:
        raise InvalidRequest(f"{path.name} has more than {MAX_MEMBERS:,} files.")
    if _HEADER not in archive.NameToInfo:
        raise InvalidRequest(
            f"{path.name} has no {_HEADER}: the evaluation did not end.",
            hint="Recover it: inspect log recover",
        )
    return archive


def _samples(archive: Any, path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    total = 0
    for name in cast("list[str]", archive.namelist()):
        if name.startswith("samples/") and name.endswith(".json"):
            content = _member(archive, name, path)
            total += len(content)
            if total > MAX_UNPACKED_BYTES:
                raise InvalidRequest(f"{path.name} unpacks to over {MAX_UNPACKED_BYTES:,} bytes.")
            place = f"{path.name}/{name}"
            yield place, mapping_of(read_json(content, place))


def _member(archive: Any, name: str, path: Path) -> bytes:
    """Returns a file of an archive; what it unpacks to is counted, not believed."""
    try:
        with archive.open(name) as file:
            content: bytes = file.read(MAX_MEMBER_BYTES + 1)
    except Exception as error:  # each codec of archives has errors of its own
        raise InvalidRequest(f"{path.name}/{name} cannot be unpacked: {error}.") from error
    if len(content) > MAX_MEMBER_BYTES:
        raise InvalidRequest(f"{path.name}/{name} unpacks to over {MAX_MEMBER_BYTES:,} bytes.")
    return content
