"""Suppressions have a code and a reason; comments contain no open tasks."""

import re
from collections.abc import Iterator

from checks.source import Finding, Source, finding

_SUPPRESSION = re.compile(r"#\s*(noqa|type:\s*ignore|pyright:|pragma: no cover|ruff:|fmt:)(.*)")
_GOOD = re.compile(
    r"#\s*(noqa: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)*|pyright: ?ignore\[\w+(, ?\w+)*\]|pragma: no cover)"
    r" - \S.{3,}"
)
_LATER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def suppressions(source: Source) -> Iterator[Finding]:
    """Finds suppressions without code and reason, such as a bare `# noqa`."""
    if not source.is_python or not _SUPPRESSION.search(source.text):
        return
    for line, comment in source.comments:
        if _SUPPRESSION.search(comment) and not _GOOD.search(comment):
            message = f"{comment!r}: write code and reason, like `# noqa: S603 - fixed argv`"
            yield finding(source, line, message)


def unfinished(source: Source) -> Iterator[Finding]:
    """Finds TODO comments: open tasks belong in an issue."""
    if not source.is_python or not _LATER.search(source.text):
        return
    for line, comment in source.comments:
        if _LATER.search(comment):
            yield finding(source, line, f"{comment!r}: do it, or file an issue")
