"""Finds strings in JSON text by the names that lead to them, so that they can be replaced without
changing any other byte."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.rules.formats.json_text import decode_json

MAX_FOUND: Final = 1000  # strings with a label in one request, or in one list of an answer
MAX_TOKENS: Final = 500_000  # in which strings are looked for, about half a second
ANY: Final = "*"  # each element of an array, or each member of an object
_TOKEN: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}:,]', re.DOTALL)
_text: Final = msgspec.json.Decoder(str)


class StringNames(NamedTuple):
    """The names below another one, and the label of a string that is its value itself."""

    below: "Mapping[str, StringNames]"
    label: str = ""


class FoundString(NamedTuple):
    """A string of JSON text: its label, its value, and the place of the value with its quotes."""

    label: str
    text: str
    start: int
    end: int


class _Open(NamedTuple):
    is_object: bool
    names: StringNames


_NOTHING: Final = StringNames({})


class TooManyTokens(msgspec.DecodeError):
    """JSON text has more tokens than may be searched."""


def find_strings(
    body: bytes, names: StringNames, start: int = 0, most: int = MAX_TOKENS
) -> Iterator[FoundString]:
    """Yields the strings with a label of the JSON value that begins at `start`. Raises
    `msgspec.DecodeError` for a name or a string on its way that is malformed, and `TooManyTokens`
    for a value with more than `most` tokens before its end."""
    opened: list[_Open] = []
    at, is_key = names, False
    for count, token in enumerate(_TOKEN.finditer(body, start)):
        if count >= most:
            raise TooManyTokens(f"it has more than {most} names, texts, brackets and commas")
        match body[token.start()]:
            case 0x7B | 0x5B:  # { [
                opened.append(_Open(body[token.start()] == 0x7B, at))
                at, is_key = _next(opened[-1])
            case 0x7D | 0x5D:  # } ]
                del opened[-1:]
            case 0x2C if opened:  # ,
                at, is_key = _next(opened[-1])
            case 0x3A:  # :
                is_key = False
            case 0x22 if is_key and opened:  # a name
                at = _below(opened[-1].names, token[0])
            case 0x22 if at.label:
                yield FoundString(at.label, decode_json(_text, token[0]), *token.span())
            case _:
                pass
        if not opened:
            return


def _next(container: _Open) -> tuple[StringNames, bool]:
    """Returns the names below the next value of a container, and whether a name comes before it."""
    if container.is_object:
        return _NOTHING, True
    return container.names.below.get(ANY, _NOTHING), False


def _below(names: StringNames, key: bytes) -> StringNames:
    if not names.below:
        return _NOTHING
    return names.below.get(decode_json(_text, key)) or names.below.get(ANY, _NOTHING)


def names_of(paths: Mapping[str, str]) -> StringNames:
    """Returns the names of a table from paths, such as `input.*.file_id`, to labels."""
    below: dict[str, dict[str, str]] = {}
    for path, label in paths.items():
        first, _, rest = path.partition(".")
        below.setdefault(first, {})[rest] = label
    return StringNames(
        {
            name: names_of({path: each for path, each in rests.items() if path})._replace(
                label=rests.get("", "")
            )
            for name, rests in below.items()
        }
    )


def find_in_request(body: bytes, names: StringNames) -> list[FoundString]:
    """Returns the strings with a label in a request. Raises `InvalidRequest` for one that is
    malformed, and for too many."""
    try:
        found = list(islice(find_strings(body, names), MAX_FOUND + 1))
    except msgspec.DecodeError as error:
        raise InvalidRequest(
            f"The ids in the request body cannot be read: {error}.", code="invalid_json"
        ) from None
    if len(found) > MAX_FOUND:
        raise InvalidRequest(
            f"The request names more than {MAX_FOUND} files or responses.",
            hint="Send fewer in one request.",
            code="too_many_ids",
        )
    return found


def replace_strings(body: bytes, found: Sequence[FoundString], texts: Sequence[str]) -> bytes:
    """Returns the JSON text with other strings in the places that were found."""
    pieces, at = list[bytes](), 0
    for each, text in zip(found, texts, strict=True):
        pieces += (body[at : each.start], msgspec.json.encode(text))
        at = each.end
    return b"".join((*pieces, body[at:]))
