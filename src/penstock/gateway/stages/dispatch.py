"""Stage 5: ask the provider, and wait for the head of its answer."""

from collections.abc import Callable
from typing import NamedTuple

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
from penstock.spi.chat import ChatProvider, OutgoingCall, ProviderTarget


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
        self._known: dict[str, _Provider] = {}

    async def __call__(self, call: Call, target: Target, head: RequestHead) -> Exchange:
        """The exchange, its head standing. `UpstreamFailed`, `UpstreamTimeout`."""
        provider = self._provider(target)
        request = provider.plugin.build(
            provider.target,
            OutgoingCall(call.operation, target.upstream_model, head.stream, call.body),
        )
        call.body = call.body[: self._capture]
        origin = self._egress.origin(request.url)
        span, now = span_id(self._entropy(8)), self._clock.now_ns()
        attempt = call.attempt = OpenAttempt(target, origin.host, origin.port, span, now)
        traceparent = write_traceparent(call.trace_id, span, call.parent.flags)
        exchange = await self._egress.open(
            request,
            provider.limits,
            private_allowed=provider.entry.private_allowed,
            extra_headers=((b"traceparent", traceparent),),
        )
        attempt.first_byte_ns = self._clock.now_ns()
        attempt.http_status = exchange.status
        return exchange

    def _provider(self, target: Target) -> "_Provider":
        """What does not change from call to call, as long as the snapshot's entry is the same."""
        known = self._known.get(target.entry.name)
        if known is None or known.entry is not target.entry or known.secret != target.secret:
            plugin = self._providers.get(target.entry.kind)
            known = self._known[target.entry.name] = _prepare(target, plugin)
        return known


class _Provider(NamedTuple):
    entry: ProviderEntry
    secret: str
    plugin: ChatProvider
    target: ProviderTarget
    limits: Limits


def _prepare(target: Target, plugin: ChatProvider) -> _Provider:
    entry = target.entry
    limits = Limits(
        entry.connect_timeout_ms / 1000,
        entry.first_byte_timeout_ms / 1000,
        entry.silence_timeout_ms / 1000,
        entry.total_timeout_ms / 1000,
    )
    told = ProviderTarget(entry.name, entry.base_url, target.secret, entry.quirks)
    return _Provider(entry, target.secret, plugin, told, limits)
