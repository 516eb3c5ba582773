"""Everything that grows has a bound: finds bounds and growing containers in the sources, and
compares them with `bounds.toml`. `checks.limits` writes docs/limits.md from it.
"""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
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
_EXEMPT: Final = ("sim", "cli", "migrations")  # a test provider, short-lived commands


class Place(NamedTuple):
    """A bound or container in the sources. `name` is its dotted path below `penstock`."""

    name: str
    source: Source
    line: int

    @property
    def comment(self) -> str:
        """The description in the code: the comment on its line or above it, or the string below."""
        lines, at = self.source.lines, self.line - 1
        if found := dict(self.source.comments).get(self.line):
            return found.lstrip("# ")
        above: list[str] = []
        while at > 0 and lines[at - 1].lstrip().startswith("#"):
            at -= 1
            above.insert(0, lines[at].strip().lstrip("# "))
        return " ".join(above) or self._below()

    def _below(self) -> str:
        """The string below it."""
        rest = "\n".join(self.source.lines[self.line :]).lstrip()
        text = rest.split('"""', 2)[1] if rest.startswith('"""') else ""
        return " ".join(text.split())


@cache
def registry() -> dict[str, Any]:
    """The content of bounds.toml. `limits`: bounds with their description; `containers`: the bound
    of each; `no_bounds`: constants that only look like a bound."""
    return tomllib.loads(LISTED.read_text("utf-8"))


def unlisted(tree: Iterable[Source]) -> Iterator[Finding]:
    """Finds bounds without a description, growing containers that are not listed, and entries
    without code."""
    product = checked_sources(tree)
    if not product:
        return
    listing = registry()
    found = [place for source in product for place in bounds(source)]
    listed = {**listing["limits"], **listing["no_bounds"]}
    undescribed = [place for place in found if place.name not in listed and not place.comment]
    grows = [place for source in product for place in containers(source)]
    for place in undescribed:
        message = f"describe in a comment what {place.name} bounds, and what happens at the bound"
        yield finding(place.source, place.line, message)
    for place in grows:
        if place.name not in listing["containers"]:
            message = f"{place.name} grows: list in {_PLACE} what bounds it"
            yield finding(place.source, place.line, message)
    names = {place.name for place in (*found, *grows)}
    for name in {**listed, **listing["containers"]}.keys() - names:
        yield finding(product[0], 1, f"{_PLACE} lists {name}, which is not in the sources")


def checked_sources(tree: Iterable[Source]) -> list[Source]:
    """The sources that this rule checks."""
    return [source for source in tree if _is_checked(source)]


def bounds(source: Source) -> Iterator[Place]:
    """Finds module constants named like a bound, and the fields of classes named `…Limits`."""
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
    """Finds attributes that start as an empty container without its own bound."""
    module = _module(source)
    for each in source.nodes:
        if not isinstance(each, ast.ClassDef):
            continue
        for node in ast.walk(each):
            name = _own_attribute(node)
            if name and _starts_empty(getattr(node, "value", None)):
                yield Place(f"{module}.{each.name}.{name}", source, int(getattr(node, "lineno", 1)))


def _is_checked(source: Source) -> bool:
    inside = source.is_python and source.is_product
    return inside and not set(_EXEMPT) & set(source.path.parts)


def _module(source: Source) -> str:
    return ".".join(source.path.with_suffix("").parts[2:])


def _constant(node: ast.stmt) -> str:
    """The name of a numeric module constant, or the empty string."""
    if isinstance(node, ast.AnnAssign):
        target: ast.expr | None = node.target
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
    else:
        return ""
    name = target.id if isinstance(target, ast.Name) else ""
    return name if name.isupper() and _is_number(node.value) else ""


def _is_number(value: ast.expr | None) -> bool:
    """True for a number, or an expression of numbers and names."""
    match value:
        case ast.Constant():
            return isinstance(value.value, int | float) and not isinstance(value.value, bool)
        case ast.BinOp():
            return _is_number(value.left) or _is_number(value.right)
        case ast.Name() | ast.Attribute():
            return True
        case ast.Call():
            return getattr(value.func, "id", "") == "timedelta"
        case _:
            return False


def _own_attribute(node: ast.AST) -> str:
    """The name `x` in `self.x = …`, or the empty string."""
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
