"""Stages 5 and 6: ask a provider and relay its answer; on a failure before the answer is committed
let the route choose another target.

An answer is committed with its first semantic event, or when it is complete.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from penstock.gateway.call import Call
from penstock.gateway.credentials import CredentialPool
from penstock.gateway.guarded_answer import guarded
from penstock.gateway.inflight import InFlight
from penstock.gateway.ports import ProviderResponse
from penstock.gateway.route_run import NextAttempt, RouteRun
from penstock.gateway.stages.dispatch import Dispatch
from penstock.gateway.stages.fetch_media import FetchMedia
from penstock.gateway.stages.hedge import Hedge, OpenedAnswer, may_be_hedged
from penstock.gateway.stages.relay_error import (
    ProviderOverloaded,
    ProviderRejected,
    cause_of,
    raise_provider_error,
    send_rejection,
)
from penstock.gateway.stages.relay_raw import RelayRaw
from penstock.gateway.stages.relay_stream import RelayStream
from penstock.gateway.stages.relay_unary import RelayUnary
from penstock.gateway.stages.reply import keep_alive
from penstock.gateway.stages.settle import close_attempt
from penstock.gateway.target import Target
from penstock.infra.egress.exchange import NEVER
from penstock.kernel.errors import (
    InvalidRequest,
    Overloaded,
    PenstockError,
    RateLimited,
    UpstreamFailed,
    UpstreamTimeout,
)
from penstock.kernel.time import Clock
from penstock.rules.attempts.breaker_state import Probe
from penstock.rules.attempts.failure_causes import FailureCause
from penstock.rules.call import CallStatus
from penstock.rules.neutral.conversation import RequestHead

OF_CREDENTIALS: Final = frozenset((FailureCause.CREDENTIAL, FailureCause.RATE_LIMIT))
NOT_REPORTED: Final = frozenset((FailureCause.UNSUPPORTED, FailureCause.FULL))
NO_CONTENT: Final = frozenset((204, 205))  # statuses without a body

Finalize = Callable[[PenstockError | None], None]


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt, with the target that it was for."""

    error: PenstockError
    target: Target
    cause: FailureCause


@dataclass(frozen=True, slots=True)
class Attempts:
    """Makes attempts until one is committed or there is nothing left to try."""

    dispatch: Dispatch
    relay_unary: RelayUnary
    relay_stream: RelayStream
    relay_raw: RelayRaw
    hedge: Hedge
    fetch_media: FetchMedia
    inflight: InFlight
    clock: Clock

    async def __call__(
        self, call: Call, target: Target, head: RequestHead, finalize: Finalize
    ) -> None:
        """Raises `UpstreamFailed`, `UpstreamTimeout` or `ProviderOverloaded` with the provider's
        name, and errors of our own."""
        if target.fetches_media or call.route is not None:
            await self.fetch_media(call, target)
        if head.stream:
            call.keep_alive = partial(keep_alive, call)
        try:
            if call.route is not None:
                failure = await self._follow(call, call.route, head, finalize)
            elif target.slots is None and target.health is None:  # the usual case
                failure = await self._try(call, target, head, finalize)
            else:
                failure = await self._in_turn(call, NextAttempt(target, 0.0), head, finalize)
            if failure is not None:
                await self._give_up(call, failure, finalize)
        finally:
            if call.keep_alive is not None:
                call.keep_alive = None

    async def _follow(
        self, call: Call, route: RouteRun, head: RequestHead, finalize: Finalize
    ) -> Failure | None:
        """Tries the targets of a route. Returns the failure to report: the first one that is no
        fault of the choice of the target."""
        loop = asyncio.get_running_loop()
        step: NextAttempt | None = route.first(loop.time())
        reported: Failure | None = None
        while step is not None:
            if step.wait_s:
                await asyncio.sleep(step.wait_s)
                step = route.waited(step, loop.time())
                if step is None:
                    break
            call.target = step.target
            failure = await self._in_turn(call, step, head, finalize, first=reported is None)
            if failure is None:
                return None
            if reported is None or reported.cause in NOT_REPORTED:
                reported = failure
            if call.committed:
                return failure
            step = route.after(failure.cause, failure.error.retry_after_s, loop.time())
            if step is not None or reported is not failure:
                self._close_failed(call, failure.error)
        return reported

    async def _in_turn(
        self,
        call: Call,
        step: NextAttempt,
        head: RequestHead,
        finalize: Finalize,
        *,
        first: bool = False,
    ) -> Failure | None:
        """Makes one attempt, or two that compete, once the target has a place for it."""
        slots = step.target.slots
        if slots is None:
            return await self._compete(call, step, head, finalize, first=first)
        slot = step.slot
        if slot is None:
            now = asyncio.get_running_loop().time()
            within_s = NEVER if call.route is None else call.route.left_s(now)
            try:
                slot = await slots.wait(_key_of(call), call.priority, within_s)
            except (Overloaded, RateLimited) as error:
                return _failed(error, step.target, FailureCause.FULL)
            call.waited_ns = slot.waited_ns
            if call.route is not None and _has_failed(step.target):
                slot.release()
                late = Overloaded("it failed while the call waited.", code="route_unavailable")
                return _failed(late, step.target, FailureCause.UNAVAILABLE)
        try:
            placed = step._replace(slot=slot)
            return await self._compete(call, placed, head, finalize, first=first)
        finally:
            slot.release()

    async def _compete(
        self, call: Call, step: NextAttempt, head: RequestHead, finalize: Finalize, *, first: bool
    ) -> Failure | None:
        """Makes an attempt, and hedges it if the route says so."""
        route = call.route
        after_s = _hedge_after(call, route, step, head) if first and route is not None else None
        if route is None or after_s is None:
            return await self._observe(call, step.target, head, finalize, probe=step.probe)
        opened = await self.hedge(call, route, step, head, after_s)
        target = call.target = opened.target
        try:
            return await self._observe(call, target, head, finalize, opened=opened)
        finally:
            if opened.slot is not None:
                opened.slot.release()

    async def _observe(
        self,
        call: Call,
        target: Target,
        head: RequestHead,
        finalize: Finalize,
        *,
        probe: Probe | None = None,
        opened: OpenedAnswer | None = None,
    ) -> Failure | None:
        """Makes one attempt, and notes what it says about the target."""
        health = target.health
        if health is None:
            return await self._try(call, target, head, finalize)
        loop = asyncio.get_running_loop()
        if call.route is None:
            probe = health.breaker.take_probe(loop.time())
        health.begin()
        try:
            failure = await self._try(call, target, head, finalize, opened)
        except BaseException:
            health.abandon(probe)
            raise
        if failure is not None:
            error = failure.error
            health.fail(loop.time(), failure.cause, error.retry_after_s, probe)
        else:
            usage = call.open_attempt.usage
            tokens = usage.input_tokens + usage.output_tokens
            health.succeed(loop.time(), _latency_s(call), tokens, probe)
        return failure

    async def _try(
        self,
        call: Call,
        target: Target,
        head: RequestHead,
        finalize: Finalize,
        opened: OpenedAnswer | None = None,
    ) -> Failure | None:
        """Makes one attempt. Returns how the provider failed. Raises errors of our own."""
        try:
            if opened is not None:
                await self._ask(call, target, head, finalize, opened)
            elif target.credentials is None:
                await self._ask(call, target, head, finalize)
            else:
                await self._ask_in_turn(call, target, target.credentials, head, finalize)
        except (UpstreamFailed, UpstreamTimeout, ProviderOverloaded, ProviderRejected) as error:
            return _failed(error, target, _cause(call, error))
        except InvalidRequest as error:  # it cannot be written for this target
            if call.route is None:
                raise
            return _failed(error, target, FailureCause.UNSUPPORTED)
        return None

    async def _ask_in_turn(
        self,
        call: Call,
        target: Target,
        pool: CredentialPool,
        head: RequestHead,
        finalize: Finalize,
    ) -> None:
        """Makes an attempt with one credential, and with another one if the provider rejects it.
        Other paths use only the first, because what they make belongs to it (files, batches)."""
        only_first = call.traits.passes
        tried: set[str] = set()
        while True:
            try:
                chosen = await pool.choose(tried, only_first=only_first)
                tried.add(chosen.name)
                await self._ask(call, target.using(chosen), head, finalize)
            except (UpstreamFailed, ProviderOverloaded, ProviderRejected) as error:
                another = _cause(call, error) in OF_CREDENTIALS and pool.has_another(tried)
                if only_first or call.committed or not another:
                    raise
                self._close_failed(call, error)
            else:
                return

    async def _ask(
        self,
        call: Call,
        target: Target,
        head: RequestHead,
        finalize: Finalize,
        opened: OpenedAnswer | None = None,
    ) -> None:
        exchange = await (self.dispatch(call, target, head) if opened is None else opened.answer())
        if target.credentials is not None:
            retry_after = exchange.header(b"retry-after")
            target.credentials.note(target.credential, exchange.status, retry_after)
        if not call.reply_started:
            call.http_status = exchange.status
        try:
            passes = call.traits.passes
            if exchange.status in NO_CONTENT and not passes:
                raise _without_content(exchange.status)
            if exchange.status >= 300:
                now_s = self.clock.now_ns() / 1e9
                await raise_provider_error(exchange, target, now_s, call.guard, passes=passes)
            response: ProviderResponse = exchange
            if call.guard is not None:
                response = await guarded(call, call.guard, exchange)
            if passes:
                await self.relay_raw(call, response, target, finalize)
            elif response.header(b"content-type").startswith(target.plugin.stream_type):
                await self.relay_stream(call, response, target, finalize)
            elif call.traits.any_type:
                await self.relay_raw(call, response, target, finalize)
            else:
                await self.relay_unary(call, response, target, finalize)
        finally:
            exchange.abort()

    async def _give_up(self, call: Call, failure: Failure, finalize: Finalize) -> None:
        error, provider = failure.error, failure.target.entry.name
        if isinstance(error, InvalidRequest):  # no target of the route can answer such a request
            raise error
        if not isinstance(error, ProviderRejected):
            raise _named(error, provider) from error
        if call.reply_started:  # its status has gone out
            raise _named(error.translated(), provider) from error
        self.inflight.commit(call)
        await send_rejection(call, error, finalize)

    def _close_failed(self, call: Call, failure: PenstockError) -> None:
        """Closes the attempt that failed; there is none if its request could not be built."""
        attempt = call.attempt
        if attempt is not None:
            end_ns = attempt.end_ns or self.clock.now_ns()
            close_attempt(call, attempt, end_ns, CallStatus.ERROR, failure)


def _hedge_after(call: Call, route: RouteRun, step: NextAttempt, head: RequestHead) -> float | None:
    """Returns the seconds after which the first attempt is hedged; `None`: it is not."""
    if step.probe is not None or step.wait_s or not may_be_hedged(call, head):
        return None
    return route.hedge_after()


def _failed(error: PenstockError, target: Target, cause: FailureCause) -> Failure:
    """Keeps an error as a value: without the frames that raised it, which have the answer."""
    return Failure(error.with_traceback(None), target, cause)


def _has_failed(target: Target) -> bool:
    """Returns whether a target of a route gets no calls any more, apart from probes."""
    if target.health is None:
        return False
    breaker = target.health.breaker
    return breaker.state.open or not breaker.admits(asyncio.get_running_loop().time())


def _key_of(call: Call) -> str:
    return call.key_context.key.id if call.key_context else ""


def _cause(call: Call, error: PenstockError) -> FailureCause:
    return cause_of(error, call.attempt.http_status if call.attempt else 0)


def _latency_s(call: Call) -> float:
    """Seconds to the first token of a stream, or to the headers of a whole answer."""
    attempt = call.open_attempt
    first_ns = call.first_token_ns if call.streaming else attempt.first_byte_ns
    return (first_ns - attempt.start_ns) / 1e9


def _without_content(status: int) -> UpstreamFailed:
    return UpstreamFailed(f"it answered {status}, which has no content.", code="upstream_malformed")


def _named(error: PenstockError, provider: str) -> PenstockError:
    """Adds the provider's name to the message."""
    return type(error)(
        f"Provider {provider!r}: {error.message}",
        hint=error.hint,
        code=error.code,
        param=error.param,
        retry_after_s=error.retry_after_s,
    )
