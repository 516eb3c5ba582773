"""Stage 6 for calls that pass to any path: the provider's bytes as they are, of any type.

The last byte goes out after the record is written. Usage is read from a copy where there is one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from penstock.gateway.attempt import OpenAttempt
from penstock.gateway.call import Call
from penstock.gateway.call_limits import CallLimits
from penstock.gateway.inflight import InFlight
from penstock.gateway.ports import ProviderResponse
from penstock.gateway.stages.relay_unary import KeptAnswer, require_no_reply
from penstock.gateway.stages.reply import (
    file_headers,
    known_type,
    provider_headers,
    send_large,
    send_piece,
    send_whole,
    start,
)
from penstock.gateway.target import Target
from penstock.kernel.errors import PenstockError, UpstreamFailed
from penstock.kernel.time import Clock
from penstock.rules.neutral.answer import AnswerFacts
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.passed_call import is_text
from penstock.rules.redaction import leaked
from penstock.spi.chat import AnswerStream

_NO_HEAD: Final = RequestHead("")


@dataclass(frozen=True, slots=True)
class RelayRaw:
    """Relays one answer of any type. Calls `finalize` when it is complete."""

    limits: CallLimits
    inflight: InFlight
    clock: Clock

    async def __call__(
        self,
        call: Call,
        exchange: ProviderResponse,
        target: Target,
        finalize: Callable[[PenstockError | None], None],
    ) -> None:
        """Raises `UpstreamFailed` when the answer is cut, compressed or contains our credential."""
        require_no_reply(call)
        if exchange.header(b"content-encoding") not in (b"", b"identity"):
            raise UpstreamFailed("The provider's answer is compressed.", code="upstream_malformed")
        copy = _Copy(call, exchange, target, self.limits.capture_response_bytes)
        body = copy.take(await exchange.read())
        self.inflight.commit(call)
        if not is_text(call.headers.get(b"content-type", b"application/json")):
            call.body = call.head.shown if call.head else b""  # a file, or a form with files
        headers = file_headers(exchange) + provider_headers(exchange, target.redaction)
        if exchange.ended:
            self._finish(call, copy, finalize)
            await send_whole(call, exchange.status, headers, body)
            return
        await start(call, exchange.status, headers)
        held = b""
        try:
            while body:
                if not call.first_token_ns:
                    call.first_token_ns = self.clock.now_ns()
                await send_large(call, held + body[:-1])
                held = body[-1:]
                body = copy.take(await exchange.read())
        finally:
            copy.note(call.open_attempt)
        self._finish(call, copy, finalize)
        await send_piece(call, held, more=False)

    def _finish(
        self, call: Call, copy: "_Copy", finalize: Callable[[PenstockError | None], None]
    ) -> None:
        copy.note(call.open_attempt)
        call.open_attempt.end_ns = self.clock.now_ns()
        finalize(None)


def _described(kind: bytes, size: int) -> bytes:
    """A file as the record shows it."""
    return msgspec.json.encode({"content_type": known_type(kind).decode("ascii"), "size": size})


class _Copy:
    """The copy of an answer that the record and the search for our credential need."""

    def __init__(
        self, call: Call, exchange: ProviderResponse, target: Target, capture_limit: int
    ) -> None:
        kind = self._type = exchange.header(b"content-type")
        self._target = target
        self._is_text = is_text(kind)
        self._kept = KeptAnswer(capture_limit)
        self._edge = b""
        self._stream: AnswerStream | None = None
        if kind.startswith(target.plugin.stream_type):
            self._stream = target.plugin.open_stream(
                target.provider,
                call.head or _NO_HEAD,
                capture_limit=capture_limit,
                redaction=target.redaction,
                translated=False,
            )

    def take(self, piece: bytes) -> bytes:
        """Returns the piece. Raises `UpstreamFailed` if it contains our credential."""
        self._kept.add(piece)
        if self._stream is not None and self._stream.failure is None and not self._stream.done:
            self._stream.feed(piece)
        if piece:
            redaction, searched = self._target.redaction, self._edge + piece
            find = redaction.found_in if self._is_text else redaction.found_plain_in
            if find(searched):
                raise leaked()
            self._edge = searched[-redaction.overlap :]
        return piece

    def note(self, attempt: OpenAttempt) -> None:
        """Writes size, content and facts into the attempt."""
        attempt.response_size = self._kept.size
        if self._stream is not None:
            attempt.response, attempt.facts = self._stream.document(), self._stream.facts
            attempt.delta_count = self._stream.delta_count
        elif self._is_text:
            attempt.response, attempt.facts = self._kept.head(), self._read_facts()
        elif self._kept.size:
            attempt.response = _described(self._type, self._kept.size)

    def _read_facts(self) -> AnswerFacts:
        """The facts of an answer that has some; most paths answer other documents."""
        body, plugin = self._kept.head(), self._target.plugin
        try:
            whole = len(body) == self._kept.size
            return plugin.read_answer(body) if whole else plugin.read_tail(self._kept.tail())
        except UpstreamFailed:
            return AnswerFacts()
