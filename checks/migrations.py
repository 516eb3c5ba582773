"""Migrations of the database form one chain: two changes must not take the same number."""

import re
from collections.abc import Iterable, Iterator

from checks.source import Finding, Source, finding

_FOLDER = "src/penstock/infra/sql/migrations/versions/"
_NUMBER = re.compile(r"v(\d{4})_\w+\.py")
_REVISION = re.compile(r'^revision = "(\d{4})"$', re.MULTILINE)
_DOWN = re.compile(r'^down_revision = (?:"(\d{4})"|None)$', re.MULTILINE)


def chain(tree: Iterable[Source]) -> Iterator[Finding]:
    """Finds migrations whose number is taken, or is not the one after the previous migration."""
    found = (source for source in tree if source.path.as_posix().startswith(_FOLDER))
    numbered = [source for source in found if _NUMBER.fullmatch(source.path.name)]
    for number, source in enumerate(sorted(numbered, key=lambda each: each.path.name), 1):
        expected = (f"{number:04}", f"{number:04}", f"{number - 1:04}" if number > 1 else "")
        if _numbers(source) != expected:
            yield finding(source, 1, f"a migration has its own number; this one is {number:04}")


def _numbers(source: Source) -> tuple[str, str, str]:
    """The number in the name of the file, its revision, and the revision before it."""
    name = _NUMBER.fullmatch(source.path.name)
    revision, down = _REVISION.search(source.text), _DOWN.search(source.text)
    return (
        name[1] if name else "",
        revision[1] if revision else "",
        (down[1] or "") if down else "-",
    )
