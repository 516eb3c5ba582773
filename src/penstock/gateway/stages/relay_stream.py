"""Stage 6 for streams: pass events on as they arrive; hold the terminal event for the record."""

from collections.abc import Callable
from dataclasses import dataclass

from penstock.gateway.call import Call
from penstock.gateway.call_limits import CallLimits
from penstock.gateway.stages.reply import EVENT_STREAM, provider_headers, send_piece, start
from penstock.gateway.target import Target
from penstock.infra.egress.exchange import UpstreamExchange
from penstock.kernel.time import Clock
from penstock.rules.conversation import RequestHead
from penstock.spi.chat import AnswerStream
from penstock.spi.surface import AnswerWriter


@dataclass(frozen=True, slots=True)
class RelayStream:
    """Relays one stream. Calls `finalize` when it is complete."""

    limits: CallLimits
    clock: Clock

    async def __call__(
        self, call: Call, exchange: UpstreamExchange, target: Target, finalize: Callable[[], None]
    ) -> None:
        """Raises `UpstreamFailed` when the stream is cut, malformed, ends early or has an error."""
        head = call.head or RequestHead("")
        stream = target.plugin.open_stream(
            target.provider,
            head,
            capture_limit=self.limits.capture_response_bytes,
            redaction=target.redaction,
            translated=call.translated,
        )
        writer = call.surface.answer_writer(head) if call.translated else None
        call.streaming = True
        try:
            passed = provider_headers(exchange, target.redaction)
            await start(call, exchange.status, EVENT_STREAM + passed)
            await self._forward(call, exchange, stream, writer)
        finally:
            _note(call, stream)
        if stream.failure is not None:
            raise stream.failure
        call.answered(self.clock.now_ns())
        exchange.discard()
        finalize()
        terminal = stream.terminal if writer is None else writer.end()
        await send_piece(call, terminal, more=False)

    async def _forward(
        self,
        call: Call,
        exchange: UpstreamExchange,
        stream: AnswerStream,
        writer: AnswerWriter | None,
    ) -> None:
        while not stream.done and stream.failure is None:
            piece = await exchange.read()
            if not piece:
                stream.close()
                return
            out = stream.feed(piece)
            if writer is not None:
                out = b"".join([writer.write(event) for event in stream.take_events()])
            if not call.first_token_ns and stream.delta_count:
                call.first_token_ns = self.clock.now_ns()
            if out:
                await send_piece(call, out, more=True)


def _note(call: Call, stream: AnswerStream) -> None:
    """Stores what was received in the call, also of an incomplete stream."""
    call.facts = stream.facts
    call.delta_count = stream.delta_count
    call.response = stream.document()
    call.response_size = stream.size
