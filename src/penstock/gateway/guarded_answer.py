"""A provider's answer whose texts were judged: the stages after it see nothing else."""

from contextlib import suppress
from functools import partial
from typing import Final

from penstock.gateway.attempt import OpenAttempt
from penstock.gateway.call import Call
from penstock.gateway.call_guard import CallGuard
from penstock.gateway.call_limits import MIB
from penstock.gateway.gather import gather
from penstock.gateway.ports import ProviderExchange, ProviderResponse
from penstock.kernel.errors import UpstreamFailed
from penstock.rules.guards.plan import ANSWERED
from penstock.rules.guards.policies import Place
from penstock.rules.guards.streams import GuardedStream
from penstock.rules.neutral.answer import AnswerFacts
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.passed_call import is_text

MAX_JUDGED_BYTES: Final = 32 * MIB  # of a whole answer that is judged
_NO_HEAD: Final = RequestHead("")
_JSON_BEGINS: Final = (b"{", b"[")


async def guarded(call: Call, guard: CallGuard, response: ProviderExchange) -> ProviderResponse:
    """Returns the answer as it may go on. Raises `GuardrailBlocked`, `GuardrailFailed`, and the
    errors of `InFlight.hold` if too much is held."""
    if not guard.plan.of_answers:
        return response
    kind = response.header(b"content-type")
    framing = guard.formats.framing(kind)
    if framing is not None:
        stream = guard.open_stream(framing)
        judged_stream = _JudgedStream(guard, stream, response)
        guard.note_usage = partial(_note_usage_of_stream, call.open_attempt, call, judged_stream)
        return judged_stream
    if response.header(b"content-encoding") not in (b"", b"identity"):
        guard.unreadable(ANSWERED, "it is compressed")
        return response
    passes = call.traits.passes
    any_type = passes or call.traits.any_type
    if any_type and not (is_text(kind) or (not kind and passes)):
        if passes and kind:
            guard.unreadable(ANSWERED, "it is neither JSON nor text")
        return response  # audio, which has no text
    complete = response.complete
    body = response.take() if complete else await gather(response, MAX_JUDGED_BYTES, guard.hold)
    if len(body) > MAX_JUDGED_BYTES:
        raise _too_large()
    is_json = not body or body.lstrip()[:1] in _JSON_BEGINS
    if is_json and not guard.plan.may_concern(body, ANSWERED):
        response.give_back(body)
        return response
    guard.note_usage = partial(_note_usage_of_body, call.open_attempt, body)
    judged = await (guard.answer(body) if is_json else guard.text(body, Place.OUTPUT))
    return _JudgedBody(response, judged)


class _JudgedBody:
    """A whole answer. `gateway.ports.ProviderResponse`."""

    complete = True

    def __init__(self, response: ProviderResponse, body: bytes) -> None:
        self._response = response
        self._body = body
        self.status = response.status
        self.headers = response.headers
        self.header = response.header
        self.note_content = response.note_content
        self.discard = response.discard
        self.ended = False

    async def read(self) -> bytes:
        """Returns the body, then its end."""
        return self.take()

    def take(self) -> bytes:
        """Returns the body."""
        body, self._body, self.ended = self._body, b"", True
        return body


class _JudgedStream:
    """A streamed answer. `gateway.ports.ProviderResponse`. Keeps what is held, for its usage."""

    def __init__(self, guard: CallGuard, stream: GuardedStream, response: ProviderResponse) -> None:
        self._guard = guard
        self._stream = stream
        self._response = response
        self.status = response.status
        self.headers = response.headers
        self.header = response.header
        self.note_content = response.note_content
        self.discard = response.discard
        self.ended = False
        self.held: list[bytes] = []
        self._counted = 0

    @property
    def complete(self) -> bool:
        """Returns whether there is nothing to wait for."""
        return self.ended

    def take(self) -> bytes:
        """Returns nothing: `read` has it."""
        return b""

    async def read(self) -> bytes:
        """Returns events that may go out; empty at the end."""
        while not self.ended:
            piece = await self._response.read()
            stream = self._stream
            if stream.holds and piece:
                self.held.append(piece)
            out = stream.feed(piece) if piece else stream.close()
            if stream.memory > self._counted:
                self._counted = self._guard.hold(stream.memory)
            if stream.holds and stream.complete:
                out = await self._guard.finish(stream)
                self.held.clear()
            self.ended = not piece
            if out:
                return out
            if stream.is_waiting:
                self.note_content()
        return b""


def _too_large() -> UpstreamFailed:
    return UpstreamFailed(
        f"The provider's answer is larger than {MAX_JUDGED_BYTES} bytes, so that it cannot be"
        " judged.",
        code="upstream_malformed",
    )


def _note_usage_of_body(attempt: OpenAttempt, body: bytes) -> None:
    """Notes what an answer has cost that is not sent, and nothing else of it."""
    with suppress(UpstreamFailed):
        _note_usage(attempt, attempt.target.plugin.read_answer(body))


def _note_usage_of_stream(attempt: OpenAttempt, call: Call, judged: _JudgedStream) -> None:
    if not judged.held:
        return
    target = attempt.target
    stream = target.plugin.open_stream(
        target.provider,
        call.head or _NO_HEAD,
        capture_limit=0,
        redaction=target.redaction,
        translated=False,
    )
    for piece in judged.held:
        stream.feed(piece)
    attempt.delta_count = stream.delta_count
    _note_usage(attempt, stream.facts)


def _note_usage(attempt: OpenAttempt, facts: AnswerFacts) -> None:
    attempt.facts = AnswerFacts(usage=facts.usage, service_tier=facts.service_tier)
