"""Stages 5 and 6: ask a provider and relay its answer; on a failure before the answer is committed
let the policy choose another target.

An answer is committed with its first semantic event, or when it is complete.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from penstock.gateway.call import Call
from penstock.gateway.credentials import CredentialPool
from penstock.gateway.inflight import InFlight
from penstock.gateway.stages.dispatch import Dispatch
from penstock.gateway.stages.relay_error import (
    ProviderRejected,
    concerns_credential,
    raise_provider_error,
    send_rejection,
)
from penstock.gateway.stages.relay_raw import RelayRaw
from penstock.gateway.stages.relay_stream import RelayStream
from penstock.gateway.stages.relay_unary import RelayUnary
from penstock.gateway.stages.reply import keep_alive
from penstock.gateway.stages.settle import close_attempt
from penstock.gateway.target import Target
from penstock.infra.spool import SpoolFull
from penstock.kernel.errors import Overloaded, PenstockError, UpstreamFailed, UpstreamTimeout
from penstock.kernel.time import Clock
from penstock.rules.call import CallStatus, Operation
from penstock.rules.conversation import RequestHead
from penstock.rules.operations import TRAITS

NO_CONTENT: Final = frozenset((204, 205))  # statuses without a body

AttemptPolicy = Callable[[Call, PenstockError], Target | None]
"""Returns the target of the next attempt after a failure, or `None` to give up."""
Finalize = Callable[[PenstockError | None], None]


def one_attempt(call: Call, error: PenstockError) -> Target | None:  # noqa: ARG001 - an `AttemptPolicy`
    """The policy that never tries again."""
    return None


@dataclass(frozen=True, slots=True)
class Attempts:
    """Makes attempts until one is committed or the policy gives up."""

    dispatch: Dispatch
    relay_unary: RelayUnary
    relay_stream: RelayStream
    relay_raw: RelayRaw
    policy: AttemptPolicy
    inflight: InFlight
    clock: Clock

    async def __call__(
        self, call: Call, target: Target, head: RequestHead, finalize: Finalize
    ) -> None:
        """Raises `UpstreamFailed`, `UpstreamTimeout` or `Overloaded` with the provider's name."""
        if head.stream:
            call.keep_alive = partial(keep_alive, call)
        try:
            while True:
                try:
                    if target.credentials is None:
                        await self._ask(call, target, head, finalize)
                    else:
                        await self._ask_in_turn(call, target, target.credentials, head, finalize)
                except SpoolFull:
                    raise  # not the provider's error
                except (UpstreamFailed, UpstreamTimeout, Overloaded, ProviderRejected) as error:
                    again = None if call.committed else self.policy(call, error)
                    if again is None:
                        await self._give_up(call, target, error, finalize)
                        return
                    self._close_failed(call, error)
                    target = call.target = again
                else:
                    return
        finally:
            if call.keep_alive is not None:
                call.keep_alive = None

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
        only_first = call.operation == Operation.PASS_THROUGH
        tried: set[str] = set()
        while True:
            try:
                chosen = await pool.choose(tried, only_first=only_first)
                tried.add(chosen.name)
                await self._ask(call, target.using(chosen), head, finalize)
            except (UpstreamFailed, Overloaded, ProviderRejected) as error:
                again = not (only_first or call.committed) and concerns_credential(call, error)
                if not again or not pool.has_another(tried):
                    raise
                self._close_failed(call, error)
            else:
                return

    async def _ask(self, call: Call, target: Target, head: RequestHead, finalize: Finalize) -> None:
        exchange = await self.dispatch(call, target, head)
        if target.credentials is not None:
            retry_after = exchange.header(b"retry-after")
            target.credentials.note(target.credential, exchange.status, retry_after)
        if not call.reply_started:
            call.http_status = exchange.status
        try:
            passes = call.operation == Operation.PASS_THROUGH
            if exchange.status in NO_CONTENT and not passes:
                raise _without_content(exchange.status)
            if exchange.status >= 300:
                await raise_provider_error(exchange, target, self.clock.now_ns() / 1e9)
            elif passes:
                await self.relay_raw(call, exchange, target, finalize)
            elif exchange.header(b"content-type").startswith(target.plugin.stream_type):
                await self.relay_stream(call, exchange, target, finalize)
            elif TRAITS[call.operation].any_type:
                await self.relay_raw(call, exchange, target, finalize)
            else:
                await self.relay_unary(call, exchange, target, finalize)
        finally:
            exchange.abort()

    async def _give_up(
        self, call: Call, target: Target, failure: PenstockError, finalize: Finalize
    ) -> None:
        if not isinstance(failure, ProviderRejected):
            raise _named(failure, target.entry.name) from failure
        if call.reply_started:  # its status has gone out
            raise _named(failure.translated(), target.entry.name) from failure
        self.inflight.commit(call)
        await send_rejection(call, failure, finalize)

    def _close_failed(self, call: Call, failure: PenstockError) -> None:
        """Closes the attempt that failed; there is none if its request could not be built."""
        attempt = call.attempt
        if attempt is not None:
            end_ns = attempt.end_ns or self.clock.now_ns()
            close_attempt(call, attempt, end_ns, CallStatus.ERROR, failure)


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
