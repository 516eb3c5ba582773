"""Writes multipart forms (RFC 7578): fields from a JSON object, and files."""

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final, NamedTuple

from penstock.kernel.errors import InvalidRequest

_ESCAPES: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})  # as browsers do it


class FormFile(NamedTuple):
    """A file of a form. `field` is the name of its field."""

    field: str
    name: str
    content_type: str
    content: bytes


def write_form(members: Mapping[str, Any], files: Iterable[FormFile]) -> tuple[str, bytes]:
    """Returns content type and body of a form. A list becomes several fields, as `name[]`.
    Raises `InvalidRequest` for a member that a form cannot have."""
    parts = [
        (f'name="{name.translate(_ESCAPES)}"', value.encode())
        for member, given in members.items()
        for name, value in _fields(member, given)
    ]
    for file in files:
        field, name = file.field.translate(_ESCAPES), file.name.translate(_ESCAPES)
        head = f'name="{field}"; filename="{name}"\r\nContent-Type: {file.content_type}'
        parts.append((head, file.content))
    boundary = _boundary(parts)
    pieces = [
        b"--%b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n"
        % (boundary, head.encode(), content)
        for head, content in parts
    ]
    body = b"".join((*pieces, b"--%b--\r\n" % boundary))
    return f"multipart/form-data; boundary={boundary.decode()}", body


def _fields(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for item in value:  # pyright: ignore[reportUnknownVariableType] - JSON
            yield f"{name}[]", _text(name, item)
    else:
        yield name, _text(name, value)


def _text(name: str, value: Any) -> str:
    if isinstance(value, dict | list) or value is None:
        raise InvalidRequest(
            f"A form has no place for the value of {name!r}.",
            hint="Give it a text, a number, true or false, or leave it out.",
            param=name,
        )
    return value if isinstance(value, str) else json.dumps(value)


def _boundary(parts: Iterable[tuple[str, bytes]]) -> bytes:
    """A digest of the content, which therefore cannot contain it."""
    seen = sha256()
    for head, content in parts:
        seen.update(head.encode())
        seen.update(content)
    return b"penstock-" + seen.hexdigest()[:32].encode()
