"""Words that are not used here, and the term to write instead.

The table is `words.toml`. An entry has a `pattern` (a regular expression over one line, in which
identifiers are split into lower-case words: `keyContext` and `key_context` read `key context`), the
term to `use`, and optionally `allowed`: a pattern of what may stand all the same.
"""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from checks.source import Finding, Source, finding

_TABLE: Final = Path(__file__).with_name("words.toml")
_SUFFIXES: Final = frozenset({".py", ".ts", ".tsx", ".mjs", ".md", ".toml", ".css"})
_EXEMPT: Final = frozenset({"checks/words.toml", "tests/house/test_words.py", "CHANGELOG.md"})
_OPENING: Final = re.compile(
    r"(What|Who|Whom|Whose|Whoever|Whatever|Whether|Where|Which|How|When|Why|So|As|Until|Nobody"
    r"|Everyone|Everybody|Everything|Nothing|Does[ ]so|Says|Tells|Asks|Knows|Gives|Lets)\b"
)
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Word(NamedTuple):
    """A pattern that is not used, the term to use, and what may stand all the same."""

    pattern: re.Pattern[str]
    use: str
    allowed: re.Pattern[str] | None


def words(source: Source) -> Iterator[Finding]:
    """Finds words of the table in code, comments, tests, documents and the console."""
    if source.path.suffix not in _SUFFIXES or str(source.path) in _EXEMPT:
        return
    if source.path.name.startswith("generated") or "lock" in source.path.name:
        return
    lines = [source.path.name, *source.lines]
    whole = split_identifiers("\n".join(lines))
    table = [word for word in _table() if word.pattern.search(whole)]  # far fewer for a file
    for number, line in enumerate(lines if table else ()):
        text = split_identifiers(line)
        for word in table:
            for found in word.pattern.finditer(text):
                if word.allowed is None or not word.allowed.search(text):
                    message = f"{found.group()!r}: write {word.use}"
                    yield finding(source, max(number, 1), message)


def split_identifiers(line: str) -> str:
    """Returns the line in lower case, with `keyContext` and `key_context` as `key context`."""
    return _HUMP.sub(" ", line).replace("_", " ").lower()


@cache
def _table() -> tuple[Word, ...]:
    rows = tomllib.loads(_TABLE.read_text("utf-8"))["word"]
    return tuple(
        Word(
            re.compile(row["pattern"]),
            row["use"],
            re.compile(row["allowed"]) if "allowed" in row else None,
        )
        for row in rows
    )


def openings(source: Source) -> Iterator[Finding]:
    """Finds docstrings of the product that do not begin with what the thing is or does."""
    if not source.is_python or not source.is_product:
        return
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = _OPENING.match(ast.get_docstring(node) or "")
            if first:
                message = f"docstring opens with {first.group()!r}: write what it is or does"
                yield finding(source, node.lineno, message)


def unique_types(tree: Iterable[Source]) -> Iterator[Finding]:
    """Finds public classes of the product that share their name with another one."""
    places: dict[str, list[tuple[Source, int]]] = {}
    for source in tree:
        if source.is_python and source.is_product:
            for node in source.tree.body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places.setdefault(node.name, []).append((source, node.lineno))
    for name, found in places.items():
        for source, line in found[1:]:
            other = found[0][0].path
            yield finding(source, line, f"{name} is also a class of {other}: one name, one thing")
