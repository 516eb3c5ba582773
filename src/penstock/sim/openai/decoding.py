"""Decodes JSON as OpenAI does: an error names the invalid field in `param`."""

import re
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw

from penstock.kernel.errors import InvalidRequest

_T = TypeVar("_T")
_AT: Final = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_MISSING: Final = re.compile(r"missing required field `(?P<name>[^`]*)`")
_UNKNOWN: Final = re.compile(r"unknown field `(?P<name>[^`]*)`")


def decode(decoder: msgspec.json.Decoder[_T], data: bytes | Raw, base: str) -> _T:
    """Decodes `data`, the value of the field `base`. Raises `InvalidRequest`."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise _invalid(str(error), base) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(
            f"We could not parse the JSON body of your request: {error}.", code="invalid_json"
        ) from None


def convert(kind: type[_T], value: Any, base: str, *, strict: bool = True) -> _T:
    """Converts the decoded value of the field `base`; texts to numbers, too, unless `strict`.
    Raises `InvalidRequest`."""
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        raise _invalid(str(error), base) from None


def _invalid(text: str, base: str) -> InvalidRequest:
    place = _place(text, base)
    if _UNKNOWN.search(text):
        return InvalidRequest(
            f"Unknown parameter: '{place}'.", code="unknown_parameter", param=place
        )
    return InvalidRequest(
        f"Invalid value for '{place}': {_AT.sub('', text)}.", code="invalid_value", param=place
    )


def _place(text: str, base: str) -> str:
    """Turns msgspec's `$[0].role` below `base` into `messages[0].role`."""
    path = found["path"] if (found := _AT.search(text)) else ""
    if named := _MISSING.search(text) or _UNKNOWN.search(text):
        path = f"{path}.{named['name']}" if path else named["name"]
    joint = "" if not base or not path or path.startswith("[") else "."
    return f"{base}{joint}{path}" or "body"
