"""Stage 6 for streams: pass events on as they arrive; hold the terminal event for the record.

Nothing goes out before the first semantic event: until then another attempt can answer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from penstock.gateway.call import Call
from penstock.gateway.call_limits import KIB, CallLimits
from penstock.gateway.inflight import InFlight
from penstock.gateway.ports import ProviderResponse
from penstock.gateway.small_reads import SmallReads
from penstock.gateway.stages.reply import (
    provider_headers,
    send_events,
    send_last_event,
    start,
    stream_headers,
)
from penstock.gateway.target import Target
from penstock.kernel.errors import PenstockError
from penstock.kernel.time import Clock
from penstock.rules.neutral.conversation import RequestHead
from penstock.spi.chat import AnswerStream
from penstock.spi.surface import AnswerWriter

MAX_HELD_BYTES: Final = 64 * KIB  # of events before the first semantic one; more commit the answer
_NO_HEAD: Final = RequestHead("")


@dataclass(frozen=True, slots=True)
class RelayStream:
    """Relays one stream. Calls `finalize` when it is complete."""

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
        """Raises `UpstreamFailed` when the stream is cut, malformed, ends early or has an error,
        `RateLimited` when it passes a limit that cuts."""
        attempt = call.open_attempt
        head = call.head or _NO_HEAD
        stream = target.plugin.open_stream(
            target.provider,
            head,
            capture_limit=self.limits.capture_response_bytes,
            redaction=target.redaction,
            translated=attempt.translated,
        )
        dialect = attempt.dialect
        writer = call.surface.answer_writer(head, dialect) if attempt.translated else None
        try:
            await self._forward(call, exchange, stream, writer)
        finally:
            attempt.facts = stream.facts
            attempt.delta_count = stream.delta_count
            document = stream.document()
            attempt.response = attempt.ids.whole(document) if attempt.ids else document
            attempt.response_size = stream.size
        if stream.failure is not None:
            raise stream.failure
        attempt.end_ns = self.clock.now_ns()
        exchange.discard()
        finalize(None)
        last = attempt.ids.events(stream.terminal) if attempt.ids else stream.terminal
        await send_last_event(call, writer.end() if writer else last)

    async def _forward(
        self,
        call: Call,
        exchange: ProviderResponse,
        stream: AnswerStream,
        writer: AnswerWriter | None,
    ) -> None:
        """Passes on all but the terminal event."""
        held, budget, ids = b"", call.budget, call.open_attempt.ids
        read = exchange.read if budget is None else SmallReads(exchange).read
        while not stream.done and stream.failure is None:
            piece = await read()
            if piece:
                out = stream.feed(piece)
            else:
                stream.close()
                out = b""
            if writer is not None:
                out = b"".join([writer.write(event) for event in stream.take_events()])
            elif ids is not None:
                out = ids.events(out)
            if not call.committed:
                held += out
                if not (stream.delta_count or stream.done or len(held) > MAX_HELD_BYTES):
                    continue
                out = held
                await self._commit(call, exchange)
            if not call.first_token_ns and stream.delta_count:
                call.first_token_ns = self.clock.now_ns()
            if out:
                await send_events(call, out)
            if budget is not None and not stream.done:
                await budget.check(call.open_attempt, stream, call.request_size, call.start_ns)

    async def _commit(self, call: Call, exchange: ProviderResponse) -> None:
        self.inflight.commit(call)
        exchange.note_content()
        call.streaming = True
        if not call.reply_started:
            passed = provider_headers(exchange, call.open_attempt.target.redaction)
            await start(call, exchange.status, stream_headers(call) + passed)
