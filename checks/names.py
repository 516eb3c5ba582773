"""Names say the thing; a module opens with what it owns."""

import ast
from collections.abc import Iterator

from checks.source import Finding, Source, finding

FORBIDDEN = frozenset({"utils", "util", "helpers", "common", "misc", "manager", "handlers", "core"})
DOCSTRING_LINES = 12  # prose of at most five lines; a drawing (the error tree) may need more


def module_names(source: Source) -> Iterator[Finding]:
    """No drawer for everything: such a name says where a thing lies, not what it is."""
    if source.path.suffix not in {".py", ".ts", ".tsx"}:
        return
    for part in (*source.path.parts[:-1], source.path.stem):
        if part.lower() in FORBIDDEN:
            yield finding(source, 1, f"{part!r} says nothing: name what it owns")


def module_docstrings(source: Source) -> Iterator[Finding]:
    """Product modules say what they own and what is deliberately not there."""
    if not source.is_python or not source.is_product:
        return
    docstring = ast.get_docstring(source.tree)
    if not docstring:
        yield finding(source, 1, "no module docstring: say what it owns, in at most five lines")
    elif len(docstring.splitlines()) > DOCSTRING_LINES:
        yield finding(source, 1, "module docstring too long: five lines, the rest belongs in docs")
