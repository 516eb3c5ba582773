"""A hedge against a slow first token: a second target is asked while the first one is silent, and
the one that has content first answers. The other one is cancelled, and recorded as an attempt.

Only for chats as streams: other calls may change something at the provider.
"""

import asyncio
import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from penstock.gateway.attempt import OpenAttempt
from penstock.gateway.call import Call
from penstock.gateway.errors import HedgeLost
from penstock.gateway.ports import ProviderExchange
from penstock.gateway.route_run import NextAttempt, RouteRun
from penstock.gateway.stages.dispatch import Dispatch
from penstock.gateway.stages.relay_error import cause_of
from penstock.gateway.stages.relay_stream import MAX_HELD_BYTES
from penstock.gateway.stages.settle import close_attempt
from penstock.gateway.target import Target
from penstock.gateway.target_slots import Slot
from penstock.kernel.errors import PenstockError, UpstreamFailed
from penstock.kernel.time import Clock
from penstock.rules.call import CallStatus
from penstock.rules.neutral.conversation import RequestHead

_REJECTED: Final = 300  # and above: the status of an answer that is none


class OpenedAnswer(NamedTuple):
    """The answer of a target up to its first content, or the error of the request. `slot`: its
    place there."""

    target: Target
    exchange: ProviderExchange | None
    error: PenstockError | None = None
    slot: Slot | None = None

    async def answer(self) -> ProviderExchange:
        """Returns the answer, or raises the error."""
        if self.exchange is None or self.error is not None:
            raise self.error or UpstreamFailed("it did not answer.")
        return self.exchange


class _Branch:
    """The request to one target. `call` is a copy of the call, which gets its attempt. `is_good`:
    content has arrived."""

    def __init__(self, call: Call, target: Target, slot: Slot | None) -> None:
        self.call = copy.copy(call)
        self.call.attempts = ()
        self.target = target
        self.slot = slot
        self.exchange: ProviderExchange | None = None
        self.error: PenstockError | None = None
        self.is_good = False


@dataclass(frozen=True, slots=True)
class Hedge:
    """Opens the answer to a call at one of two targets."""

    dispatch: Dispatch
    clock: Clock

    async def __call__(
        self, call: Call, route: RouteRun, step: NextAttempt, head: RequestHead, delay_s: float
    ) -> OpenedAnswer:
        """Returns the answer of the first target or, if that has no content after the delay and the
        budget allows it, of another one that has; the failure of the first if both fail."""
        first = winner = _Branch(call, step.target, step.slot)
        running = {self._begin(first, head): first}
        try:
            await _first_good(running, delay_s)
            other = None if all(map(_is_over, running)) else route.hedge(_now())
            if other is not None:
                second = _Branch(call, other.target, other.slot)
                running[self._begin(second, head)] = second
            await _first_good(running, None)
            winner = next((one for one in running.values() if one.is_good), first)
        except BaseException:
            await _cancel(running)
            self._settle(call, running.values(), first)
            _abort(first)
            _release(first)
            raise
        await _cancel({task: one for task, one in running.items() if one is not winner})
        self._settle(call, running.values(), winner)
        if winner is not first:
            route.hedge_won()
        return OpenedAnswer(winner.target, winner.exchange, winner.error, winner.slot)

    def _begin(self, branch: _Branch, head: RequestHead) -> "asyncio.Task[None]":
        if branch.target.health is not None:
            branch.target.health.begin()
        return asyncio.ensure_future(self._open(branch, head))

    async def _open(self, branch: _Branch, head: RequestHead) -> None:
        target = branch.target
        try:
            if target.credentials is not None:
                target = branch.target = target.using(await target.credentials.choose())
            branch.exchange = await self.dispatch(branch.call, target, head)
            if branch.exchange.status < _REJECTED:
                await _find_content(branch.call.open_attempt, target, branch.exchange, head)
                branch.is_good = True
        except PenstockError as error:
            branch.error = error

    def _settle(self, call: Call, branches: Iterable[_Branch], winner: _Branch) -> None:
        """Closes the attempts of the losers; that of the winner is the last one of the call."""
        for one in branches:
            if one is not winner:
                _abort(one)
                _release(one)
                call.attempts += one.call.attempts
                self._close(call, one)
            elif one.target.health is not None:
                one.target.health.abandon(None)  # the attempt goes on, and counts again
        call.attempts += winner.call.attempts

    def _close(self, call: Call, loser: _Branch) -> None:
        error, now = _failure_of(loser), _now()
        attempt, health = loser.call.attempt, loser.target.health
        if health is not None and error is None:
            health.abandon(None)
        elif health is not None and error is not None:
            status = attempt.http_status if attempt else 0
            health.fail(now, cause_of(error, status), error.retry_after_s, None)
        if attempt is not None:
            how = CallStatus.CANCELLED if error is None else CallStatus.ERROR
            reason = error or HedgeLost("Another target answered first.")
            close_attempt(call, attempt, self.clock.now_ns(), how, reason)


async def _find_content(
    attempt: OpenAttempt, target: Target, exchange: ProviderExchange, head: RequestHead
) -> None:
    """Reads a stream up to its first content, and gives it back to be read again. Raises the errors
    of a stream that fails or ends before."""
    if not exchange.header(b"content-type").startswith(target.plugin.stream_type):
        return
    stream = target.plugin.open_stream(
        target.provider, head, capture_limit=0, redaction=target.redaction, translated=False
    )
    pieces: list[bytes] = []
    try:
        while not stream.delta_count and not stream.done and stream.size <= MAX_HELD_BYTES:
            if piece := await exchange.read():
                pieces.append(piece)
                stream.feed(piece)
            else:
                stream.close()
            if stream.failure is not None:
                raise stream.failure
    finally:
        attempt.facts, attempt.delta_count = stream.facts, stream.delta_count
    exchange.give_back(b"".join(pieces))


async def _first_good(
    running: Mapping["asyncio.Task[None]", _Branch], within_s: float | None
) -> None:
    """Returns once a branch is good, or all are over, or the time is. Raises errors of our own."""
    waiting = {task for task in running if not task.done()}
    while waiting and not any(one.is_good for one in running.values()):
        over, waiting = await asyncio.wait(
            waiting, timeout=within_s, return_when=asyncio.FIRST_COMPLETED
        )
        for task in over:
            task.result()
        if not over:
            return


async def _cancel(running: Mapping["asyncio.Task[None]", _Branch]) -> None:
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def _abort(branch: _Branch) -> None:
    if branch.exchange is not None:
        branch.exchange.abort()


def _release(branch: _Branch) -> None:
    if branch.slot is not None:
        branch.slot.release()


def _failure_of(branch: _Branch) -> PenstockError | None:
    """The failure of the target; `None` if it was only slower."""
    if branch.error is None and branch.exchange is not None:
        status = branch.exchange.status
        if status >= _REJECTED:
            return UpstreamFailed(f"it answered {status}.", code=f"upstream_{status}")
    return branch.error


def _is_over(task: "asyncio.Task[None]") -> bool:
    return task.done()


def _now() -> float:
    return asyncio.get_running_loop().time()


def may_be_hedged(call: Call, head: RequestHead) -> bool:
    """Returns whether the request may be sent to two providers at once."""
    return head.stream and call.traits.chat and call.cache is None
