"""The ids of responses and files in the Responses API: those that requests name, and those that
answers give out. All other bytes stay as they are."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.rules.formats.json_places import (
    FoundString,
    find_in_request,
    find_strings,
    names_of,
    replace_strings,
)
from penstock.rules.formats.json_text import decode_json
from penstock.rules.provider_ids import IdKind, IdSigner
from penstock.rules.wire.head import require_unique

MAX_OWN_ID_BYTES: Final = 512  # of a provider's id; a longer one goes out as it is
PREVIOUS: Final = "previous_response_id"
CONVERSATION: Final = "conversation"
_UNIQUE: Final = frozenset((PREVIOUS, CONVERSATION))
_PARTS: Final = ("content.*.file_id", "output.*.file_id", "output.file_id")
_REQUEST: Final = names_of(
    {
        PREVIOUS: IdKind.RESPONSE,
        **dict.fromkeys([f"input.*.{part}" for part in _PARTS], IdKind.FILE),
        "prompt.variables.*.file_id": IdKind.FILE,
        "tools.*.container.file_ids.*": IdKind.FILE,
        "tools.*.input_image_mask.file_id": IdKind.FILE,
    }
)
_ITEMS: Final = names_of(dict.fromkeys([f"data.*.{part}" for part in _PARTS], IdKind.FILE))
_ANSWER: Final = names_of({"id": IdKind.RESPONSE})
_EVENT: Final = names_of({"response.id": IdKind.RESPONSE})
_DATA: Final = re.compile(rb"(?:\A|[\r\n])data: ?(?=\{)")
_PREVIOUS: Final = re.compile(
    rb'("previous_response_id"[ \t\r\n]{0,8}:[ \t\r\n]{0,8})("[^"\\]{1,%d}")' % MAX_OWN_ID_BYTES
)
_LONGEST: Final = MAX_OWN_ID_BYTES + 64  # with the name of the member


class KeptMembers(NamedTuple):
    """The members of a request about responses that the provider keeps: whether it `continues` one,
    and whether it wants its answer later (`background`)."""

    continues: bool
    background: bool


class _Head(msgspec.Struct):
    previous_response_id: msgspec.Raw = msgspec.Raw()
    conversation: msgspec.Raw = msgspec.Raw()
    background: msgspec.Raw = msgspec.Raw()


_head: Final = msgspec.json.Decoder(_Head)
_text: Final = msgspec.json.Decoder(str)


def read_kept(body: bytes) -> KeptMembers:
    """Reads the members of a request that was read."""
    found = decode_json(_head, body)
    return KeptMembers(
        bool(bytes(found.previous_response_id) or bytes(found.conversation)),
        bytes(found.background) == b"true",
    )


def named_ids(body: bytes) -> list[FoundString]:
    """Returns the ids in a request that was read. Raises `InvalidRequest` for a conversation, and
    for a member that is there twice or in another spelling."""
    require_unique(body, _UNIQUE)
    if bytes(decode_json(_head, body).conversation) not in (b"", b"null"):
        raise InvalidRequest(
            "The gateway serves no conversations: nothing says to which project one belongs.",
            hint="Name the response before this one in 'previous_response_id'.",
            code="conversation_not_served",
            param=CONVERSATION,
        )
    return find_in_request(body, _REQUEST)


class ResponseIds:
    """Writes ids for callers into the answers of one provider. `previous`: an answer may name the
    response before it."""

    def __init__(self, signer: IdSigner, *, previous: bool) -> None:
        self._signer = signer
        self._previous = previous

    def whole(self, body: bytes) -> bytes:
        """Returns a whole answer. Raises `UpstreamFailed` if it is not JSON."""
        return self._with_previous(self.beginning(body))

    def beginning(self, body: bytes) -> bytes:
        """Returns the beginning of an answer. Raises `UpstreamFailed` if it is not JSON."""
        try:
            found = next(find_strings(body, _ANSWER), None)
        except msgspec.DecodeError:
            raise _malformed() from None
        return self._replaced(body, [found] if found is not None else [])

    def piece(self, body: bytes) -> tuple[bytes, bytes]:
        """Returns what may go out of a piece, and the rest, with which the next one begins."""
        if not self._previous:
            return body[:-1], body[-1:]
        cut = max(0, len(body) - _LONGEST)
        for match in _PREVIOUS.finditer(body):
            if match.start() < cut < match.end():
                cut = match.start()
        return self._with_previous(body[:cut]), body[cut:]

    def end(self, rest: bytes) -> bytes:
        """Returns the rest of the last piece."""
        return self._with_previous(rest)

    def events(self, events: bytes) -> bytes:
        """Returns whole events of a stream. Raises `UpstreamFailed` if one is not JSON."""
        if b'"response"' not in events:
            return events
        try:
            found = list(_ids_of_events(events))
        except msgspec.DecodeError:
            raise _malformed() from None
        return self._with_previous(self._replaced(events, found))

    def items(self, body: bytes) -> bytes:
        """Returns the list of what a request contained. Raises `UpstreamFailed`."""
        try:
            return self._replaced(body, list(find_strings(body, _ITEMS)))
        except msgspec.DecodeError:
            raise _malformed() from None

    def _with_previous(self, body: bytes) -> bytes:
        if not self._previous or PREVIOUS.encode() not in body:
            return body
        return _PREVIOUS.sub(lambda match: match[1] + self._signed_text(match[2]), body)

    def _replaced(self, body: bytes, found: list[FoundString]) -> bytes:
        if not found:
            return body
        return replace_strings(body, found, [self._signed(IdKind(f.label), f.text) for f in found])

    def _signed_text(self, raw: bytes) -> bytes:
        return msgspec.json.encode(self._signed(IdKind.RESPONSE, decode_json(_text, raw)))

    def _signed(self, kind: IdKind, plain: str) -> str:
        if not 0 < len(plain.encode()) <= MAX_OWN_ID_BYTES:
            return plain
        return self._signer.sign(kind, plain) or plain


def _ids_of_events(events: bytes) -> Iterator[FoundString]:
    for match in _DATA.finditer(events):
        found = next(find_strings(events, _EVENT, match.end()), None)
        if found is not None:
            yield found


def _malformed() -> UpstreamFailed:
    return UpstreamFailed(
        "The provider's answer is not in the format of the Responses API.",
        code="upstream_malformed",
    )
