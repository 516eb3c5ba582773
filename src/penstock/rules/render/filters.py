"""The filters of templates: Jinja2's, for plain values. They count before they work.

A filter gets its value and arguments, all of which exist (except for `default`).
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, cast

from penstock.rules.render.errors import RenderFailure
from penstock.rules.render.operators import attempt
from penstock.rules.render.run import Missing, Run, bounded, items_of, known, member

MAX_INDENT: Final = 64  # spaces of `indent`; more are an error
MAX_JSON_INDENT: Final = 8  # spaces of `tojson`; more are an error
_MAX_DIGITS: Final = 20  # decimal places of `round`; more are an error
_LEEWAY: Final = 5  # characters above the length that `truncate` accepts
_WORD_BEGINNING: Final = re.compile(r"([-\s({\[<]+)")
_WORD: Final = re.compile(r"\w+")

Filter = Callable[..., object]


def default(_run: Run, value: object, other: object = "", boolean: object = False) -> object:  # noqa: FBT002 - Jinja2's signature
    if isinstance(value, Missing) or (boolean and not value):
        return other
    return value


def upper(run: Run, value: object) -> object:
    return run.text(value).upper()


def lower(run: Run, value: object) -> object:
    return run.text(value).lower()


def capitalize(run: Run, value: object) -> object:
    return run.text(value).capitalize()


def title(run: Run, value: object) -> object:
    parts = _WORD_BEGINNING.split(run.text(value))
    return "".join(part[0].upper() + part[1:].lower() for part in parts if part)


def trim(run: Run, value: object, chars: object = None) -> object:
    return run.text(value).strip(None if chars is None else run.text(chars))


def replace(run: Run, value: object, old: object, new: object, count: object = None) -> object:
    text, old, new = run.text(value), run.text(old), run.text(new)
    at_most = -1 if count is None else whole(count)
    found = text.count(old)
    found = found if at_most < 0 else min(found, at_most)
    run.allow(len(text) + max(len(new) - len(old), 0) * found)
    return text.replace(old, new, at_most)


def join(run: Run, value: object, d: object = "", attribute: object = None) -> object:
    separator = run.text(d)
    texts = [run.text(_part(item, attribute)) for item in items_of(run, value)]
    run.allow(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def length(_run: Run, value: object) -> object:
    if not isinstance(value, str | list | tuple | dict):
        raise RenderFailure("Only strings, lists and objects have a length.")
    return len(cast("str", value))


def first(run: Run, value: object) -> object:
    items = items_of(run, value)
    return items[0] if items else Missing("The first item of an empty list")


def last(run: Run, value: object) -> object:
    items = items_of(run, value)
    return items[-1] if items else Missing("The last item of an empty list")


def tojson(_run: Run, value: object, indent: object = None) -> object:
    """JSON without HTML escapes, in the order of the members."""
    spaces = None if indent is None else _at_most(whole(indent), MAX_JSON_INDENT)
    return json.dumps(value, ensure_ascii=False, indent=spaces, allow_nan=False)


def indent(
    run: Run,
    value: object,
    width: object = 4,
    first: object = False,  # noqa: FBT002 - Jinja2's signature
    blank: object = False,  # noqa: FBT002 - Jinja2's signature
) -> object:
    margin = width if isinstance(width, str) else " " * _at_most(whole(width), MAX_INDENT)
    text = _string(value)
    head, *others = f"{text}\n".splitlines()
    run.allow(len(text) + (len(others) + 1) * (len(margin) + 1))
    rest = [margin + line if line or blank else line for line in others]
    return "\n".join([margin + head if first else head, *rest])


def truncate(
    run: Run,
    value: object,
    length: object = 255,
    killwords: object = False,  # noqa: FBT002 - Jinja2's signature
    end: object = "...",
) -> object:
    text, most, mark = _string(value), whole(length), run.text(end)
    if most < len(mark):
        raise RenderFailure("The length must not be less than that of the end.")
    if len(text) <= most + _LEEWAY:
        return text
    kept = text[: most - len(mark)]
    return (kept if killwords else kept.rsplit(" ", 1)[0]) + mark


def wordcount(run: Run, value: object) -> object:
    return len(_WORD.findall(run.text(value)))


def round_(_run: Run, value: object, precision: object = 0, method: object = "common") -> object:
    digits = whole(precision)
    if not isinstance(value, int | float) or abs(digits) > _MAX_DIGITS:
        raise RenderFailure(f"`round` needs a number, and at most {_MAX_DIGITS} digits.")
    match method:
        case "common":
            return round(value, digits)
        case "ceil":
            return bounded(math.ceil(value * 10**digits)) / 10**digits  # pyright: ignore[reportOperatorIssue] - a number
        case "floor":
            return bounded(math.floor(value * 10**digits)) / 10**digits  # pyright: ignore[reportOperatorIssue] - a number
        case _:
            raise RenderFailure("The method of `round` is common, ceil or floor.")


def int_(_run: Run, value: object, default: object = 0) -> object:
    try:
        return bounded(int(cast("str", value)))
    except (TypeError, ValueError):
        try:
            return bounded(int(float(cast("str", value))))
        except (TypeError, ValueError, OverflowError):
            return default


def float_(_run: Run, value: object, default: object = 0.0) -> object:
    try:
        return float(cast("str", value))
    except (TypeError, ValueError):
        return default


def string(run: Run, value: object) -> object:
    return run.text(value)


def abs_(_run: Run, value: object) -> object:
    return abs(cast("float", value))


def sort(
    run: Run,
    value: object,
    reverse: object = False,  # noqa: FBT002 - Jinja2's signature
    case_sensitive: object = False,  # noqa: FBT002 - Jinja2's signature
    attribute: object = None,
) -> object:
    key = _key(case_sensitive, attribute)
    return sorted(items_of(run, value), key=key, reverse=bool(reverse))


def unique(
    run: Run,
    value: object,
    case_sensitive: object = False,  # noqa: FBT002 - Jinja2's signature
    attribute: object = None,
) -> object:
    key = _key(case_sensitive, attribute)
    found: dict[object, object] = {}
    for item in items_of(run, value):
        found.setdefault(key(item), item)
    return list(found.values())


def min_(
    run: Run,
    value: object,
    case_sensitive: object = False,  # noqa: FBT002 - Jinja2's signature
    attribute: object = None,
) -> object:
    items = items_of(run, value)
    empty = Missing("The smallest item of an empty list")
    return min(items, key=_key(case_sensitive, attribute)) if items else empty


def max_(
    run: Run,
    value: object,
    case_sensitive: object = False,  # noqa: FBT002 - Jinja2's signature
    attribute: object = None,
) -> object:
    items = items_of(run, value)
    empty = Missing("The largest item of an empty list")
    return max(items, key=_key(case_sensitive, attribute)) if items else empty


def sum_(run: Run, value: object, attribute: object = None, start: object = 0) -> object:
    numbers = [_part(item, attribute) for item in items_of(run, value)]
    if not all(isinstance(number, int | float) for number in (*numbers, start)):
        raise RenderFailure("`sum` needs numbers.")
    return bounded(sum(cast("list[float]", numbers), cast("float", start)))


def reverse(run: Run, value: object) -> object:
    items = items_of(run, value)
    return run.text(value)[::-1] if isinstance(value, str) else items[::-1]


def list_(run: Run, value: object) -> object:
    return items_of(run, value)


def map_(run: Run, value: object, *, attribute: object, default: object = None) -> object:
    found = (_part(item, attribute) for item in items_of(run, value))
    if default is None:
        return [known(item) for item in found]
    return [default if isinstance(item, Missing) else item for item in found]


def items(run: Run, value: object) -> object:
    return [(name, item) for name, item in _members(run, value)]


def dictsort(
    run: Run,
    value: object,
    case_sensitive: object = False,  # noqa: FBT002 - Jinja2's signature
    by: object = "key",
    reverse: object = False,  # noqa: FBT002 - Jinja2's signature
) -> object:
    if by not in ("key", "value"):
        raise RenderFailure('`dictsort` sorts by "key" or "value".')
    at = 0 if by == "key" else 1
    key = _key(case_sensitive, None)
    return sorted(_members(run, value), key=lambda pair: key(pair[at]), reverse=bool(reverse))


FILTERS: Final[Mapping[str, Filter]] = {
    "abs": abs_,
    "capitalize": capitalize,
    "count": length,
    "d": default,
    "default": default,
    "dictsort": dictsort,
    "first": first,
    "float": float_,
    "indent": indent,
    "int": int_,
    "items": items,
    "join": join,
    "last": last,
    "length": length,
    "list": list_,
    "lower": lower,
    "map": map_,
    "max": max_,
    "min": min_,
    "replace": replace,
    "reverse": reverse,
    "round": round_,
    "sort": sort,
    "string": string,
    "sum": sum_,
    "title": title,
    "tojson": tojson,
    "trim": trim,
    "truncate": truncate,
    "unique": unique,
    "upper": upper,
    "wordcount": wordcount,
}
UNWEIGHED: Final = frozenset({default, length})  # filters that do not read their value


def apply(
    run: Run,
    function: Filter,
    value: object,
    arguments: Sequence[object],
    named: Mapping[str, object],
) -> object:
    """Applies a filter. Raises `RenderFailure` for values that do not fit, or above a limit."""
    given = [known(argument) for argument in (*arguments, *named.values())]
    if function is not default:
        known(value)
    if function not in UNWEIGHED:
        run.weigh(value, *given)
    made = attempt(partial(function, **named), run, value, *arguments)
    if isinstance(made, str):
        run.make(len(made))
    return made


def whole(value: object) -> int:
    """Returns a whole number. Raises `RenderFailure`."""
    if not isinstance(value, int):
        raise RenderFailure("This argument must be a whole number.")
    return value


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise RenderFailure("This filter needs a string.", "Use the filter `string` before it.")
    return value


def _at_most(number: int, most: int) -> int:
    if number > most:
        raise RenderFailure(f"This argument must be at most {most}.")
    return number


def _part(item: object, attribute: object) -> object:
    """The member of an item that `attribute` names, such as `address.city` or `0`."""
    if attribute is None:
        return item
    for part in attribute.split(".") if isinstance(attribute, str) else (attribute,):
        item = member(item, int(part) if isinstance(part, str) and part.isdecimal() else part)
    return item


def _key(case_sensitive: object, attribute: object) -> Callable[[object], Any]:
    def key(item: object) -> Any:
        found = known(_part(item, attribute))
        return found if case_sensitive or not isinstance(found, str) else found.lower()

    return key


def _members(run: Run, value: object) -> list[tuple[object, object]]:
    if not isinstance(value, dict):
        raise RenderFailure("Only an object has members.")
    members = cast("dict[object, object]", value)
    run.step(len(members))
    return list(members.items())
