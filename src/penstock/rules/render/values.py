"""Checks the values of variables, and turns them into plain JSON values: a template never meets
another object.
"""

import math
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final, cast

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.rules.prompts.documents import ROLES, PromptVariable, VariableType
from penstock.rules.render.errors import RenderFailure
from penstock.rules.render.run import MAX_INTEGER

MAX_NODES: Final = 100_000  # values, also inside of lists and objects; more are an error
MAX_VALUE_CHARS: Final = 4_000_000  # of all strings in the values; more are an error
MAX_VALUE_DEPTH: Final = 32  # of lists and objects inside each other; more are an error
_SHOWN_CHARS: Final = 60
_TYPES: Final[Mapping[VariableType, tuple[type, ...]]] = {
    VariableType.STRING: (str,),
    VariableType.ENUM: (str,),
    VariableType.INTEGER: (int,),
    VariableType.NUMBER: (int, float),
    VariableType.BOOLEAN: (bool,),
    VariableType.LIST: (list,),
    VariableType.MESSAGES: (list,),
    VariableType.OBJECT: (dict,),
}


def check_values(
    declared: Mapping[str, PromptVariable], given: Mapping[str, object]
) -> dict[str, object]:
    """Returns the value of each variable: as given, or its default. Raises `InvalidRequest` that
    names what is missing, unknown or wrong."""
    for name in given:
        if name not in declared:
            raise _unknown(name, declared)
    required = [name for name, variable in declared.items() if variable.default is msgspec.UNSET]
    if missing := [name for name in required if name not in given]:
        names = ", ".join(f"`{name}`" for name in missing)
        raise InvalidRequest(
            f"The variable {names} is missing."
            if len(missing) == 1
            else f"The variables {names} are missing.",
            hint=f"Give a {declared[missing[0]].type.value} for `{missing[0]}`.",
            code="variable_missing",
            param=f"variables.{missing[0]}",
        )
    reader = PlainReader()
    return {
        name: check_value(name, variable, given.get(name, variable.default), reader)
        for name, variable in declared.items()
    }


def check_value(
    name: str, variable: PromptVariable, value: object, reader: "PlainReader"
) -> object:
    """Returns a value as plain JSON. Raises `InvalidRequest` if it does not have the type."""
    try:
        plain = reader.read(value)
    except RenderFailure as failure:
        raise wrong(name, failure.message, failure.hint) from None
    if type(plain) not in _TYPES[variable.type]:
        raise wrong(name, f"must be {_article(variable.type)}, not {_shown(plain)}")
    if variable.type is VariableType.ENUM and plain not in variable.values:
        raise wrong(name, f"must be one of {', '.join(variable.values)}, not {_shown(plain)}")
    if variable.type is VariableType.MESSAGES:
        _check_messages(name, cast("list[object]", plain))
    return plain


def wrong(name: str, problem: str, hint: str = "") -> InvalidRequest:
    """Returns the error of a value."""
    return InvalidRequest(
        f"The variable `{name}` {problem}.",
        hint=hint,
        code="variable_invalid",
        param=f"variables.{name}",
    )


class PlainReader:
    """Copies values into plain JSON values, up to the limits of one rendering."""

    def __init__(self) -> None:
        self._nodes = MAX_NODES
        self._chars = MAX_VALUE_CHARS

    def read(self, value: object, depth: int = 0) -> object:
        """Returns a plain copy. Raises `RenderFailure` for other objects, and above a limit."""
        self._nodes -= 1
        if self._nodes < 0 or depth > MAX_VALUE_DEPTH:
            raise RenderFailure("has too many values, or too many inside each other")
        match value:
            case None | bool():
                return value
            case str():
                return self._text(value)
            case int():
                if abs(value) >= MAX_INTEGER:
                    raise RenderFailure("has a number that is too large")
                return int(value)
            case float():
                if not math.isfinite(value):
                    raise RenderFailure("has a number that is not finite")
                return float(value)
            case list() | tuple():
                items = cast("list[object]", value)
                return [self.read(item, depth + 1) for item in items]
            case dict():
                return self._object(cast("dict[object, object]", value), depth)
            case _:
                raise RenderFailure(
                    f"has a value of the type {type(value).__name__}",
                    "Give strings, numbers, lists, objects.",
                )

    def _text(self, value: str) -> str:
        self._chars -= len(value)
        if self._chars < 0:
            raise RenderFailure(f"makes all values longer than {MAX_VALUE_CHARS:,} characters")
        return str.__str__(value)

    def _object(self, value: dict[object, object], depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise RenderFailure("has an object with a name that is not a string")
            found[self._text(key)] = self.read(item, depth + 1)
        return found


def _check_messages(name: str, messages: list[object]) -> None:
    for at, each in enumerate(messages):
        message = cast("dict[str, Any]", each) if isinstance(each, dict) else {}
        if message.get("role") not in ROLES:
            raise wrong(
                name,
                f"has no valid message at position {at + 1}",
                f"A message is an object with `role` ({', '.join(ROLES)}) and `content`.",
            )


def _unknown(name: str, declared: Mapping[str, object]) -> InvalidRequest:
    similar = get_close_matches(name, declared, n=1)
    known = ", ".join(list(declared)[:20]) or "none"
    return InvalidRequest(
        f"This prompt has no variable {name[:_SHOWN_CHARS]!r}.",
        hint=f"Did you mean `{similar[0]}`?" if similar else f"It has: {known}.",
        code="variable_unknown",
        param="variables",
    )


def _article(kind: VariableType) -> str:
    name = {VariableType.ENUM: "string", VariableType.MESSAGES: "list of messages"}.get(kind, kind)
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def _shown(value: object) -> str:
    match value:
        case None:
            return "null"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            text = repr(value)
            return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
