"""Stage after resolve, for routes with conditions: which targets are for this call."""

from dataclasses import dataclass

from penstock.gateway.call import Call
from penstock.gateway.inflight import InFlight
from penstock.gateway.offload import offload
from penstock.gateway.route_run import RouteRun
from penstock.gateway.target import Target
from penstock.kernel.errors import InvalidRequest
from penstock.rules.call_conditions import CallFacts
from penstock.rules.guards.documents import read_memory
from penstock.rules.limits.estimate import estimate_tokens
from penstock.rules.request_content import RequestContent, content_of


@dataclass(frozen=True, slots=True)
class SelectTargets:
    """Leaves out the targets of a route whose conditions a call does not fulfil."""

    inflight: InFlight

    async def __call__(self, call: Call, route: RouteRun) -> Target:
        """Returns the first target that is left. Raises `NotFound` if there is none, and the errors
        of `InFlight.hold` for a request with too many values."""
        members = route.route.members
        tests = [each.condition for each in members if each.condition is not None]
        content, tokens = RequestContent(), 0
        if any(each.reads_content for each in tests):
            content = await self._content(call)
        if any(each.reads_tokens for each in tests):
            tokens = estimate_tokens(call.body, call.operation).input
        facts = CallFacts(call.caller, "", "")
        route.keep(
            tuple(
                each
                for each in members
                if each.condition is None
                or each.condition.admits(facts, call.headers, content, tokens)
            )
        )
        call.target = route.targets[0]
        return call.target

    async def _content(self, call: Call) -> RequestContent:
        """Reads a chat. Other requests have no content that conditions know."""
        if not call.traits.chat:
            return RequestContent()
        self.inflight.hold_memory(call, read_memory(call.body))
        try:
            return await offload(
                len(call.body), lambda: content_of(call.surface.read_conversation(call.body))
            )
        except InvalidRequest:  # the provider, or the translation, says what is wrong
            return RequestContent()
