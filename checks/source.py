"""The input and output of a rule: a parsed file of the tree, and a finding."""

import ast
import io
import subprocess
import tokenize
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class Source:
    """One text file. `path` is relative to the repository's root, with forward slashes."""

    path: PurePosixPath
    text: str

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes of the tree; several rules walk over them."""
        return list(ast.walk(self.tree))

    @cached_property
    def comments(self) -> list[tuple[int, str]]:
        """Line number and text of each Python comment."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return [(t.start[0], t.string) for t in tokens if t.type == tokenize.COMMENT]

    @property
    def is_python(self) -> bool:
        return self.path.suffix == ".py"

    @property
    def is_test(self) -> bool:
        return self.path.parts[0] == "tests" or ".test." in self.path.name

    @property
    def is_product(self) -> bool:
        return self.path.parts[0] == "src"


@dataclass(frozen=True, order=True)
class Finding:
    """One broken rule. Prints as `path:line: message`."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


FileRule = Callable[[Source], Iterator[Finding]]
TreeRule = Callable[[Iterable[Source]], Iterator[Finding]]


def finding(source: Source, line: int, message: str) -> Finding:
    return Finding(str(source.path), line, message)


def sources(root: Path) -> list[Source]:
    """Reads every text file that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    return [s for name in sorted(set(listed)) if name and (s := _read(root, name)) is not None]


def _read(root: Path, name: str) -> Source | None:
    try:
        return Source(PurePosixPath(name), (root / name).read_text("utf-8"))
    except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
        return None
