"""The ids of responses and files in the Responses API: those that requests name, and those that
answers give out. All other bytes stay as they are."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

import msgspec

from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.rules.formats.json_places import (
    MAX_FOUND,
    FoundString,
    StringNames,
    TooManyTokens,
    find_in_request,
    find_strings,
    names_of,
    replace_strings,
)
from penstock.rules.formats.json_text import decode_json
from penstock.rules.formats.sse import event_ends
from penstock.rules.provider_ids import IdKind, IdSigner
from penstock.rules.wire.head import require_unique
from penstock.rules.wire.responses.head import read_response_head

MAX_OWN_ID_BYTES: Final = 512  # of a provider's id; a longer one goes out as it is
# Before the id of an answer, which providers write first. The search is Python: without a bound an
# odd provider would keep the event loop busy.
MAX_TOKENS_BEFORE: Final = 1000
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
_CARRIER: Final = b'"response"'  # in the events that have one
_PREVIOUS: Final = re.compile(
    rb'("previous_response_id"[ \t\r\n]{0,8}:[ \t\r\n]{0,8})("[^"\\]{1,%d}")' % MAX_OWN_ID_BYTES
)
_LONGEST: Final = MAX_OWN_ID_BYTES + 64  # with the name of the member


_text: Final = msgspec.json.Decoder(str)


def named_ids(body: bytes) -> list[FoundString]:
    """Returns the ids in a request that was read. Raises `InvalidRequest` for a conversation, and
    for a member that is there twice or in another spelling."""
    require_unique(body, _UNIQUE)
    if read_response_head(body).in_conversation:
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
        self._last = ("", "", "")  # kind, own and signed id: events of a stream repeat them

    def whole(self, body: bytes) -> bytes:
        """Returns a whole answer. Raises `UpstreamFailed` if it is not JSON."""
        return self._with_previous(self.beginning(body))

    def beginning(self, body: bytes) -> bytes:
        """Returns the beginning of an answer. Raises `UpstreamFailed` if it is not JSON."""
        try:
            found = _first(body, _ANSWER)
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
        if _CARRIER not in events:
            return events
        try:
            found = list(_ids_of_events(events))
        except msgspec.DecodeError:
            raise _malformed() from None
        return self._with_previous(self._replaced(events, found))

    def items(self, body: bytes) -> bytes:
        """Returns the list of what a request contained. Raises `UpstreamFailed`."""
        try:
            found = list(islice(find_strings(body, _ITEMS), MAX_FOUND + 1))
        except msgspec.DecodeError:
            raise _malformed() from None
        if len(found) > MAX_FOUND:
            raise _malformed()
        return self._replaced(body, found)

    def _with_previous(self, body: bytes) -> bytes:
        if not self._previous or PREVIOUS.encode() not in body:
            return body
        return _PREVIOUS.sub(lambda match: match[1] + self._signed_text(match[2]), body)

    def _replaced(self, body: bytes, found: list[FoundString]) -> bytes:
        if not found:
            return body
        return replace_strings(body, found, [self._signed(each.label, each.text) for each in found])

    def _signed_text(self, raw: bytes) -> bytes:
        return msgspec.json.encode(self._signed(IdKind.RESPONSE, decode_json(_text, raw)))

    def _signed(self, kind: str, plain: str) -> str:
        if (kind, plain) != self._last[:2]:
            fits = 0 < len(plain.encode()) <= MAX_OWN_ID_BYTES
            signed = self._signer.sign(IdKind(kind), plain) if fits else None
            self._last = kind, plain, signed or plain
        return self._last[2]


def _first(body: bytes, names: StringNames, start: int = 0) -> FoundString | None:
    """Returns the id of a response; `None` if it is absent or comes late."""
    try:
        return next(find_strings(body, names, start, MAX_TOKENS_BEFORE), None)
    except TooManyTokens:
        return None


def _ids_of_events(events: bytes) -> Iterator[FoundString]:
    start = 0
    for end in event_ends(events):
        if events.find(_CARRIER, start, end) >= 0:
            data = events.find(b"{", events.find(b"data:", start, end), end)
            found = _first(events, _EVENT, data) if data >= 0 else None
            if found is not None:
                yield found
        start = end


def _malformed() -> UpstreamFailed:
    return UpstreamFailed(
        "The provider's answer is not in the format of the Responses API.",
        code="upstream_malformed",
    )
