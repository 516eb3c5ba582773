"""The use cases of replays: build again, send again, compare."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from penstock.features.access import Access
from penstock.features.context import Context
from penstock.features.replays.gateway import BuiltOtherwise, InternalGateway
from penstock.features.replays.model import (
    AnswerDiff,
    AnswerSummary,
    FindRecorded,
    NotReplayable,
    diff_answers,
    require_replayable,
    require_same,
    summary_of,
    unlike,
)
from penstock.features.traces.model import RecordedRequest, SpanRecord
from penstock.infra.egress.exchange import UpstreamExchange
from penstock.kernel.errors import NotFound, Overloaded, UpstreamFailed
from penstock.rules.replay import CallerRequest, RebuildRequest, RebuiltRequest
from penstock.rules.sent_request import CODEC

_STORED_WITHIN_S: Final = 20.0  # for which a replay waits for the record of its call
_LOOK_EVERY_S: Final = 0.2
_MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024  # of a whole answer; then the replay is given up
_TRACE: Final = b"x-penstock-trace-id"
ReadAnswer = Callable[[SpanRecord], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class ReplayedRequest:
    """A request that was built again, with the attempt that sent it. It is what was sent."""

    recorded: RecordedRequest
    attempt: SpanRecord
    built: RebuiltRequest


@dataclass(frozen=True, slots=True)
class Replay:
    """The answer that a call got, the one to the same request now, and how they differ."""

    before: AnswerSummary
    after: AnswerSummary
    diff: AnswerDiff


@dataclass(frozen=True, slots=True)
class Replays:
    """Builds recorded requests again through the gateway, and sends calls as a key."""

    context: Context
    gateway: InternalGateway
    find: FindRecorded
    read_answer: ReadAnswer

    async def rebuild(self, project_id: str, wanted: str) -> ReplayedRequest:
        """Returns the request of a span, of which `wanted` is the id, or that of its trace. Raises
        `NotReplayable` if it is not exactly what was sent, and the errors of `FindRecorded`."""
        return await self._rebuild(await asyncio.to_thread(self.find, project_id, wanted))

    async def send_again(self, access: Access, wanted: str, key_id: str, model: str) -> Replay:
        """Sends the request of a span as a key: to `model`, or to the same target. Returns both
        answers once the new one is stored. Raises the errors of `rebuild`, and `UpstreamFailed`."""
        project_id = access.project_id
        recorded = await asyncio.to_thread(self.find, project_id, wanted)
        attempt, _ = require_replayable(recorded)
        found = await self._rebuild(recorded, model or f"{attempt.provider}/{attempt.model}")
        again = found.built.again
        if again is None:
            raise NotReplayable("This request cannot be sent again.", code="not_sent_again")
        await self._note(access, key_id, again, attempt.span_id)
        exchange = await self.gateway.send(project_id, key_id, again)
        await _read_whole(exchange)
        trace_id = exchange.header(_TRACE).decode("latin-1")
        after = self._summary(await self._stored(project_id, trace_id))
        before = self._summary(recorded)
        return Replay(before, after, diff_answers(before, after))

    async def send(self, access: Access, key_id: str, asked: CallerRequest) -> UpstreamExchange:
        """Sends a call as a key. Returns its answer, once its headers have arrived."""
        await self._note(access, key_id, asked)
        return await self.gateway.send(access.project_id, key_id, asked)

    async def _rebuild(self, found: RecordedRequest, send_model: str = "") -> ReplayedRequest:
        attempt, body = require_replayable(found)
        call = found.call
        asked = RebuildRequest(
            project_id=found.project_id,
            operation=call.operation,
            dialect=call.dialect,
            request_model=call.request_model,
            stream=call.stream,
            provider=attempt.provider,
            model=attempt.model,
            body=body,
            credential=found.credential,
            headers=tuple(attempt.request_headers),
            send_model=send_model,
        )
        try:
            built = await self.gateway.rebuild(asked)
        except BuiltOtherwise as error:
            raise unlike(found, attempt, CODEC, call.snapshot, f" {error.message}") from error
        require_same(found, attempt, built)
        return ReplayedRequest(found, attempt, built)

    async def _note(
        self, access: Access, key_id: str, asked: CallerRequest, replayed: str = ""
    ) -> None:
        """Writes the audit event before the call: what it does is in its record."""
        after = {"path": asked.path.partition("?")[0]} | (
            {"replay_of": replayed} if replayed else {}
        )

        def write() -> None:
            with self.context.database.write() as tx:
                self.context.audit_log.append(
                    tx, access.principal, access.project_id, "call.send", key_id, after=after
                )

        await asyncio.to_thread(write)

    async def _stored(self, project_id: str, trace_id: str) -> RecordedRequest:
        """Waits for the record of a call. Raises `Overloaded` if it does not come."""
        until = time.monotonic() + _STORED_WITHIN_S
        while time.monotonic() < until:
            try:
                return await asyncio.to_thread(self.find, project_id, trace_id)
            except NotFound:
                await asyncio.sleep(_LOOK_EVERY_S)
        raise Overloaded(
            f"The answer has come, and its record is not stored yet: trace {trace_id}.",
            hint="Look at the trace in a minute; /readyz says what is slow.",
            code="record_not_stored",
        )

    def _summary(self, found: RecordedRequest) -> AnswerSummary:
        return summary_of(found.call, found.attempt, self.read_answer(found.call))


async def _read_whole(exchange: UpstreamExchange) -> None:
    """Reads an answer, of which the record has the content. Raises `UpstreamFailed`."""
    size = 0
    try:
        while piece := await exchange.read():
            size += len(piece)
            if size > _MAX_ANSWER_BYTES:
                raise UpstreamFailed(f"The answer is larger than {_MAX_ANSWER_BYTES} bytes.")
    finally:
        exchange.abort()
