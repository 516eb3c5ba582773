"""Lock files contain packages and hashes, never a host: the machine configures its registry."""

import re
from collections.abc import Iterator

from checks.source import Finding, Source, finding

_PYTHON = re.compile(r"https?://|^-[if] |--(extra-)?index-url|--find-links")
_NODE = re.compile(r"\"resolved\"\s*:|resolution:.*tarball|^resolved |registry\s*=")
_NODE_LOCKS = ("package-lock.json", "pnpm-lock.yaml", "yarn.lock", ".npmrc")


def hosts_in_locks(source: Source) -> Iterator[Finding]:
    """Finds registry addresses in requirements and lock files."""
    if source.path.parts[0] == "requirements":
        host = _PYTHON
    elif source.path.name in _NODE_LOCKS:
        host = _NODE
    else:
        return
    for number, line in enumerate(source.lines, 1):
        if host.search(line):
            yield finding(source, number, "names a host: lock without it")


def unhashed(source: Source) -> Iterator[Finding]:
    """Finds pinned requirements without a hash."""
    if source.path.parts[0] != "requirements" or source.path.suffix != ".txt":
        return
    for number, line in enumerate(source.lines, 1):
        if "==" in line and not line.startswith(("#", " ")) and not line.rstrip().endswith("\\"):
            yield finding(source, number, "pinned without a hash: run `make lock`")
