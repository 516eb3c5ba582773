"""Stage 4: which provider serves this model, and may this key call it?"""

from collections.abc import Callable
from typing import Final

from penstock.gateway.call import Call
from penstock.gateway.metrics import OTHER
from penstock.gateway.project_view import Grant, Target
from penstock.gateway.route import Route
from penstock.gateway.snapshot import Snapshot
from penstock.infra.egress.exchange import Limits
from penstock.kernel.errors import Forbidden, InvalidRequest
from penstock.rules.call import Operation
from penstock.rules.model_patterns import allows
from penstock.rules.redaction import Redaction
from penstock.rules.snapshot import ProviderEntry
from penstock.rules.wire.openai.request import RequestHead
from penstock.spi.chat import ChatProvider, ProviderTarget

# Routes that one worker remembers, about 1 kB each: a key and a name of at most 256 characters.
# Callers choose the names; when it is full it starts afresh.
MAX_REMEMBERED: Final = 4096


class Resolve:
    """Finds the route of a call. Routes are remembered as long as the snapshot stands."""

    def __init__(self, plugin: Callable[[str], ChatProvider]) -> None:
        self._plugin = plugin
        self._snapshot: Snapshot | None = None
        self._known: dict[tuple[str, str], Route] = {}

    def __call__(self, call: Call, snapshot: Snapshot, grant: Grant, head: RequestHead) -> Route:
        """`NotFound` with the nearest names, `Forbidden`, or `InvalidRequest`."""
        if head.stream and call.operation == Operation.EMBEDDINGS:
            raise InvalidRequest("Embeddings cannot be streamed.", param="stream")
        if snapshot is not self._snapshot or len(self._known) >= MAX_REMEMBERED:
            self._snapshot, self._known = snapshot, {}
        wanted = (grant.key.id, head.model)
        route = self._known.get(wanted)
        if route is None:
            route = self._known[wanted] = self._find(snapshot, grant, head.model)
        call.route = route
        return route

    def _find(self, snapshot: Snapshot, grant: Grant, model: str) -> Route:
        if not model:
            raise InvalidRequest("The request names no model.", param="model")
        project = snapshot.project(grant.project_id)
        target = project.resolve(model)
        _require_allowed(grant.key.allowed_models, target, model)
        entry = target.entry
        return Route(
            project=project,
            entry=entry,
            model=target.upstream_model,
            counted_as=target.upstream_model if target.upstream_model in entry.models else OTHER,
            plugin=self._plugin(entry.kind),
            provider=ProviderTarget(entry.name, entry.base_url, target.secret, entry.quirks),
            limits=_limits(entry),
            redaction=Redaction(target.secret),
        )


def _require_allowed(patterns: tuple[str, ...], target: Target, model: str) -> None:
    if not allows(patterns, target.entry.name, target.upstream_model):
        raise Forbidden(
            f"This key may not call the model {model!r}.",
            hint=f"It may call: {', '.join(patterns)}.",
            code="model_not_allowed",
            param="model",
        )


def _limits(entry: ProviderEntry) -> Limits:
    return Limits(
        entry.connect_timeout_ms / 1000,
        entry.first_byte_timeout_ms / 1000,
        entry.silence_timeout_ms / 1000,
        entry.total_timeout_ms / 1000,
    )
