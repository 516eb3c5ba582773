"""Size limits for files and functions."""

import ast
from collections.abc import Iterator

from checks.source import Finding, Source, finding

FUNCTION_LINES = 60
PYTHON_LINES, PYTHON_TEST_LINES = 400, 600
TYPESCRIPT_LINES, TYPESCRIPT_TEST_LINES = 250, 400


def file_sizes(source: Source) -> Iterator[Finding]:
    """Finds files over the limit. Generated files are exempt."""
    limit = _limit(source)
    if limit and len(source.lines) > limit:
        message = f"{len(source.lines)} lines, the limit is {limit}: split it by responsibility"
        yield finding(source, limit, message)


def _limit(source: Source) -> int | None:
    if "generated" in (*source.path.parts, source.path.stem):
        return None
    if source.path.suffix == ".py":
        return PYTHON_TEST_LINES if source.is_test else PYTHON_LINES
    if source.path.suffix in {".ts", ".tsx"}:
        return TYPESCRIPT_TEST_LINES if source.is_test else TYPESCRIPT_LINES
    return None


def function_sizes(source: Source) -> Iterator[Finding]:
    """Finds functions of more than 60 lines, including the docstring."""
    if not source.is_python:
        return
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.body[0].lineno + 1
            if lines > FUNCTION_LINES:
                message = f"{node.name}() has {lines} lines, the limit is {FUNCTION_LINES}"
                yield finding(source, node.lineno, message)
