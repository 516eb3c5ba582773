"""The operators of templates, on plain values. They count before they work."""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from penstock.rules.render.errors import RenderFailure
from penstock.rules.render.run import Run, bounded, known

Number = int | float

_Operation = Callable[[Any, Any], object]

_ARITHMETIC: Final[Mapping[str, _Operation]] = {
    "Add": lambda left, right: left + right,
    "Sub": lambda left, right: left - right,
    "Mul": lambda left, right: left * right,
    "Div": lambda left, right: left / right,
    "FloorDiv": lambda left, right: left // right,
    "Mod": lambda left, right: left % right,
}
_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
    "in": lambda left, right: left in right,
    "notin": lambda left, right: left not in right,
}


def is_arithmetic(name: str) -> bool:
    """Returns whether a node of Jinja2's tree is one of these operators."""
    return name in _ARITHMETIC


def calculate(run: Run, name: str, left: object, right: object) -> object:
    """Applies an arithmetic operator to two numbers, or `+` to two strings or lists."""
    left, right = known(left), known(right)
    if name == "Add" and type(left) in (str, list, tuple) and type(left) is type(right):
        return _joined(run, left, right)
    if not isinstance(left, Number) or not isinstance(right, Number):
        raise RenderFailure(
            "This operator needs two numbers.", "Use `~` for text, and the filters for lists."
        )
    return bounded(attempt(_ARITHMETIC[name], left, right))


def compare(run: Run, name: str, left: object, right: object) -> bool:
    """Compares two values."""
    run.weigh(known(left), known(right))
    return bool(attempt(_COMPARISONS[name], left, right))


def cut(run: Run, value: object, start: object, stop: object, step: object) -> object:
    """Returns a slice of a list or string."""
    found = known(value)
    bounds = [known(bound) for bound in (start, stop, step)]
    if not isinstance(found, list | tuple | str) or not all(
        bound is None or isinstance(bound, int) for bound in bounds
    ):
        raise RenderFailure("A slice needs a list or a string, and whole numbers.")
    part = attempt(operator.getitem, cast("object", found), slice(*bounds))
    size = len(cast("str", part))
    if isinstance(part, str):
        run.make(size)
    else:
        run.step(size)
    return part


def attempt(function: Callable[..., object], *operands: object) -> object:
    """Calls a function of plain values. Raises `RenderFailure` for values that do not fit."""
    try:
        return function(*operands)
    except ZeroDivisionError:
        raise RenderFailure("Division by zero.") from None
    except (TypeError, ValueError, OverflowError, RecursionError, LookupError, AttributeError):
        raise RenderFailure("These values do not fit together.") from None


def _joined(run: Run, left: Any, right: Any) -> object:
    if isinstance(left, str):
        run.make(len(left) + len(right))
    else:
        run.step(len(left) + len(right))
    return left + right
