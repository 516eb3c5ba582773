"""Calls an endpoint with each item, directly: no answer of it is trusted."""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from penstock.features.evaluations.model import EvaluationRun, Result, TargetAnswer
from penstock.features.evaluations.work.calls import (
    GatewayAnswer,
    RejectedCall,
    RunCalls,
    answer_of,
)
from penstock.infra.egress.client import Egress
from penstock.infra.egress.exchange import UpstreamExchange, UpstreamTimeLimits
from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.rules.evaluation.endpoints import Endpoint, EndpointFormat, request_of, value_at
from penstock.rules.evaluation.items import DatasetItem
from penstock.rules.redaction import Redaction
from penstock.rules.replay import CallerRequest
from penstock.spi.http import HttpRequest

_FORBIDDEN = "upstream_address_forbidden"


@dataclass(frozen=True, slots=True)
class EndpointSender:
    """`SendCall` to an endpoint, with the secret of its header. Redirects are not followed."""

    egress: Egress
    endpoint: Endpoint
    secret: str = field(repr=False)

    def hidden(self) -> Redaction:
        """Returns what removes the secret from answers, also without a word such as `Bearer`."""
        return Redaction(self.secret, self.secret.rpartition(" ")[2])

    async def __call__(
        self, project_id: str, key_id: str, asked: CallerRequest
    ) -> UpstreamExchange:
        """Returns the answer, once its headers are there. Raises `RejectedCall` for an address that
        is not allowed, `UpstreamFailed`."""
        del project_id, key_id
        endpoint, seconds = self.endpoint, self.endpoint.timeout_s
        headers = [
            (b"content-type", b"application/json"),
            (b"accept", b"application/json"),
            (b"user-agent", b"penstock"),
        ]
        if self.secret:
            headers.append((endpoint.header.lower().encode(), self.secret.encode()))
        for line in asked.headers:
            name, _, value = line.partition(": ")
            headers.append((name.encode(), value.encode()))
        request = HttpRequest("POST", endpoint.address, tuple(headers), asked.body)
        limits = UpstreamTimeLimits(min(seconds, 10.0), seconds, seconds, seconds)
        try:
            return await self.egress.open(request, limits, private_allowed=endpoint.private_allowed)
        except UpstreamFailed as error:
            if error.code == _FORBIDDEN:
                raise RejectedCall(error.message, hint=error.hint) from error
            raise


OpenEndpoint = Callable[[str, Endpoint], EndpointSender]
"""Returns what calls an endpoint of a project. Raises `InvalidRequest` without its secret."""


@dataclass(frozen=True, slots=True)
class EndpointTarget:
    """Calls an endpoint with each item. What an answer has cost is unknown."""

    run: EvaluationRun
    endpoint: Endpoint
    calls: RunCalls

    async def answer(self, item: DatasetItem, repeat: int, earlier: Result | None) -> TargetAnswer:
        """Raises `RejectedCall` if there can be no answer, `UpstreamFailed` if none came, or one
        without a text where it should be."""
        del earlier
        try:
            body = msgspec.json.encode(request_of(self.endpoint, item))
        except InvalidRequest as error:
            raise RejectedCall(error.sentence()) from error
        key = self.run.idempotency_key(item.id, repeat)
        found = await self.calls.ask(body, {"idempotency-key": key})
        if self.endpoint.format is EndpointFormat.OPENAI:
            return answer_of(found)
        return TargetAnswer(output=self._output(found), latency_ms=found.latency_ms)

    def _output(self, found: GatewayAnswer) -> str:
        try:
            document = msgspec.json.decode(found.body)
            output = value_at(document, self.endpoint.output) if self.endpoint.output else document
        except (msgspec.MsgspecError, InvalidRequest, RecursionError) as error:
            raise UpstreamFailed(f"The answer of the endpoint cannot be read: {error}") from error
        return output if isinstance(output, str) else msgspec.json.encode(output).decode()
