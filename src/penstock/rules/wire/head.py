"""A caller's request: reads the fields that routing needs, and edits them without changing any
other byte. Validates nothing else: the provider decides what it accepts.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.rules.neutral.conversation import Place, RequestHead


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Head(msgspec.Struct):
    model: str
    stream: bool | None = None
    stream_options: _StreamOptions | None = None


_decoder: Final = msgspec.json.Decoder(_Head)
_members_decoder: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_HEAD_MEMBERS: Final = ("model", "stream", "stream_options")
_FOLDED: Final = frozenset(_HEAD_MEMBERS)
_LARGE: Final = 4096  # bytes; in a larger body a search costs more than reading all members
_LONG_S: Final = "\u017f".encode()  # folds to an s
_BYTE: Final = re.compile(r"\(byte (\d+)\)")
_PATH: Final = re.compile(r"`\$\.(\w+)|field `(\w+)`")
_MODEL: Final = re.compile(rb'"model"[ \t\r\n]*:[ \t\r\n]*("[^"\\]*")')
_TOKEN: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}:,]', re.DOTALL)
_INCLUDE_USAGE: Final = b'{"include_usage":true}'


def read_head(body: bytes) -> RequestHead:
    """Reads a request. Raises `InvalidRequest` with line and column, or with the wrong field.

    Also rejects a body in which a member that we read or edit appears twice, or with another
    spelling (`Model`, an escape): two readers could understand two different requests.
    """
    try:
        if len(body) > _LARGE:
            return _read_large(body)
        return _read_small(body)
    except msgspec.ValidationError as error:
        named = _PATH.search(str(error))
        param = (named[1] or named[2]) if named else None
        raise InvalidRequest(f"The request body is wrong: {error}.", param=param) from None
    except msgspec.DecodeError as error:
        raise _malformed(body, str(error)) from None
    except UnicodeDecodeError:
        raise _malformed(body, "invalid UTF-8") from None
    except RecursionError:
        raise InvalidRequest("The request body is nested too deeply.") from None


def _read_small(body: bytes) -> RequestHead:
    found = _decoder.decode(body)
    text = body.lower()
    # The members that were read have the exact spelling; the searches show that there are no
    # others. `find`, because `in` takes several times as long for bytes.
    expected = (found.stream is not None) + (found.stream_options is not None)
    at = text.find(b'"model"')
    if (
        text.find(b'"model"', at + 1) >= 0
        or text.count(b'"stream') != expected
        or (text.find(b"\\") >= 0 and text.find(b"\\u") >= 0)
        or (not text.isascii() and text.find(_LONG_S) >= 0)
    ):
        require_unique(body, _FOLDED)
        return _head(found)
    match = _MODEL.match(body, at) if at >= 0 else None
    return _head(found, match.span(1) if match is not None else None)


def _read_large(body: bytes) -> RequestHead:
    """Reads and finds the position for editing in one pass, because the text is long."""
    members = _members_decoder.decode(body)
    place = _place_if_regular(body, members)
    if place is None:
        require_unique(body, _FOLDED)
    for name in members:
        require_spelling(name)
    head = {name: members[name] for name in _HEAD_MEMBERS if name in members}
    return _head(_decoder.decode(msgspec.json.encode(head)), place)


def require_unique(body: bytes, names: frozenset[str]) -> None:
    """Raises `InvalidRequest` if a valid object has one of these members twice, or with another
    spelling."""
    seen: set[str] = set()
    for name, _, _ in _members(body):
        require_spelling(name, names)
        if name in names:
            if name in seen:
                raise InvalidRequest(f"The request body contains {name!r} twice.", param=name)
            seen.add(name)


def require_spelling(name: str, names: frozenset[str] = _FOLDED) -> None:
    """Raises `InvalidRequest` for another spelling of one of the names."""
    if name not in names and (folded := name.casefold()) in names:
        raise InvalidRequest(f"The request body spells {folded!r} as {name!r}.", param=folded)


def _head(found: _Head, model_at: Place | None = None) -> RequestHead:
    options = found.stream_options
    wants_usage = options is not None and bool(options.include_usage)
    return RequestHead(found.model, bool(found.stream), wants_usage, model_at)


def edit_request(
    body: bytes, model: str, *, add_usage: bool = False, model_at: Place | None = None
) -> bytes:
    """Replaces `model` in `body`, and sets `stream_options.include_usage` if `add_usage`.

    Keeps every other byte. `model_at` is the result of `read_head` for this body.
    """
    value = msgspec.json.encode(model)
    place = model_at or _place_of_model(body)
    if place is None or (add_usage and b'"stream_options"' in body):
        return _edit_members(body, value, add_usage=add_usage)
    edited = body[: place[0]] + value + body[place[1] :]
    return _append_usage(edited) if add_usage else edited


def _place_of_model(body: bytes) -> Place | None:
    """The position of the value of the only `model`, if a search can find it."""
    if rb"\u00" in body or body.count(b'"model"') != 1:  # a key may contain escapes
        return None
    match = _MODEL.search(body)
    return match.span(1) if match is not None else None


def _place_if_regular(body: bytes, members: dict[str, msgspec.Raw]) -> Place | None:
    """The position of the value of `model` in JSON without spaces (as the SDKs write it) or with
    one after each comma and colon (as Python writes it).

    Compares the body with its members written again. If they are equal, the body has no member
    twice and no key with escapes.
    """
    at, place = 1, None
    colon = len(next(iter(members), "").encode()) + 3  # after a brace, the first name, two quotes
    gap = b" " if body[colon + 1 : colon + 2] == b" " else b""
    for name, value in members.items():
        key = b'"%b":%b' % (name.encode(), gap)
        start = at + len(key)
        if not (body.startswith(key, at) and body.startswith(value, start)):
            return None
        end = start + len(value)
        if name == "model":
            place = start, end
        comma = b"," + gap
        at = end + len(comma) if body.startswith(comma, end) else end + 1
    return place if at == len(body) else None


def _append_usage(body: bytes) -> bytes:
    end = body.rindex(b"}")
    return b'%b,"stream_options":%b%b' % (body[:end], _INCLUDE_USAGE, body[end:])


def _edit_members(body: bytes, model: bytes, *, add_usage: bool) -> bytes:
    """Edits any body, by walking its top-level members."""
    values = {"model": model}
    if add_usage:
        values["stream_options"] = _INCLUDE_USAGE
    pieces: list[bytes] = []
    kept = 0
    for name, start, end in _members(body):
        if (value := values.pop(name, None)) is not None:
            pieces += (body[kept:start], _merged(name, body[start:end], value))
            kept = end
    edited = b"".join((*pieces, body[kept:]))
    return _append_usage(edited) if "stream_options" in values else edited


def _merged(name: str, old: bytes, new: bytes) -> bytes:
    """Adds `include_usage` to the options of the request."""
    if name != "stream_options" or not old.startswith(b"{"):
        return new
    options = msgspec.json.decode(old, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({**options, "include_usage": msgspec.Raw(b"true")})


def _members(body: bytes) -> Iterator[tuple[str, int, int]]:
    """Yields name, start and end of the value of each top-level member of a valid object."""
    depth = 0
    key = b""
    start = -1
    for token in _TOKEN.finditer(body):
        kind = body[token.start()]
        if kind in b"]}":
            depth -= 1
        if start < 0:
            if depth == 1 and kind == 0x22:
                key = token[0]
            elif depth == 1 and kind == 0x3A:
                start = token.end()
        elif (depth == 1 and kind == 0x2C) or depth == 0:
            value = body[start : token.start()]
            left = start + len(value) - len(value.lstrip())
            yield msgspec.json.decode(key, type=str), left, start + len(value.rstrip())
            start = -1
        if kind in b"[{":
            depth += 1


def _first_invalid(body: bytes) -> int:
    """Returns the offset of the first byte that is not UTF-8, or the end."""
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return error.start
    return len(body)


def _malformed(body: bytes, reason: str) -> InvalidRequest:
    """Adds the position: line and column count from 1, columns in characters."""
    found = _BYTE.search(reason)
    at = int(found[1]) if found else _first_invalid(body)
    line = body.count(b"\n", 0, at) + 1
    column = len(body[body.rfind(b"\n", 0, at) + 1 : at].decode("utf-8", "replace")) + 1
    detail = _BYTE.sub("", reason).removeprefix("JSON is malformed: ").strip()
    return InvalidRequest(
        f"The request body is not valid JSON: {detail} at line {line}, column {column}.",
        code="invalid_json",
    )
