"""Files and batches of OpenAI's API: what the gateway reads of their requests, and their ids in
requests and answers. All else passes as it is."""

from typing import Final, NamedTuple

import msgspec

from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.rules.batches import MAX_LINES
from penstock.rules.formats.form import FormBytes, read_form
from penstock.rules.formats.json_text import decode_json, decode_whole_json
from penstock.rules.neutral.conversation import Place
from penstock.rules.provider_ids import IdKind, IdSigner
from penstock.rules.wire.head import read_head, require_unique
from penstock.rules.wire.openai.paths import TEXT_PATHS

MAX_LINE_BYTES: Final = 4 * 1024 * 1024  # of one request in a batch
BATCH_PURPOSE: Final = "batch"
_URLS: Final = frozenset(("/v1/responses", *("/v1" + each.path for each in TEXT_PATHS)))
_LINE_MEMBERS: Final = frozenset(("body", "url", "method"))
_INPUT: Final = "input_file_id"


class _Line(msgspec.Struct):
    url: str
    body: msgspec.Raw
    method: str = "POST"


class _Named(msgspec.Struct):
    id: str = ""


_line: Final = msgspec.json.Decoder(_Line)
_named: Final = msgspec.json.Decoder(_Named)
_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text: Final = msgspec.json.Decoder(str | None)


class ReadForm(NamedTuple):
    """The form of an upload: the purpose and the place of its file, and what its record shows."""

    purpose: str
    place: Place
    shown: bytes


def read_form_of_upload(content_type: bytes, body: FormBytes) -> ReadForm:
    """Reads the form of an upload. Raises `InvalidRequest`."""
    form = read_form(content_type, body)
    purpose = form.field("purpose")
    if purpose is None:
        raise InvalidRequest("The form has no field 'purpose'.", param="purpose")
    return ReadForm(purpose[0], form.file("file").place, form.shown())


def model_of_lines(body: FormBytes, place: Place) -> str:
    """Returns the model that all requests of a batch name. Raises `InvalidRequest` with the number
    of a line that is not a request, or names another model."""
    model, count = "", 0
    at, end = place
    while at < end:
        found = body.find(b"\n", at, end)
        stop = end if found < 0 else found
        line, at = body[at : min(stop, at + MAX_LINE_BYTES + 1)].strip(b" \t\r"), stop + 1
        count += 1
        if not line and at >= end:
            break
        named = _model_of(line, count)
        if model and named != model:
            raise _wrong_line(count, f"names the model {named!r}, line 1 names {model!r}")
        model = named
    if not model:
        raise InvalidRequest("The file has no requests.", param="file", code="invalid_batch_file")
    return model


def _model_of(line: bytes, number: int) -> str:
    if len(line) > MAX_LINE_BYTES:
        raise _wrong_line(number, f"has more than {MAX_LINE_BYTES} bytes")
    if number > MAX_LINES:
        raise _wrong_line(number, f"is too many: a batch has at most {MAX_LINES} requests")
    if b"\r" in line:  # some readers end a line there
        raise _wrong_line(number, "contains a CR")
    try:
        read = decode_whole_json(_line, line)
        _require_unique(line)
        model = read_head(bytes(read.body)).model
    except msgspec.DecodeError as error:
        raise _wrong_line(number, f"is not a request: {error}") from None
    except InvalidRequest as error:
        raise _wrong_line(number, f"is wrong: {error.message}") from None
    if read.method != "POST" or read.url not in _URLS:
        raise _wrong_line(number, f"has the url {read.url[:64]!r}; use {', '.join(sorted(_URLS))}")
    if not model:
        raise _wrong_line(number, "names no model")
    return model


def _require_unique(line: bytes) -> None:
    """Two readers must not see two different requests. Lines as JSON libraries write them are
    written again for the comparison, which is quicker than a look at each member."""
    members = decode_json(_members, line)
    for gap in (b"", b" "):
        pairs = [msgspec.json.encode(k) + b":" + gap + bytes(v) for k, v in members.items()]
        if b"{%b}" % (b"," + gap).join(pairs) == line and _LINE_MEMBERS.issuperset(
            name for name in members if name.casefold() in _LINE_MEMBERS
        ):
            return
    require_unique(line, _LINE_MEMBERS)


def read_input_id(body: bytes) -> str:
    """Returns the input file of a batch. Raises `InvalidRequest`."""
    require_unique_input(body)
    found = _member(body, _INPUT)
    if not found:
        raise InvalidRequest(f"The request has no {_INPUT!r}.", param=_INPUT)
    return found


def require_unique_input(body: bytes) -> None:
    """Raises `InvalidRequest` if the body is not an object with one input file."""
    try:
        decode_whole_json(_members, body)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The request body is wrong: {error}.") from None
    require_unique(body, frozenset((_INPUT,)))


def with_input_id(body: bytes, plain: str) -> bytes:
    """Returns the request for a batch with the provider's own id of its input file."""
    return msgspec.json.encode({**decode_json(_members, body), _INPUT: plain})


def read_id(body: bytes) -> str:
    """Returns the id in an answer about a file or a batch; empty if it has none."""
    try:
        return decode_whole_json(_named, body).id
    except msgspec.DecodeError:
        return ""


def seal_file(body: bytes, model: str, signer: IdSigner) -> bytes:
    """Returns an answer about a file with the id for the caller. Raises `UpstreamFailed`."""
    return _sealed(body, {"id": (IdKind.FILE, model)}, signer)


def seal_batch(body: bytes, model: str, signer: IdSigner) -> bytes:
    """Returns an answer about a batch with ids for the caller. Raises `UpstreamFailed`."""
    kinds = {
        "id": (IdKind.BATCH, model),
        _INPUT: (IdKind.FILE, model),
        "output_file_id": (IdKind.FILE, ""),
        "error_file_id": (IdKind.FILE, ""),
    }
    return _sealed(body, kinds, signer)


def _sealed(body: bytes, kinds: dict[str, tuple[IdKind, str]], signer: IdSigner) -> bytes:
    try:
        members: dict[str, msgspec.Raw | str] = dict(decode_json(_members, body))
        for name, (kind, model) in kinds.items():
            plain = decode_json(_text, bytes(members.get(name, b"null")))  # pyright: ignore[reportArgumentType] - not replaced yet
            signed = signer.sign(kind, plain, model) if plain else None
            if signed is not None:
                members[name] = signed
            elif plain:
                raise msgspec.DecodeError(f"{name} is too long")
            elif name == "id":
                raise msgspec.DecodeError("no id")
    except msgspec.DecodeError as error:
        raise UpstreamFailed(
            f"The provider's answer is not in OpenAI's format: {error}.", code="upstream_malformed"
        ) from None
    return msgspec.json.encode(members)


def _member(body: bytes, name: str) -> str | None:
    raw = decode_json(_members, body).get(name, msgspec.Raw(b"null"))
    try:
        return decode_json(_text, bytes(raw))
    except msgspec.DecodeError:
        raise InvalidRequest(f"{name!r} is not a string.", param=name) from None


def _wrong_line(number: int, what: str) -> InvalidRequest:
    return InvalidRequest(
        f"Line {number} of the batch file {what}.", param="file", code="invalid_batch_file"
    )
