"""Shadow calls: a share of the calls is sent elsewhere as well, in the background, once the
original has been answered. The answer is recorded and never shown.

This file knows what to send where (`ShadowRule`), not who wants it. Shadow calls come last: they
are dropped while callers need the worker or the provider.
"""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Final, NamedTuple

from msgspec import structs

from penstock.gateway.call import Call, Message
from penstock.gateway.errors import ShuttingDown
from penstock.gateway.ids import Ids
from penstock.gateway.inflight import InFlight
from penstock.gateway.shadow_rule import ShadowRule
from penstock.gateway.stages.attempts import Attempts
from penstock.gateway.stages.guard import GuardRequest
from penstock.gateway.stages.record import Recorder
from penstock.gateway.stages.release import ApplyRelease
from penstock.gateway.stages.reserve import ReserveLimits
from penstock.gateway.stages.resolve import Resolve
from penstock.gateway.stages.settle import close_attempt, total
from penstock.gateway.target import Target
from penstock.infra.spool import SpoolFull
from penstock.kernel.errors import PenstockError
from penstock.kernel.time import Clock
from penstock.rules.attributes import CALL_ATTRIBUTES
from penstock.rules.call import CallStatus
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.priorities import Priority
from penstock.rules.rollouts.shadow_budget import SHADOW_TAG
from penstock.rules.tags import merged_tags
from penstock.spi.strategy import Randomness

MAX_SHADOWS: Final = 64  # of a worker, planned and in progress; further ones are dropped
_NOT_SENT: Final = (b"traceparent", b"tracestate", b"x-penstock-cache", b"idempotency-key")
_OF_ORIGINAL: Final = frozenset(  # which release and arm of a rollout answered the caller
    each.name for each in CALL_ATTRIBUTES if not each.of_key and not each.of_header
)
_log: Final = logging.getLogger("penstock.gateway")


class ShadowOutcome(StrEnum):
    """The outcomes of shadow calls that were drawn."""

    ANSWERED = "answered"
    FAILED = "failed"
    BUSY = "busy"  # dropped: as many as allowed are in progress, or callers need the worker
    REFUSED = "refused"  # dropped: a budget, a policy or the full spool refused it
    ORIGINAL = "original"  # dropped: the original has no good answer of a provider


@dataclass(frozen=True, slots=True)
class PlannedShadow:
    """A shadow call that begins when its original has ended. `call` holds its memory; `head` is
    that of the original."""

    call: Call
    head: RequestHead
    rule: ShadowRule


class ShadowStages(NamedTuple):
    """The stages that shadow calls pass."""

    release: ApplyRelease
    resolve: Resolve
    reserve: ReserveLimits
    guard: GuardRequest
    attempts: Attempts
    recorder: Recorder


class Shadows:
    """The shadow calls of a worker. `counts`: their outcomes."""

    def __init__(
        self,
        stages: ShadowStages,
        inflight: InFlight,
        ids: Ids,
        clock: Clock,
        random: Randomness,
    ) -> None:
        self.counts: Counter[ShadowOutcome] = Counter()
        self._stages = stages
        self._inflight = inflight
        self._ids = ids
        self._clock = clock
        self._random = random
        self._planned: Counter[tuple[str, str]] = Counter()  # with those in progress
        self._running: set[asyncio.Task[None]] = set()

    def plan(self, call: Call, head: RequestHead, body: bytes, rule: ShadowRule) -> None:
        """Draws whether a call has a shadow with this request, and reserves its memory. What begins
        the shadow, or drops it, is among the follow-ups of the call."""
        key_context = call.key_context
        if key_context is None or key_context.token is not None:  # its limits are small
            return
        if not call.traits.chat or self._random.random() * 100 >= rule.percent:
            return
        full = self._planned[_who(rule)] >= rule.max_calls
        if full or self._planned.total() >= MAX_SHADOWS or self._inflight.is_busy:
            self.counts[ShadowOutcome.BUSY] += 1
            return
        shadow = self._shadow_of(call, head, body, rule)
        try:
            self._inflight.hold(shadow, len(body))
        except PenstockError:
            self.counts[ShadowOutcome.BUSY] += 1
            return
        self._planned[_who(rule)] += 1
        call.follow_ups += (partial(self._start, call, PlannedShadow(shadow, head, rule)),)

    def _start(self, original: Call, planned: PlannedShadow) -> None:
        """Begins a planned shadow call in the background, if its original went well."""
        attempt = original.attempt
        good = attempt is not None and attempt.status is CallStatus.OK and original.recorded
        if not good or original.own_ids is not None:  # what it names is kept by one provider
            self._leave(planned, ShadowOutcome.ORIGINAL)
            return
        if self._inflight.is_busy:
            self._leave(planned, ShadowOutcome.BUSY)
            return
        task = asyncio.ensure_future(self._run(planned))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def in_progress(self) -> int:
        """Returns how many are being answered."""
        return len(self._running)

    async def stop(self) -> None:
        """Ends and records all at once."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _shadow_of(self, call: Call, head: RequestHead, body: bytes, rule: ShadowRule) -> Call:
        """The call that is sent: a trace of its own, with the same request and caller."""
        shadow = Call(
            call.surface,
            call.operation,
            {name: value for name, value in call.headers.items() if name not in _NOT_SENT},
            _nothing_to_receive,
            _discard,
            ids=self._ids,
            start_ns=self._clock.now_ns(),
            path=call.path,
            query=call.query,
        )
        shadow.snapshot, shadow.key_context = call.snapshot, call.key_context
        tags = merged_tags({SHADOW_TAG: rule.name}, call.caller.tags)
        others = {n: value for n, value in call.caller.others.items() if n not in _OF_ORIGINAL}
        shadow.caller = structs.replace(call.caller, tags=tags, others=others)
        shadow.body, shadow.request_size = body, len(body)
        shadow.head = head
        shadow.shadow_of = call.trace_id
        return shadow

    async def _run(self, planned: PlannedShadow) -> None:
        call, outcome, slot = planned.call, ShadowOutcome.FAILED, None
        try:
            head, target = await self._prepared(planned)
            slots = target.slots
            if slots is not None and (slot := slots.take(Priority.LOW)) is None:
                outcome = ShadowOutcome.BUSY
            else:
                outcome = await self._ask(call, head, target)
        except SpoolFull:
            outcome = ShadowOutcome.REFUSED
        except PenstockError as error:
            known = call.begin is not None or call.recorded
            outcome = ShadowOutcome.FAILED if known else ShadowOutcome.REFUSED
            self._end(call, error)
        except asyncio.CancelledError:
            self._end(call, ShuttingDown("The gateway is stopping."))
            raise
        except Exception:  # noqa: BLE001 - the edge: a shadow call must not fail anything else
            _log.exception("Internal error in the shadow call %s", call.trace_id)
            self._end(call, PenstockError("The gateway failed.", hint="See the gateway's log."))
        finally:
            if call.reserved is not None:
                self._stages.reserve.settle(call)
            if slot is not None:
                slot.release()
            self._leave(planned, outcome)

    async def _prepared(self, planned: PlannedShadow) -> tuple[RequestHead, Target]:
        """Returns head and target of the request. A release that cannot take the request, such as
        one that has another variable, is recorded: it is what the shadow is to show."""
        call, head, wanted = planned.call, planned.head, planned.rule.wanted
        call.start_ns = call.ready_ns = self._clock.now_ns()
        if isinstance(wanted, Target):
            call.head = structs.replace(head, model=f"{wanted.entry.name}/{wanted.model}")
            return call.head, wanted
        if call.snapshot is None:
            raise AssertionError("a shadow call has the snapshot of its original")
        project = call.snapshot.project(planned.rule.project_id)
        try:
            head = await self._stages.release.apply(call, head, wanted)
            return head, self._stages.resolve.of_shadow(call, project, head.model)
        except PenstockError as error:
            call.http_status = error.status
            self._stages.recorder.end(call, CallStatus.ERROR, error, total(call))
            raise

    async def _ask(self, call: Call, head: RequestHead, found: Target) -> ShadowOutcome:
        """Sends the request to the target, without its health and places: what a shadow meets says
        nothing to the calls of routes."""
        target = call.target = replace(found, health=None, slots=None)
        project, stages = target.project, self._stages
        if project.limits is not None:
            await stages.reserve(call, target, project.limits)
        if project.guardrails is not None:
            head = await stages.guard(call, target, project.guardrails, head)
        stages.recorder.begin(call)
        await stages.attempts(call, target, head, lambda error: self._end(call, error))
        attempt = call.attempt
        good = attempt is not None and attempt.status is CallStatus.OK
        return ShadowOutcome.ANSWERED if good else ShadowOutcome.FAILED

    def _end(self, call: Call, error: PenstockError | None) -> None:
        """Settles and records a shadow call that has begun, once."""
        if call.begin is None or call.recorded:
            return
        status = CallStatus.OK if error is None else CallStatus.ERROR
        if error is not None:
            call.http_status = error.status
        if (attempt := call.attempt) is not None:
            end_ns = attempt.end_ns or self._clock.now_ns()
            close_attempt(call, attempt, end_ns, status, error)
        if call.reserved is not None:
            self._stages.reserve.settle(call)
        self._stages.recorder.end(call, status, error, total(call))

    def _leave(self, planned: PlannedShadow, outcome: ShadowOutcome) -> None:
        who = _who(planned.rule)
        self.counts[outcome] += 1
        self._planned[who] -= 1
        if not self._planned[who]:
            del self._planned[who]
        self._inflight.release(planned.call)


def _who(rule: ShadowRule) -> tuple[str, str]:
    return rule.project_id, rule.name


async def _nothing_to_receive() -> Message:
    raise AssertionError("a shadow call receives nothing")


async def _discard(_: Message) -> None:
    """Takes a part of an answer that nobody reads."""
