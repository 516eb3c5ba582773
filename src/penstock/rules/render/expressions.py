"""Translates the expressions of Jinja2's tree into functions of a `Run`. What is not listed here is
rejected: calls, attributes of Python objects, powers, string formatting.
"""

import inspect
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import Any, Final, cast

from jinja2 import nodes

from penstock.rules.render.conditions import CHECKS, OF_MISSING, RELATIONS
from penstock.rules.render.errors import RenderFailure
from penstock.rules.render.filters import FILTERS, Filter, apply, whole
from penstock.rules.render.names import Names
from penstock.rules.render.operators import attempt, calculate, compare, cut, is_arithmetic
from penstock.rules.render.run import (
    Expression,
    Missing,
    Run,
    bounded,
    known,
    member,
    truth,
)

MAX_DEPTH: Final = 40  # of expressions and blocks inside each other, in one template
LOOP_FIELDS: Final = (
    "index",
    "index0",
    "revindex",
    "revindex0",
    "first",
    "last",
    "length",
    "previtem",
    "nextitem",
)
_WRONG_ARGUMENTS: Final = "`{}` does not take these arguments."
_HINT: Final = "Templates have values, filters, tests, `range`, if, for, set and include."


class Expressions:
    """Translates expressions, and remembers the names that they use."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.depth = 0
        self.deepest = 0

    def enter(self) -> None:
        """Begins a node. Raises `RenderFailure` if it is inside too many others."""
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)
        if self.depth > MAX_DEPTH:
            raise RenderFailure(
                f"More than {MAX_DEPTH} expressions or blocks are inside each other.",
                "Use `set` for parts of it.",
            )

    def leave(self) -> None:
        """Ends a node."""
        self.depth -= 1

    def translate(self, node: nodes.Node | None) -> Expression:
        """Returns the function of an expression; that of an absent one returns `None`."""
        if node is None:
            return lambda _run: None
        self.enter()
        name = type(node).__name__
        make = _TRANSLATORS.get(name)
        if make is not None:
            evaluate = make(self, node)
        elif is_arithmetic(name):
            evaluate = _arithmetic(self, node)
        else:
            raise RenderFailure(f"{_shown(name)} is not allowed in a template.", _HINT)
        self.leave()
        return evaluate

    def all(self, found: Any) -> list[Expression]:
        """Returns the functions of several expressions."""
        return [self.translate(node) for node in found]


def _constant(_: Expressions, node: nodes.Const) -> Expression:
    value = bounded(node.value)

    def evaluate(_run: Run) -> object:
        return value

    return evaluate


def _name(its: Expressions, node: nodes.Name) -> Expression:
    name = node.name
    if name == "loop":
        raise RenderFailure("`loop` is allowed only with a field, inside of `for`.", _loop_hint())
    its.names.use(name, node.lineno)

    def evaluate(run: Run) -> object:
        run.step()
        return run.find(name)

    return evaluate


def _get_attribute(its: Expressions, node: nodes.Getattr) -> Expression:
    if isinstance(node.node, nodes.Name) and node.node.name == "loop":
        return _loop_field(its, node.attr)
    return _member(its.translate(node.node), lambda _run: node.attr)


def _loop_field(its: Expressions, field: str) -> Expression:
    if field not in LOOP_FIELDS or not its.names.loops:
        raise RenderFailure(f"`loop.{field}` is not allowed here.", _loop_hint())

    def evaluate(run: Run) -> object:
        run.step()
        return run.loops[-1][field]

    return evaluate


def _loop_hint() -> str:
    return f"Use loop.{', loop.'.join(LOOP_FIELDS[:7])} inside of `for`."


def _get_item(its: Expressions, node: nodes.Getitem) -> Expression:
    value = its.translate(node.node)
    if isinstance(node.arg, nodes.Slice):
        start, stop, step = its.all((node.arg.start, node.arg.stop, node.arg.step))
        return lambda run: cut(run, value(run), start(run), stop(run), step(run))
    return _member(value, its.translate(node.arg))


def _member(value: Expression, name: Expression) -> Expression:
    def evaluate(run: Run) -> object:
        run.step()
        return member(value(run), known(name(run)))

    return evaluate


def _list(its: Expressions, node: nodes.List) -> Expression:
    parts = its.all(node.items)
    return lambda run: [known(part(run)) for part in parts]


def _tuple(its: Expressions, node: nodes.Tuple) -> Expression:
    parts = its.all(node.items)
    return lambda run: tuple([known(part(run)) for part in parts])


def _dict(its: Expressions, node: nodes.Dict) -> Expression:
    keys = its.all(pair.key for pair in node.items)
    values = its.all(pair.value for pair in node.items)

    def evaluate(run: Run) -> object:
        found = [
            (known(key(run)), known(value(run))) for key, value in zip(keys, values, strict=True)
        ]
        run.weigh(*(key for key, _ in found))
        return attempt(dict, found)

    return evaluate


def _and(its: Expressions, node: nodes.And) -> Expression:
    left, right = its.all((node.left, node.right))

    def evaluate(run: Run) -> object:
        first = left(run)
        return right(run) if truth(first) else first

    return evaluate


def _or(its: Expressions, node: nodes.Or) -> Expression:
    left, right = its.all((node.left, node.right))

    def evaluate(run: Run) -> object:
        first = left(run)
        return first if truth(first) else right(run)

    return evaluate


def _not(its: Expressions, node: nodes.Not) -> Expression:
    value = its.translate(node.node)
    return lambda run: not truth(value(run))


def _negative(its: Expressions, node: nodes.Neg) -> Expression:
    value = its.translate(node.node)
    return lambda run: calculate(run, "Sub", 0, value(run))


def _positive(its: Expressions, node: nodes.Pos) -> Expression:
    value = its.translate(node.node)
    return lambda run: calculate(run, "Add", 0, value(run))


def _condition(its: Expressions, node: nodes.CondExpr) -> Expression:
    test, yes = its.all((node.test, node.expr1))
    no = its.translate(node.expr2) if node.expr2 else None

    def evaluate(run: Run) -> object:
        if truth(test(run)):
            return yes(run)
        return no(run) if no else Missing("The value without `else`")

    return evaluate


def _concat(its: Expressions, node: nodes.Concat) -> Expression:
    parts = its.all(node.nodes)

    def evaluate(run: Run) -> object:
        run.step(len(parts))
        texts = [run.text(part(run)) for part in parts]
        run.make(sum(map(len, texts)))
        return "".join(texts)

    return evaluate


def _arithmetic(its: Expressions, node: Any) -> Expression:
    name = type(node).__name__
    left, right = its.all((node.left, node.right))

    def evaluate(run: Run) -> object:
        run.step()
        return calculate(run, name, left(run), right(run))

    return evaluate


def _compare(its: Expressions, node: nodes.Compare) -> Expression:
    first = its.translate(node.expr)
    rest = [(operand.op, its.translate(operand.expr)) for operand in node.ops]

    def evaluate(run: Run) -> object:
        left = first(run)
        for operator, operand in rest:
            right = operand(run)
            if not compare(run, operator, left, right):
                return False
            left = right
        return True

    return evaluate


def _filter(its: Expressions, node: nodes.Filter) -> Expression:
    _require_listed(node.name, FILTERS, "filter")
    function = FILTERS[node.name]
    value = its.translate(node.node)
    arguments, named = _arguments(its, node, function)

    def evaluate(run: Run) -> object:
        run.step()
        given = [argument(run) for argument in arguments]
        by_name = {name: argument(run) for name, argument in named.items()}
        return apply(run, function, value(run), given, by_name)

    return evaluate


def _test(its: Expressions, node: nodes.Test) -> Expression:
    _require_listed(node.name, (*CHECKS, *RELATIONS), "test")
    value = its.translate(node.node)
    arguments = its.all(node.args)
    if node.kwargs or node.dyn_args or node.dyn_kwargs:
        raise RenderFailure(_WRONG_ARGUMENTS.format(node.name))
    if len(arguments) != (node.name in RELATIONS):
        raise RenderFailure(_WRONG_ARGUMENTS.format(node.name))
    if not arguments:
        return _checked(node.name, value)
    relation, (argument,) = RELATIONS[node.name], arguments

    def evaluate(run: Run) -> object:
        run.step()
        return relation(run, known(value(run)), known(argument(run)))

    return evaluate


def _checked(name: str, value: Expression) -> Expression:
    check = CHECKS[name]
    accepts_missing = name in OF_MISSING

    def evaluate(run: Run) -> object:
        run.step()
        found = value(run)
        return check(found if accepts_missing else known(found))

    return evaluate


def _call(its: Expressions, node: nodes.Call) -> Expression:
    if not (isinstance(node.node, nodes.Name) and node.node.name == "range"):
        hint = "Write filters: `x|items`, `x|upper`, `x|replace(a, b)`, `x|join(', ')`."
        raise RenderFailure("Only `range` can be called.", hint)
    if node.kwargs or node.dyn_args or node.dyn_kwargs or not 1 <= len(node.args) <= 3:
        raise RenderFailure("`range` takes 1 to 3 numbers.")
    arguments = its.all(node.args)

    def evaluate(run: Run) -> object:
        numbers = cast("range", attempt(range, *(whole(known(each(run))) for each in arguments)))
        run.step(cast("int", attempt(len, numbers)))
        return list(numbers)

    return evaluate


def _arguments(
    its: Expressions, node: nodes.Filter, function: Filter
) -> tuple[list[Expression], dict[str, Expression]]:
    """Translates the arguments of a filter, and checks them against its signature."""
    arguments = its.all(node.args)
    keywords = cast("list[nodes.Keyword]", node.kwargs)
    named = {each.key: its.translate(each.value) for each in keywords}
    try:
        inspect.signature(function).bind(None, None, *arguments, **named)
    except TypeError:
        raise RenderFailure(_WRONG_ARGUMENTS.format(node.name)) from None
    if node.dyn_args or node.dyn_kwargs:
        raise RenderFailure(_WRONG_ARGUMENTS.format(node.name))
    return arguments, named


def _require_listed(name: str, table: Collection[str], kind: str) -> None:
    if name not in table:
        similar = get_close_matches(name, table, n=3)
        names = " or ".join(similar) if similar else ", ".join(sorted(table))
        hint = f"Did you mean {names}?" if similar else f"Use {names}."
        raise RenderFailure(f"There is no {kind} `{name}`.", hint)


def _shown(name: str) -> str:
    names = {"Pow": "A power", "Macro": "A macro", "CallBlock": "A call block", "Slice": "A slice"}
    return names.get(name, f"`{name}`")


_TRANSLATORS: Final[Mapping[str, Callable[[Expressions, Any], Expression]]] = {
    "And": _and,
    "Call": _call,
    "Compare": _compare,
    "Concat": _concat,
    "CondExpr": _condition,
    "Const": _constant,
    "Dict": _dict,
    "Filter": _filter,
    "Getattr": _get_attribute,
    "Getitem": _get_item,
    "List": _list,
    "Name": _name,
    "Neg": _negative,
    "Not": _not,
    "Or": _or,
    "Pos": _positive,
    "Test": _test,
    "Tuple": _tuple,
}
