"""Lock files name packages and hashes, never a host: registries are the machine's business."""

import re
from collections.abc import Iterator

from checks.source import Finding, Source, finding

_HOST = re.compile(r"https?://|--(extra-)?index-url|--find-links|\"resolved\"\s*:\s*\"")
_LOCKS = ("package-lock.json", "pnpm-lock.yaml", "yarn.lock", ".npmrc", "pip.conf")


def hosts_in_locks(source: Source) -> Iterator[Finding]:
    """No registry's address in requirements or lock files."""
    if source.path.parts[0] != "requirements" and source.path.name not in _LOCKS:
        return
    for number, line in enumerate(source.lines, 1):
        if _HOST.search(line) and not _is_funding(line):
            yield finding(source, number, "names a host: lock without it")


def _is_funding(line: str) -> bool:
    """npm copies each package's donation page into the lock."""
    return '"url":' in line


def unhashed(source: Source) -> Iterator[Finding]:
    """Every pinned requirement carries at least one hash."""
    if source.path.parts[0] != "requirements" or source.path.suffix != ".txt":
        return
    for number, line in enumerate(source.lines, 1):
        if "==" in line and not line.startswith(("#", " ")) and not line.rstrip().endswith("\\"):
            yield finding(source, number, "pinned without a hash: run `make lock`")
