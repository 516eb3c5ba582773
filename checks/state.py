"""Modules have no state: no globals, no mutable singletons, no work at import."""

import ast
from collections.abc import Iterator

from checks.source import Finding, Source, finding

_MUTATORS = frozenset(
    {
        "add",
        "append",
        "appendleft",
        "clear",
        "discard",
        "extend",
        "insert",
        "pop",
        "popitem",
        "popleft",
        "register",
        "remove",
        "reverse",
        "setdefault",
        "sort",
        "update",
    }
)
_STATEFUL_CALLS = frozenset(
    {
        "APIRouter",
        "Condition",
        "ContextVar",
        "Counter",
        "Event",
        "FastAPI",
        "Lock",
        "ProcessPoolExecutor",
        "Queue",
        "RLock",
        "Semaphore",
        "Starlette",
        "ThreadPoolExecutor",
        "Typer",
        "WeakValueDictionary",
        "bytearray",
        "count",
        "cycle",
        "defaultdict",
        "deque",
        "local",
    }
)


def module_state(source: Source) -> Iterator[Finding]:
    """Finds state at module level. Tables, enums and constants are allowed; apps, locks and
    registries are not."""
    if not source.is_python or not source.is_product or "migrations" in source.path.parts:
        return  # migrations are scripts that Alembic runs
    names: set[str] = set()
    for node in source.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            names |= _names(node)
            if (call := _stateful_call(node.value)) is not None:
                message = f"{call}() at module level is state: build it in a function"
                yield finding(source, node.lineno, message)
        elif _works(node):
            yield finding(source, node.lineno, "work at import time: move it into a function")
    for node in source.nodes:
        if isinstance(node, ast.Global):
            yield finding(source, node.lineno, "global statement: pass the value instead")
        elif (name := _mutated(node)) in names and name is not None:
            yield finding(source, _line(node), f"changes the module object {name}")


def _names(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _stateful_call(value: ast.expr | None) -> str | None:
    if not isinstance(value, ast.Call):
        return None
    function = value.func
    while isinstance(function, ast.Subscript):
        function = function.value
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name if name in _STATEFUL_CALLS else None


def _works(node: ast.stmt) -> bool:
    """True for loops, calls and blocks at module level, except docstrings, `if TYPE_CHECKING`, the
    main guard and guarded imports."""
    if isinstance(node, ast.Expr):
        return not isinstance(node.value, ast.Constant)
    if isinstance(node, ast.If):
        test = ast.unparse(node.test)
        return "TYPE_CHECKING" not in test and "__name__" not in test and "sys." not in test
    return isinstance(node, ast.For | ast.While | ast.With | ast.Delete)


def _mutated(node: ast.AST) -> str | None:
    """The name of the object that `node` modifies in place, if it is a plain name."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        target = node.func.value if node.func.attr in _MUTATORS else None
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
        target = node.value
    else:
        target = None
    return target.id if isinstance(target, ast.Name) else None


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 1))
