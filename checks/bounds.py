"""Everything that grows has a bound: finds the bounds and the growing containers in the sources,
and holds them against `bounds.toml`, from which docs/limits.md is written (`checks.limits`).
"""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from checks.source import Finding, Source, finding

LISTED: Final = Path(__file__).with_name("bounds.toml")
_PLACE: Final = "checks/bounds.toml"
_BOUND: Final = re.compile(
    r"MAX|MOST|LONGEST|LIMIT|REMEMBERED|_BYTES$|AT_ONCE|PARALLEL|READERS|INGESTS|TIMEOUT|IDLE|"
    r"HIGH_WATER|WAIT_S|FORGET|PIECE|PER_|SERIES|LAST_RETRY|DEPTH|QUOTA|SHARE|CAPACITY|POOL|"
    r"SLOTS|THREADS|KEEP|RETENTION|SAMPLE"
)
_GROWING: Final = frozenset(
    [
        "dict",
        "list",
        "set",
        "deque",
        "defaultdict",
        "Counter",
        "OrderedDict",
        "bytearray",
        "Queue",
        "SimpleQueue",
    ]
)
_ELSEWHERE: Final = ("sim", "cli", "migrations")  # a test double, short-lived commands


class Place(NamedTuple):
    """Something found in the sources. `name` is its path below `penstock`, with dots."""

    name: str
    source: Source
    line: int


@cache
def registry() -> dict[str, Any]:
    """`limits`: bounds with what is told of them; `containers`: by what each is bounded;
    `no_bounds`: constants that are named like a bound."""
    return tomllib.loads(LISTED.read_text("utf-8"))


def unlisted(tree: Iterable[Source]) -> Iterator[Finding]:
    """Every bound and every container that grows is listed, and nothing listed is gone."""
    product = [source for source in tree if _is_looked_at(source)]
    if not product:
        return
    told = registry()
    listed = {**told["limits"], **told["no_bounds"]}
    yield from _compared(listed, list(_each(product, bounds)), "a bound")
    yield from _compared(told["containers"], list(_each(product, containers)), "a container")


def _each(tree: Iterable[Source], find: Any) -> Iterator[Place]:
    for source in tree:
        yield from find(source)


def _compared(listed: Mapping[str, object], found: list[Place], what: str) -> Iterator[Finding]:
    for place in found:
        if place.name not in listed:
            message = f"{what} that {_PLACE} does not list: {place.name}"
            yield finding(place.source, place.line, message)
    for name in listed.keys() - {place.name for place in found}:
        where = next(iter(found)).source
        yield finding(where, 1, f"{_PLACE} lists {name}, which is not in the sources")


def bounds(source: Source) -> Iterator[Place]:
    """Module constants that are named like a bound, and the fields of classes named `…Limits`."""
    module = _module(source)
    for node in source.tree.body:
        if isinstance(node, ast.ClassDef) and node.name.endswith("Limits"):
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and _is_number(field.value):
                    name = getattr(field.target, "id", "")
                    yield Place(f"{module}.{node.name}.{name}", source, field.lineno)
        elif (name := _constant(node)) and _BOUND.search(name):
            yield Place(f"{module}.{name}", source, node.lineno)


def containers(source: Source) -> Iterator[Place]:
    """Attributes of objects that start as an empty container without a bound of its own."""
    module = _module(source)
    for each in ast.walk(source.tree):
        if not isinstance(each, ast.ClassDef):
            continue
        for node in ast.walk(each):
            name = _own_attribute(node)
            if name and _starts_empty(getattr(node, "value", None)):
                yield Place(f"{module}.{each.name}.{name}", source, int(getattr(node, "lineno", 1)))


def _is_looked_at(source: Source) -> bool:
    inside = source.is_python and source.is_product
    return inside and not set(_ELSEWHERE) & set(source.path.parts)


def _module(source: Source) -> str:
    return ".".join(source.path.with_suffix("").parts[2:])


def _constant(node: ast.stmt) -> str:
    """The name of a module constant that is a number."""
    if isinstance(node, ast.AnnAssign):
        target: ast.expr | None = node.target
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
    else:
        return ""
    name = target.id if isinstance(target, ast.Name) else ""
    return name if name.isupper() and _is_number(node.value) else ""


def _is_number(value: ast.expr | None) -> bool:
    """A number, or a sum of numbers and names."""
    match value:
        case ast.Constant():
            return isinstance(value.value, int | float) and not isinstance(value.value, bool)
        case ast.BinOp():
            return _is_number(value.left) or _is_number(value.right)
        case ast.Name() | ast.Attribute():
            return True
        case _:
            return False


def _own_attribute(node: ast.AST) -> str:
    """`x` of `self.x = …`."""
    if isinstance(node, ast.AnnAssign):
        target: ast.expr = node.target
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
    else:
        return ""
    own = isinstance(target, ast.Attribute) and getattr(target.value, "id", "") == "self"
    return target.attr if own and isinstance(target, ast.Attribute) else ""


def _starts_empty(value: ast.expr | None) -> bool:
    match value:
        case ast.Dict():
            return not value.keys
        case ast.List() | ast.Set():
            return not value.elts
        case ast.Call():
            function = value.func
            while isinstance(function, ast.Subscript):
                function = function.value
            name = getattr(function, "id", getattr(function, "attr", ""))
            bounded = any(each.arg in ("maxlen", "maxsize") for each in value.keywords)
            return name in _GROWING and not bounded
        case _:
            return False
