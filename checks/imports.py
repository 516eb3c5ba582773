"""Where imports may stand, and what one vertical may see of another."""

import ast
from collections.abc import Iterator

from checks.source import Finding, Source, finding

_LAZY = "# lazy: "
_FEATURES = ("src", "penstock", "features")


def local_imports(source: Source) -> Iterator[Finding]:
    """Imports inside functions hide cycles: allowed for heavy optional parts, with the reason."""
    if not source.is_python:
        return
    for function in ast.walk(source.tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom) and not _lazy(source, node):
                message = "function-local import: move it up, or say `# lazy: reason` on the line"
                yield finding(source, node.lineno, message)


def _lazy(source: Source, node: ast.stmt) -> bool:
    """Whether the statement says why; black-style blocks say it on their first line."""
    line = source.lines[node.lineno - 1]
    _, found, reason = line.partition(_LAZY)
    return bool(found and reason.strip())


def verticals(source: Source) -> Iterator[Finding]:
    """A vertical sees of another its `model` and nothing else."""
    if not source.is_python or source.path.parts[:3] != _FEATURES or len(source.path.parts) < 5:
        return
    own = source.path.parts[3]
    for node in ast.walk(source.tree):
        for module in _imported(node):
            parts = module.split(".")
            foreign = parts[:2] == ["penstock", "features"] and len(parts) > 2 and parts[2] != own
            if foreign and parts[3:4] != ["model"]:
                message = f"imports {module}: of another vertical only `model` may be seen"
                yield finding(source, int(getattr(node, "lineno", 1)), message)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        if node.module.count(".") < 3:
            return [f"{node.module}.{alias.name}" for alias in node.names]
        return [node.module]
    return []
