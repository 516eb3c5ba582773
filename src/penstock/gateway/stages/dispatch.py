"""Stage 5: ask the provider, and wait for the head of its answer."""

from collections.abc import Callable

from penstock.gateway.call import Call, OpenAttempt
from penstock.gateway.limits import GatewayLimits
from penstock.gateway.ports import Egress, Providers
from penstock.gateway.project_view import Target
from penstock.gateway.trace_context import write_traceparent
from penstock.infra.egress.exchange import Exchange, Limits
from penstock.kernel.ids import span_id
from penstock.kernel.time import Clock
from penstock.rules.snapshot import ProviderEntry
from penstock.rules.wire.openai.request import RequestHead
from penstock.spi.chat import OutgoingCall, ProviderTarget


class Dispatch:
    """Builds the provider's request through its plugin and sends it."""

    def __init__(
        self,
        providers: Providers,
        egress: Egress,
        clock: Clock,
        entropy: Callable[[int], bytes],
        limits: GatewayLimits,
    ) -> None:
        self._providers = providers
        self._egress = egress
        self._clock = clock
        self._entropy = entropy
        self._capture = limits.capture_request_bytes

    async def __call__(self, call: Call, target: Target, head: RequestHead) -> Exchange:
        """The exchange, its head standing. `UpstreamFailed`, `UpstreamTimeout`."""
        entry = target.entry
        request = self._providers.get(entry.kind).build(
            ProviderTarget(entry.name, entry.base_url, target.secret, entry.quirks),
            OutgoingCall(call.operation, target.upstream_model, head.stream, call.body),
        )
        call.body = call.body[: self._capture]
        origin = self._egress.origin(request.url)
        span, now = span_id(self._entropy(8)), self._clock.now_ns()
        attempt = call.attempt = OpenAttempt(target, origin.host, origin.port, span, now)
        traceparent = write_traceparent(call.trace_id, span, call.parent.flags)
        exchange = await self._egress.open(
            request,
            _limits(entry),
            private_allowed=entry.private_allowed,
            extra_headers=((b"traceparent", traceparent),),
        )
        attempt.first_byte_ns = self._clock.now_ns()
        attempt.http_status = exchange.status
        return exchange


def _limits(entry: ProviderEntry) -> Limits:
    return Limits(
        entry.connect_timeout_ms / 1000,
        entry.first_byte_timeout_ms / 1000,
        entry.silence_timeout_ms / 1000,
        entry.total_timeout_ms / 1000,
    )
