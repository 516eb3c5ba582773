"""The tests of templates (`is defined`, `is even`): Jinja2's, for plain values."""

from collections.abc import Callable, Mapping
from typing import Final

from penstock.rules.render.errors import RenderFailure
from penstock.rules.render.operators import compare
from penstock.rules.render.run import Missing, Run

Check = Callable[[object], bool]
Relation = Callable[[Run, object, object], bool]


def _is(*kinds: type) -> Check:
    def check(value: object) -> bool:
        return isinstance(value, kinds)

    return check


def _same(constant: object) -> Check:
    def check(value: object) -> bool:
        return value is constant

    return check


def _leaves(rest: int) -> Check:
    def check(value: object) -> bool:
        return _remainder(value, 2) == rest

    return check


def _is_defined(value: object) -> bool:
    return not isinstance(value, Missing)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _compared(operator: str) -> Relation:
    def relation(run: Run, value: object, other: object) -> bool:
        return compare(run, operator, value, other)

    return relation


def _divisible(_run: Run, value: object, other: object) -> bool:
    return _remainder(value, other) == 0


def _remainder(value: object, by: object) -> float:
    if not isinstance(value, int | float) or not isinstance(by, int | float) or by == 0:
        raise RenderFailure("This test needs numbers, and a divisor other than 0.")
    return value % by


CHECKS: Final[Mapping[str, Check]] = {
    "boolean": _is(bool),
    "defined": _is_defined,
    "even": _leaves(0),
    "false": _same(constant=False),
    "float": _is(float),
    "integer": _is_integer,
    "iterable": _is(str, list, tuple, dict),
    "mapping": _is(dict),
    "none": _same(None),
    "number": _is(int, float),
    "odd": _leaves(1),
    "sequence": _is(str, list, tuple, dict),
    "string": _is(str),
    "true": _same(constant=True),
    "undefined": _is(Missing),
}
OF_MISSING: Final = frozenset(("defined", "undefined"))  # the others need a value that exists
RELATIONS: Final[Mapping[str, Relation]] = {
    "divisibleby": _divisible,
    "eq": _compared("eq"),
    "equalto": _compared("eq"),
    "ge": _compared("gteq"),
    "greaterthan": _compared("gt"),
    "gt": _compared("gt"),
    "in": _compared("in"),
    "le": _compared("lteq"),
    "lessthan": _compared("lt"),
    "lt": _compared("lt"),
    "ne": _compared("ne"),
}
