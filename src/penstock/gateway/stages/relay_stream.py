"""Stage 6 for streams: pass events on as they arrive; hold the terminal event for the record."""

from collections.abc import Callable
from dataclasses import dataclass

from penstock.gateway.call import Call
from penstock.gateway.call_limits import CallLimits
from penstock.gateway.stages.reply import EVENT_STREAM, provider_headers, send_piece, start
from penstock.gateway.target import Target
from penstock.infra.egress.exchange import UpstreamExchange
from penstock.kernel.time import Clock
from penstock.rules.wire.openai.stream import ChatStream


@dataclass(frozen=True, slots=True)
class RelayStream:
    """Relays one stream. Calls `finalize` when it is complete."""

    limits: CallLimits
    clock: Clock

    async def __call__(
        self, call: Call, exchange: UpstreamExchange, target: Target, finalize: Callable[[], None]
    ) -> None:
        """Raises `UpstreamFailed` when the stream is cut, malformed, ends early or has an error."""
        quirks = target.entry.quirks
        wants_usage = call.head is not None and call.head.wants_usage
        stream = ChatStream(
            hide_usage=not wants_usage and quirks.get("stream_usage") != "no",
            needs_done=quirks.get("terminator") != "finish_reason",
            capture_limit=self.limits.capture_response_bytes,
            redaction=target.redaction,
        )
        call.streaming = True
        try:
            passed = provider_headers(exchange, target.redaction)
            await start(call, exchange.status, EVENT_STREAM + passed)
            await self._forward(call, exchange, stream)
        finally:
            _note(call, stream)
        if stream.failure is not None:
            raise stream.failure
        call.answered(self.clock.now_ns())
        exchange.discard()
        finalize()
        await send_piece(call, stream.terminal, more=False)

    async def _forward(self, call: Call, exchange: UpstreamExchange, stream: ChatStream) -> None:
        while not stream.done and stream.failure is None:
            piece = await exchange.read()
            if not piece:
                stream.close()
                return
            out = stream.feed(piece)
            if not call.first_token_ns and stream.assembly.delta_count:
                call.first_token_ns = self.clock.now_ns()
            if out:
                await send_piece(call, out, more=True)


def _note(call: Call, stream: ChatStream) -> None:
    """Stores what was received in the call, also of an incomplete stream."""
    call.facts = stream.assembly.facts
    call.delta_count = stream.assembly.delta_count
    call.response = stream.assembly.document()
    call.response_size = stream.size
