"""Conditions of a route's targets as options of the command line: `language:de,fr`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import typer

_HEADER: Final = "header."
_TAG: Final = "tag."
_LISTS: Final[Mapping[str, str]] = {"language": "languages", "code": "code", "media": "media"}
_NUMBERS: Final = ("min_tokens", "max_tokens")


def with_conditions(
    targets: Sequence[dict[str, Any]], given: Sequence[str]
) -> list[dict[str, Any]]:
    """Returns the targets with what `PROVIDER/MODEL=WHAT:VALUE[,VALUE]` says about them. Raises
    `typer.BadParameter`."""
    found: dict[str, dict[str, Any]] = {}
    names = [_name(each) for each in targets]
    for word in given:
        name, _, condition = word.rpartition("=")
        if name not in names:
            raise _bad(word, f"write one of the targets before the =: {', '.join(names)}")
        _add(found.setdefault(name, {}), word, condition)
    return [
        each | ({"when": found[_name(each)]} if _name(each) in found else {}) for each in targets
    ]


def condition_text(when: Mapping[str, Any]) -> str:
    """Returns a condition as an option: `language:de code:python`."""
    return " ".join(_texts(when))


def _texts(when: Mapping[str, Any]) -> Iterator[str]:
    for what, field in _LISTS.items():
        if when[field]:
            yield f"{what}:{','.join(when[field])}"
    for field in _NUMBERS:
        if when[field]:
            yield f"{field}:{when[field]}"
    for name, values in when["headers"].items():
        yield f"{_HEADER}{name}:{','.join(values)}"
    for name, values in when["only"].items():
        what = f"{_TAG}{name[4:]}" if name.startswith("tag:") else name
        yield f"{what}:{','.join(values)}"


def _add(when: dict[str, Any], word: str, condition: str) -> None:
    what, colon, text = condition.partition(":")
    values = [each for each in text.split(",") if each]
    if not colon or not values:
        raise _bad(word, "write WHAT:VALUE after the =, such as language:de")
    if what in _LISTS:
        when.setdefault(_LISTS[what], []).extend(values)
    elif what in _NUMBERS:
        if len(values) != 1 or not text.isdecimal():
            raise _bad(word, f"{what} is one whole number")
        when[what] = int(text)
    elif what.startswith(_HEADER):
        name = what.removeprefix(_HEADER).lower()
        when.setdefault("headers", {}).setdefault(name, []).extend(values)
    else:
        name = f"tag:{what.removeprefix(_TAG)}" if what.startswith(_TAG) else what
        when.setdefault("only", {}).setdefault(name, []).extend(values)


def _name(target: Mapping[str, Any]) -> str:
    return f"{target['provider']}/{target['model']}"


def _bad(word: str, what: str) -> typer.BadParameter:
    return typer.BadParameter(f"{word!r} is not valid: {what}", param_hint="--when")
