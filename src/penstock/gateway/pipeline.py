"""The one pipeline of all surfaces: authenticate → admit → read → release → resolve
→ select targets → follow ids → reserve → guard input → look up
→ attempts (dispatch, guard output, relay) → settle → record. Every call passes `_finalize` once,
before its last byte.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Final

from penstock.gateway.auth_failures import AuthFailures
from penstock.gateway.call import Call
from penstock.gateway.call_guard import CallGuard
from penstock.gateway.call_limits import CallLimits
from penstock.gateway.errors import ClientDisconnected, ShuttingDown
from penstock.gateway.inflight import InFlight
from penstock.gateway.metrics.counts import Metrics
from penstock.gateway.shadows import Shadows
from penstock.gateway.snapshot.holder import SnapshotHolder
from penstock.gateway.snapshot.snapshot import Snapshot
from penstock.gateway.stages.attempts import Attempts
from penstock.gateway.stages.find_kept import FindKept
from penstock.gateway.stages.follow_ids import FollowIds
from penstock.gateway.stages.guard import GuardRequest
from penstock.gateway.stages.look_up import LookUp
from penstock.gateway.stages.read import read
from penstock.gateway.stages.read_upload import ReadUpload
from penstock.gateway.stages.record import Recorder
from penstock.gateway.stages.release import ApplyRelease
from penstock.gateway.stages.reply import send_error, send_last_event
from penstock.gateway.stages.reserve import ReserveLimits
from penstock.gateway.stages.resolve import Resolve
from penstock.gateway.stages.select_targets import SelectTargets
from penstock.gateway.stages.settle import close_attempt, total
from penstock.gateway.target import Target
from penstock.kernel.errors import PenstockError, RateLimited, Unauthenticated
from penstock.kernel.time import Clock
from penstock.rules.call import CallStatus
from penstock.rules.guards.results import GuardrailBlocked, GuardrailFailed
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.snapshot.access import KeyContext

AuthenticateCall = Callable[[Call, Snapshot], KeyContext]
_OK: Final = CallStatus.OK  # members of enumerations take long to read
_log: Final = logging.getLogger("penstock.gateway")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Serves calls; holds the parts that all calls share."""

    snapshots: SnapshotHolder
    authenticate: AuthenticateCall
    failures: AuthFailures
    inflight: InFlight
    read_upload: ReadUpload
    release: ApplyRelease
    resolve: Resolve
    find_kept: FindKept
    select_targets: SelectTargets
    follow_ids: FollowIds
    reserve: ReserveLimits
    guard: GuardRequest
    look_up: LookUp
    attempts: Attempts
    recorder: Recorder
    shadows: Shadows
    metrics: Metrics
    clock: Clock
    limits: CallLimits

    async def serve(self, call: Call) -> None:
        """Answers and records the call, whatever happens."""
        try:
            await self._run(call)
        except PenstockError as error:
            await self._fail(call, error)
        except asyncio.CancelledError:
            if call.ended_by is None:
                if not call.recorded:
                    self._finalize(call, ShuttingDown("The gateway is stopping."))
                raise
            await self._fail(call, call.ended_by)
        except Exception:  # noqa: BLE001 - the edge: a bug of ours becomes a 500 with its record
            _log.exception("Internal error in trace %s", call.trace_id)
            await self._fail(
                call, PenstockError("The gateway failed.", hint="See the gateway's log.")
            )
        finally:
            call.over = True
            if call.reserved is not None:
                self.reserve.settle(call)
            if call.cache is not None:
                call.cache.release()
            self.read_upload.release(call)
            self.inflight.leave(call)
            if call.guard is not None:  # it has the call: a cycle would keep both
                call.guard.note_usage = None
                call.guard = None
            follow_ups, call.follow_ups = call.follow_ups, ()
            for follow_up in follow_ups:
                follow_up()

    async def _run(self, call: Call) -> None:
        snapshot = self.snapshots.current
        key_context = self.authenticate(call, snapshot)
        self.inflight.enter(call, key_context)
        if call.traits.uploads:
            head = await self.read_upload(call, key_context)
        else:
            head = await read(call, self.limits, self.inflight)
        call.ready_ns = self.clock.now_ns()
        rollouts = snapshot.project(key_context.project_id).rollouts
        if rollouts is not None:
            asked, body = head, call.body
            head = await self.release(call, key_context, rollouts, head)
            if call.shadow is not None:
                self.shadows.plan(call, asked, body, call.shadow)
            del body
        target = await self._find_target(call, snapshot, key_context, head)
        call.resolved_ns = self.clock.now_ns()
        if target.project.limits is not None or key_context.token is not None:
            await self.reserve(call, target, target.project.limits)
            call.reserved_ns = self.clock.now_ns()
        if target.project.guardrails is not None:
            head = await self.guard(call, target, target.project.guardrails, head)
            call.guarded_ns = self.clock.now_ns()
        self.recorder.begin(call)
        if call.route is not None and (shadow := call.route.shadow) is not None:
            self.shadows.plan(call, head, call.body, shadow)
        finalize = partial(self._finalize, call)
        if self.look_up.concerns(call):
            if await self.look_up(call, target, head, finalize):
                return
            call.looked_up_ns = self.clock.now_ns()
        if call.guard is None:
            await self.attempts(call, target, head, finalize)
        else:
            await self._ask(call, call.guard, partial(self.attempts, call, target, head, finalize))

    async def _find_target(
        self, call: Call, snapshot: Snapshot, key_context: KeyContext, head: RequestHead
    ) -> Target:
        if call.traits.kept:
            return await self.find_kept(call, snapshot, key_context, head)
        target = self.resolve(call, snapshot, key_context, head)
        if call.route is not None and call.route.route.is_conditional:
            target = await self.select_targets(call, call.route)
        if (ids := self.follow_ids.ids_of(call, head)) is not None:
            return await self.follow_ids(call, ids, target, head, snapshot)
        return target

    async def _ask(
        self, call: Call, guard: CallGuard, attempts: Callable[[], Coroutine[None, None, None]]
    ) -> None:
        """Makes attempts, and others if a check blocks the answer and wants another one."""
        while True:
            try:
                await attempts()
            except (GuardrailBlocked, GuardrailFailed) as error:
                if guard.note_usage is not None:
                    guard.note_usage()
                    guard.note_usage = None  # it has the answer
                if call.committed or guard.asked_again >= error.ask_again or not call.attempts:
                    raise
                guard.asked_again += 1
                now_ns = self.clock.now_ns()
                close_attempt(call, call.attempts[-1], now_ns, CallStatus.ERROR, error)
            else:
                return

    def _finalize(self, call: Call, error: PenstockError | None = None) -> None:
        """Settles, records and counts the call. Runs once for each call."""
        status = _status(error)
        if call.attempts:
            attempt = call.attempts[-1]
            close_attempt(call, attempt, attempt.end_ns or self.clock.now_ns(), status, error)
        if call.reserved is not None:
            self.reserve.settle(call)
        record = self.recorder.end(call, status, error, total(call))
        if call.cache is not None and error is None:
            self.look_up.keep(call)
        self.metrics.observe(record, call.target.counted_as if call.target else "")
        self.metrics.stages.observe(call, record.end_ns)

    async def _fail(self, call: Call, error: PenstockError) -> None:
        """Answers with the error. After the first byte: an error event, or an unfinished body."""
        if call.key_context is None or isinstance(error, Unauthenticated):
            await send_error(call, self.record_failure(call, error))
            return
        if not call.reply_started:
            call.http_status = error.status
        if not call.recorded:
            self._finalize(call, error)
        if isinstance(error, ClientDisconnected):
            return
        if not call.reply_started:
            await send_error(call, error)
        elif call.streaming:
            await send_last_event(call, call.surface.render_error_event(error), failed=True)

    def record_failure(self, call: Call, error: PenstockError) -> PenstockError:
        """Counts a call without a valid key, and records it if it is in the sample. Returns the
        error to send: `error`, or `RateLimited` for an address with too many such calls."""
        client = call.client[0] if call.client else ""
        decision = self.failures.decide(client, self.clock.monotonic())
        throttled = decision.throttled and isinstance(error, Unauthenticated)
        call.http_status = RateLimited.status if throttled else error.status
        if decision.recorded and call.operation:
            self._finalize(call, _with_count(error, decision.unrecorded))
        else:
            self.metrics.count_unrecorded(call.operation, call.http_status, error.code)
        return _throttled(error) if throttled else error


def _with_count(error: PenstockError, unrecorded: int) -> PenstockError:
    """Adds to the message how many calls before this one have no record."""
    if not unrecorded:
        return error
    message = f"{error.message} {unrecorded} earlier calls from this address were not recorded."
    return type(error)(message, hint=error.hint, code=error.code)


def _throttled(error: PenstockError) -> RateLimited:
    return RateLimited(
        "Too many calls without a valid key from this address.",
        hint=error.hint,
        retry_after_s=5,
    )


def _status(error: PenstockError | None) -> CallStatus:
    if error is None:
        return _OK
    return CallStatus.CANCELLED if isinstance(error, ClientDisconnected) else CallStatus.ERROR
