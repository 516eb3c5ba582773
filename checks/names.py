"""Modules have meaningful names and a docstring."""

import ast
from collections.abc import Iterator

from checks.source import Finding, Source, finding

FORBIDDEN = frozenset({"utils", "util", "helpers", "common", "misc", "manager", "handlers", "core"})
DOCSTRING_LINES = 12  # five lines of prose; a diagram may need more


def module_names(source: Source) -> Iterator[Finding]:
    """Finds names such as `utils`, which do not describe the content."""
    if source.path.suffix not in {".py", ".ts", ".tsx"}:
        return
    for part in (*source.path.parts[:-1], source.path.stem):
        if part.lower() in FORBIDDEN:
            yield finding(source, 1, f"{part!r} is too general: name the content")


def module_docstrings(source: Source) -> Iterator[Finding]:
    """Finds product modules without a docstring, or with a too long one."""
    if not source.is_python or not source.is_product:
        return
    docstring = ast.get_docstring(source.tree)
    if not docstring:
        yield finding(source, 1, "no module docstring: describe its content in at most five lines")
    elif len(docstring.splitlines()) > DOCSTRING_LINES:
        yield finding(
            source,
            1,
            "module docstring too long: write at most five lines; the rest belongs in docs",
        )
