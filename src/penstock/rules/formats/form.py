"""Multipart forms (RFC 7578): finds the fields that routing needs, and replaces one of them.

Reads strictly. Two readers must not see two different forms, so whatever some parsers accept and
others do not is an error: boundaries inside a line, LF in place of CR LF, encoded names.
"""

import re
from mmap import mmap
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.rules.neutral.conversation import Place

MAX_FORM_PARTS: Final = 256  # of one form
MAX_PART_HEADER_BYTES: Final = 4096  # of the headers of one part
MAX_SHOWN_BYTES: Final = 64 * 1024  # of all values in the record of a form
FORM_START: Final = b"--"  # no JSON begins so
FormBytes = bytes | mmap

_CHARSET: Final = rb"(?:; *charset=\"?[\w-]{1,40}\"? *)?"
_BOUNDARY: Final = re.compile(
    rb"multipart/form-data *%b; *boundary=(?:\"([\w'()+,./:=? -]{0,69}[\w'()+,./:=?-])\""
    rb"|([\w'+./:?=-]{1,70})) *%b" % (_CHARSET, _CHARSET),
    re.IGNORECASE,
)
_TEXT: Final = re.compile(
    r"(?:text/plain *(?:; *charset=\"?(?:utf-8|us-ascii|iso-8859-1)\"? *)?)?", re.IGNORECASE
)
_HEADER: Final = re.compile(rb"([!#$%&'*+.^_`|~\w-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_PARAMETER: Final = re.compile(
    r';[ \t]*([a-z*]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s";,]+))[ \t]*', re.IGNORECASE
)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_ENCODINGS: Final = frozenset((b"7bit", b"8bit", b"binary"))


class FormPart(NamedTuple):
    """One part. `place` is that of its content in the body. `file` is the name of a file, `None`
    for a field."""

    name: str
    place: Place
    file: str | None = None
    content_type: str = ""

    @property
    def size(self) -> int:
        """The bytes of the content."""
        return self.place[1] - self.place[0]


class Form:
    """The parts of one form."""

    def __init__(self, body: FormBytes, parts: list[FormPart]) -> None:
        self._body = body
        self._parts = parts

    def field(self, name: str) -> tuple[str, Place] | None:
        """Returns value and place of the only field `name`; `None` without one.

        Raises `InvalidRequest` if it is there twice, is a file, has another spelling, or a value
        that is not one line of text.
        """
        found: FormPart | None = None
        for part in self._parts:
            if unquote(part.name).strip().casefold() != name:
                continue
            if part.name != name:
                raise _wrong(f"spells {name!r} as {part.name!r}", name)
            if found is not None:
                raise _wrong(f"contains {name!r} twice", name)
            if part.file is not None:
                raise _wrong(f"has a file in place of the field {name!r}", name)
            found = part
        return None if found is None else (self._value(found), found.place)

    def file(self, name: str) -> FormPart:
        """Returns the only file of the form, which must have this name. Raises `InvalidRequest`."""
        files = [part for part in self._parts if part.file is not None]
        if len(files) != 1 or files[0].name != name:
            raise _wrong(f"has not exactly one file, named {name!r}", name)
        return files[0]

    def fields(self) -> list[Place]:
        """Returns the places of the values of all fields that are no files, in their order."""
        return [part.place for part in self._parts if part.file is None]

    def _value(self, part: FormPart) -> str:
        start, end = part.place
        try:
            value = self._body[start : min(end, start + MAX_PART_HEADER_BYTES)].decode()
        except UnicodeDecodeError:
            raise _wrong(f"has a field {part.name!r} that is not UTF-8", part.name) from None
        other = not (value.isascii() or "8859" not in part.content_type)
        if other or not _TEXT.fullmatch(part.content_type) or not _is_line(value):
            raise _wrong(f"has a field {part.name!r} that is not one line of text", part.name)
        return value

    def shown(self) -> bytes:
        """The form as the record shows it: a JSON object of its fields; of files, and of texts for
        which there is no space left, name, type and size."""
        left = MAX_SHOWN_BYTES
        shown: dict[str, Any] = {}
        for part in self._parts:
            value: Any = _description(part)
            if part.file is None and part.size <= left:
                left -= part.size
                value = self._body[part.place[0] : part.place[1]].decode("utf-8", "replace")
            _add(shown, part.name, value)
        return msgspec.json.encode(shown)


def read_form(content_type: bytes, body: FormBytes) -> Form:
    """Reads a form. Raises `InvalidRequest` for what is not one, or could be read in two ways."""
    delimiter = b"--" + _boundary(content_type)
    if body[: len(delimiter) + 2] != delimiter + b"\r\n":
        raise _wrong("does not begin with the boundary that its Content-Type names")
    parts: list[FormPart] = []
    at = len(delimiter)
    while body[at : at + 2] == b"\r\n":
        end = body.find(delimiter, at)
        if end < 0:
            raise _wrong("has no closing boundary")
        if body[end - 2 : end] != b"\r\n" or end < at + 4:
            raise _wrong("has its boundary inside a part")
        if len(parts) >= MAX_FORM_PARTS:
            raise _wrong(f"has more than {MAX_FORM_PARTS} parts")
        parts.append(_read_part(body, at + 2, end - 2))
        at = end + len(delimiter)
    if body[at:] not in (b"--", b"--\r\n"):
        raise _wrong("has something else than a line end after a boundary")
    return Form(body, parts)


def replace_value(body: bytes, place: Place, value: str) -> bytes:
    """Returns the form with another value of one field; all other bytes stay. Raises
    `InvalidRequest` for a value that could end the field."""
    if not _is_line(value):
        raise InvalidRequest("The name of the model cannot be sent in a form.", param="model")
    return b"".join((body[: place[0]], value.encode(), body[place[1] :]))


def _is_line(value: str) -> bool:
    """Returns true for a text that cannot end its field: `--` at its begin could be a boundary."""
    return not _CONTROL.search(value) and not value.startswith("--")


def _boundary(content_type: bytes) -> bytes:
    match = _BOUNDARY.fullmatch(content_type.strip())
    if match is None:
        raise _wrong("has no valid Content-Type", hint="multipart/form-data; boundary=…")
    return match[1] or match[2]


def _read_part(body: FormBytes, start: int, end: int) -> FormPart:
    """Reads the part whose headers begin at `start`; its content ends at `end`."""
    blank = body.find(b"\r\n\r\n", start, min(end, start + MAX_PART_HEADER_BYTES))
    if blank < 0:
        raise _wrong("has a part without headers, or with too many")
    headers: dict[bytes, bytes] = {}
    for line in body[start:blank].split(b"\r\n"):
        match = _HEADER.fullmatch(line)
        if match is None or match[1].lower() in headers:
            raise _wrong("has a part with an invalid header, or one that is there twice")
        headers[match[1].lower()] = match[2].strip()
    if headers.get(b"content-transfer-encoding", b"binary").lower() not in _ENCODINGS:
        raise _wrong("has a part with a Content-Transfer-Encoding")
    name, file = _disposition(headers.get(b"content-disposition", b""))
    if name == "_charset_":
        raise _wrong("declares a charset for its fields", name)
    kind = headers.get(b"content-type", b"").decode("latin-1")
    return FormPart(name, (blank + 4, end), file, kind)


def _disposition(header: bytes) -> tuple[str, str | None]:
    """The name of a field, and of its file."""
    text = header.decode("utf-8", "replace")
    kind, given = text[:9].lower(), text[9:].strip()
    found: dict[str, str] = {}
    at = 0
    while match := _PARAMETER.match(given, at):
        parameter = match[1].lower()
        if parameter in found:
            raise _wrong(f"has a part with {parameter!r} twice")
        found[parameter] = match[3] or match[2] or ""
        at = match.end()
    if kind != "form-data" or at != len(given) or "name" not in found or "name*" in found:
        raise _wrong("has a part without a valid Content-Disposition")
    if "\\" in found["name"]:
        raise _wrong("has a part with an escaped name")
    file = found.get("filename", found.get("filename*"))
    return found["name"], file


def _description(part: FormPart) -> dict[str, Any]:
    described: dict[str, Any] = {} if part.file is None else {"filename": part.file}
    if part.content_type:
        described["content_type"] = part.content_type
    return {**described, "size": part.size}


def _add(shown: dict[str, Any], name: str, value: Any) -> None:
    """Adds a value; several of one name become a list."""
    if name not in shown:
        shown[name] = value
    elif isinstance(shown[name], list):
        shown[name].append(value)
    else:
        shown[name] = [shown[name], value]


def _wrong(what: str, param: str | None = None, hint: str = "") -> InvalidRequest:
    return InvalidRequest(
        f"The form {what}.", hint=hint and f"Send it as {hint}", code="invalid_form", param=param
    )
