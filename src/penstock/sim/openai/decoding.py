"""Decodes JSON as OpenAI does: an error names the invalid field in `param`."""

import re
from typing import Final, TypeVar

import msgspec
from msgspec import Raw

from penstock.kernel.errors import InvalidRequest

_T = TypeVar("_T")
_AT: Final = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_MISSING: Final = re.compile(r"missing required field `(?P<name>[^`]*)`")


def decode(decoder: msgspec.json.Decoder[_T], data: bytes | Raw, base: str) -> _T:
    """Decodes `data`, the value of the field `base`. Raises `InvalidRequest`."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        text = str(error)
        place = _place(text, base)
        raise InvalidRequest(
            f"Invalid value for '{place}': {_AT.sub('', text)}.", code="invalid_value", param=place
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(
            f"We could not parse the JSON body of your request: {error}.", code="invalid_json"
        ) from None


def _place(text: str, base: str) -> str:
    """Turns msgspec's `$[0].role` below `base` into `messages[0].role`."""
    path = found["path"] if (found := _AT.search(text)) else ""
    if missing := _MISSING.search(text):
        path = f"{path}.{missing['name']}" if path else missing["name"]
    joint = "" if not base or not path or path.startswith("[") else "."
    return f"{base}{joint}{path}" or "body"
