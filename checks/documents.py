"""Links in Markdown files are valid."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from checks.source import Finding, Source, finding

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^\s*(```|~~~)")
_HEADING = re.compile(r"^#+\s+(.*)$")


def links(tree: Iterable[Source]) -> Iterator[Finding]:
    """Finds relative links whose file, folder or heading does not exist."""
    files = {source.path: source for source in tree}
    folders = {parent for path in files for parent in path.parents}
    for source in files.values():
        if source.path.suffix != ".md":
            continue
        for line, target in _targets(source):
            if message := _broken(source, target, files, folders):
                yield finding(source, line, message)


def _targets(source: Source) -> Iterator[tuple[int, str]]:
    fenced = False
    for number, line in enumerate(source.lines, 1):
        if _FENCE.match(line):
            fenced = not fenced
        if not fenced:
            for match in _LINK.finditer(line):
                if "://" not in match[1] and not match[1].startswith("mailto:"):
                    yield number, match[1]


def _broken(
    source: Source,
    target: str,
    files: dict[PurePosixPath, Source],
    folders: set[PurePosixPath],
) -> str | None:
    name, _, anchor = target.partition("#")
    path = _resolve(source.path.parent, name) if name else source.path
    if path not in files and path not in folders:
        return f"{target}: there is no {path}"
    if anchor and path in files and anchor not in _anchors(files[path]):
        return f"{target}: {path} has no heading #{anchor}"
    return None


def _resolve(folder: PurePosixPath, name: str) -> PurePosixPath:
    parts: list[str] = [] if name.startswith("/") else list(folder.parts)
    for part in PurePosixPath(name.lstrip("/")).parts:
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return PurePosixPath(*parts)


def _anchors(source: Source) -> set[str]:
    headings = (match[1] for line in source.lines if (match := _HEADING.match(line)))
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }
