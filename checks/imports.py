"""Rules for function-local imports and for imports between verticals."""

import ast
import re
from collections.abc import Iterator

from checks.source import Finding, Source, finding

_INDENTED = re.compile(r"^\s+(import|from)\s", re.MULTILINE)
_LAZY = "# lazy: "
_FEATURES = ("src", "penstock", "features")
# Modules of `features` that all verticals may import.
_SHARED = ("access", "background", "conflicts", "context", "vertical")


def local_imports(source: Source) -> Iterator[Finding]:
    """Finds imports inside functions without a reason: they hide cycles."""
    if not source.is_python or not _INDENTED.search(source.text):
        return
    for function in source.nodes:
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom) and not _lazy(source, node):
                message = (
                    "function-local import: move it to the top, or add `# lazy: reason` to the line"
                )
                yield finding(source, node.lineno, message)


def _lazy(source: Source, node: ast.stmt) -> bool:
    """True if the statement has a reason, on its first line."""
    line = source.lines[node.lineno - 1]
    _, found, reason = line.partition(_LAZY)
    return bool(found and reason.strip())


def verticals(source: Source) -> Iterator[Finding]:
    """Finds imports of another vertical except its `model`."""
    if not source.is_python or source.path.parts[:3] != _FEATURES or len(source.path.parts) < 5:
        return
    own = source.path.parts[3]
    for node in source.nodes:
        for module in _imported(node):
            parts = module.split(".")
            foreign = parts[:2] == ["penstock", "features"] and len(parts) > 2
            foreign = foreign and parts[2] not in (own, *_SHARED)
            if foreign and parts[3:4] != ["model"]:
                message = f"imports {module}: only the `model` of another vertical may be imported"
                yield finding(source, int(getattr(node, "lineno", 1)), message)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        if node.module.count(".") < 3:
            return [f"{node.module}.{alias.name}" for alias in node.names]
        return [node.module]
    return []
