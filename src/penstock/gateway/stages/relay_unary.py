"""Stage 6 for whole answers: send small ones at once, pass large ones on in pieces.

Either way the record is written before the last byte goes out.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from penstock.gateway.attempt import OpenAttempt
from penstock.gateway.call import Call
from penstock.gateway.call_limits import CallLimits
from penstock.gateway.gather import gather
from penstock.gateway.inflight import InFlight
from penstock.gateway.offload import offload
from penstock.gateway.ports import ProviderResponse
from penstock.gateway.stages.reply import (
    JSON,
    ReplyHeaders,
    provider_headers,
    send_large,
    send_piece,
    send_whole,
    start,
)
from penstock.gateway.target import Target
from penstock.kernel.errors import PenstockError, UpstreamFailed
from penstock.kernel.time import Clock
from penstock.rules.elision import Elision, without_files
from penstock.rules.redaction import leaked

TAIL_BYTES: Final = 16 * 1024
MAX_TRANSLATED_BYTES: Final = 16 * 1024 * 1024  # of a whole answer that is translated


@dataclass(frozen=True, slots=True)
class RelayUnary:
    """Relays one whole answer. Calls `finalize` when it is complete."""

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
        """Raises `UpstreamFailed` when the answer is cut or not JSON."""
        attempt = call.attempts[-1]
        require_no_reply(call)
        headers = [JSON, *provider_headers(exchange, target.redaction)]
        whole = exchange.complete
        body = exchange.take() if whole else await self._gather(call, exchange, attempt)
        if not whole and not exchange.ended:
            if attempt.translated:
                raise _too_large()
            await self._relay_large(call, exchange, target, headers, first=body, finalize=finalize)
            return
        attempt.end_ns = self.clock.now_ns()
        attempt.facts = target.plugin.read_answer(body)
        if attempt.facts.reports_error and target.redaction.found_in(body):
            raise leaked()
        if attempt.ids is not None:
            body = attempt.ids.whole(body)
        attempt.response_size = len(body)
        shown = without_files(body) if call.traits.has_files else body
        attempt.response = shown[: self.limits.capture_response_bytes]
        if attempt.translated:
            body = await offload(len(body), partial(_translated, call, attempt, body))
        self.inflight.commit(call)
        finalize(None)
        await send_whole(call, exchange.status, headers, body)

    async def _gather(self, call: Call, exchange: ProviderResponse, attempt: OpenAttempt) -> bytes:
        """An answer that is translated waits until it is whole."""
        if not attempt.translated:
            return await gather(exchange, self.limits.small_answer_bytes)
        hold = partial(self.inflight.hold_memory, call)
        return await gather(exchange, MAX_TRANSLATED_BYTES, hold)

    async def _relay_large(
        self,
        call: Call,
        exchange: ProviderResponse,
        target: Target,
        headers: ReplyHeaders,
        *,
        first: bytes,
        finalize: Callable[[PenstockError | None], None],
    ) -> None:
        """Holds back one byte, so that the last one goes out after the record; with ids, as much as
        one of them may have."""
        if exchange.header(b"content-encoding") not in (b"", b"identity"):
            raise UpstreamFailed("The provider's answer is compressed.", code="upstream_malformed")
        attempt = call.open_attempt
        ids = attempt.ids
        if ids is None and (length := exchange.header(b"content-length")):
            headers.append((b"content-length", length))
        self.inflight.commit(call)
        await start(call, exchange.status, headers)
        has_files = call.traits.has_files
        kept = KeptAnswer(self.limits.capture_response_bytes, without_files=has_files)
        held, body = b"", first if ids is None else ids.beginning(first)
        try:
            while body:
                piece = held + body
                out, held = (piece[:-1], piece[-1:]) if ids is None else ids.piece(piece)
                kept.add(out)
                await send_large(call, out)
                body = await exchange.read()
            held = held if ids is None else ids.end(held)
        finally:
            kept.add(held)
            attempt.response_size = kept.size
            attempt.response = kept.head()
            attempt.facts = target.plugin.read_tail(kept.tail())
        attempt.end_ns = self.clock.now_ns()
        finalize(None)
        await send_piece(call, held, more=False)


def require_no_reply(call: Call) -> None:
    """Raises `UpstreamFailed` if the reply has begun as a stream, while it waited."""
    if call.reply_started:
        raise UpstreamFailed(
            "The provider answered a stream request without a stream.",
            code="upstream_malformed",
        )


def _translated(call: Call, attempt: OpenAttempt, body: bytes) -> bytes:
    if attempt.rewrite is not None:
        return attempt.rewrite(body)
    target = attempt.target
    events, echo = target.plugin.read_events(body), call.head.echo if call.head else b""
    return call.surface.render_answer(events, target.plugin.dialect, echo)


def _too_large() -> UpstreamFailed:
    return UpstreamFailed(
        f"The provider's answer is larger than {MAX_TRANSLATED_BYTES} bytes.",
        code="upstream_malformed",
    )


class KeptAnswer:
    """The beginning of a large answer, for the record, and its end, which has the usage.

    `without_files`: base64 is left out of the beginning, which is all of most answers then.
    """

    def __init__(self, limit: int, *, without_files: bool = False) -> None:
        self._left = limit
        self._elision = Elision() if without_files else None
        self._head: list[bytes] = []
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self.size = 0

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        if self._left > 0:
            self._keep(piece if self._elision is None else self._elision.add(piece))
        end = piece[-TAIL_BYTES:]
        self._tail.append(end)
        self._tail_size += len(end)
        while self._tail_size - len(self._tail[0]) >= TAIL_BYTES:
            self._tail_size -= len(self._tail.popleft())

    def _keep(self, piece: bytes) -> None:
        self._head.append(piece[: self._left])
        self._left -= len(self._head[-1])

    def head(self) -> bytes:
        if self._elision is not None and self._left > 0:
            self._keep(self._elision.end())
        return b"".join(self._head)

    def tail(self) -> bytes:
        return b"".join(self._tail)
