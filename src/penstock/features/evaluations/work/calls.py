"""Calls of a run through the gateway, as a key of the project."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from penstock.features.evaluations.model import TargetAnswer
from penstock.features.evaluations.work.pace import CallPace
from penstock.infra.egress.exchange import UpstreamExchange
from penstock.kernel.errors import PenstockError, UpstreamFailed, UpstreamTimeout
from penstock.rules.evaluation.samples import SampleToolCall
from penstock.rules.redaction import Redaction
from penstock.rules.replay import ANSWER_COST, ANSWER_SPAN, CallerRequest

CHAT: Final = "/v1/chat/completions"
TRIES: Final = 5  # of a call that a busy or failing provider does not answer
MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024  # of an answer; a longer one is a failure
AWAY_S: Final = 120.0  # for which a call waits for a gateway that does not answer, as in a restart
_AWAY_PAUSE_S: Final = 1.0  # between two looks for it
_FIRST_PAUSE_S: Final = 0.5  # doubled after each try
_AGAIN: Final = frozenset((408, 409, 425, 429, 500, 502, 503, 504, 529))
_BUSY: Final = frozenset((429, 503, 529))
_TRACE: Final = b"x-penstock-trace-id"
_CACHE: Final = b"x-penstock-cache"


class SendCall(Protocol):
    """Sends a call through the gateway."""

    async def __call__(
        self, project_id: str, key_id: str, asked: CallerRequest
    ) -> UpstreamExchange:
        """Returns its answer, once its headers are there. Raises `UpstreamFailed`."""
        ...


class RejectedCall(PenstockError):
    """The gateway or the provider refuses this request, and would refuse it again."""

    status = 422


class _Function(msgspec.Struct):
    name: str = ""
    arguments: str = ""


class _ToolCall(msgspec.Struct):
    function: _Function = msgspec.field(default_factory=_Function)


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(msgspec.Struct):
    message: _Message = msgspec.field(default_factory=_Message)
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None


class _Error(msgspec.Struct):
    message: str = ""


class _ErrorDocument(msgspec.Struct):
    error: _Error = msgspec.field(default_factory=_Error)


@dataclass(frozen=True, slots=True)
class GatewayAnswer:
    """An answer of the gateway that was read to its end."""

    status: int
    body: bytes
    retry_after_s: float
    trace_id: str
    span_id: str
    cost_usd: float | None
    from_cache: bool
    latency_ms: float


@dataclass(frozen=True, slots=True)
class RunCalls:
    """Makes the calls of a run at its pace."""

    send: SendCall
    project_id: str
    key_id: str
    pace: CallPace
    trusted: bool = True  # the headers about trace, cost and cache are the gateway's
    hidden: Redaction | None = None  # the secret that was sent: an answer may have it

    async def ask(self, body: bytes, headers: Mapping[str, str], path: str = CHAT) -> GatewayAnswer:
        """Returns an answer with status 200. Tries again where that may help. Raises `RejectedCall`
        where it does not, and `UpstreamFailed` after the last try."""
        lines = tuple(f"{name}: {text}" for name, text in headers.items())
        asked, tries, began = CallerRequest(path, body, lines), 0, time.monotonic()
        while True:
            async with self.pace.slot():
                try:
                    answer = await self._once(asked)
                except (UpstreamFailed, UpstreamTimeout) as error:
                    if time.monotonic() - began >= AWAY_S:
                        raise UpstreamFailed(error.message, hint=error.hint) from error
                    answer = None
            if answer is None:
                await asyncio.sleep(_AWAY_PAUSE_S)
                continue
            if answer.status == 200:
                self.pace.answered()
                return answer
            failure, tries = self._failure(answer), tries + 1
            if tries == TRIES:
                raise failure
            await asyncio.sleep(_FIRST_PAUSE_S * 2 ** (tries - 1))

    def _failure(self, answer: GatewayAnswer) -> UpstreamFailed:
        """Returns the failure of a call that may be tried again. Raises `RejectedCall`."""
        message = f"HTTP {answer.status}: {_message_of(answer)}"
        if answer.status not in _AGAIN:
            raise RejectedCall(message)
        if answer.status in _BUSY:
            self.pace.throttled(answer.retry_after_s)
        return UpstreamFailed(message)

    def _cleaned(self, body: bytes) -> bytes:
        if self.hidden is None or not self.hidden.found_in(body):
            return body
        return self.hidden.clean(body.decode("utf-8", "replace")).encode()

    async def _once(self, asked: CallerRequest) -> GatewayAnswer:
        began = time.perf_counter()
        exchange = await self.send(self.project_id, self.key_id, asked)
        body = self._cleaned(await _read(exchange))
        own = exchange.header if self.trusted else _no_header
        cost = own(ANSWER_COST)
        return GatewayAnswer(
            exchange.status,
            body,
            _seconds(exchange.header(b"retry-after")),
            own(_TRACE).decode("latin-1"),
            own(ANSWER_SPAN).decode("latin-1"),
            float(cost) if cost else None,
            own(_CACHE) == b"hit",
            (time.perf_counter() - began) * 1000,
        )


def _no_header(name: bytes) -> bytes:
    del name
    return b""


def answer_of(whole: GatewayAnswer) -> TargetAnswer:
    """Returns the answer of a chat. Raises `UpstreamFailed` if it cannot be read."""
    try:
        found = msgspec.json.decode(whole.body, type=_Completion)
    except msgspec.MsgspecError as error:
        raise UpstreamFailed(f"The answer cannot be read: {error}.") from error
    if not found.choices:
        raise UpstreamFailed("The answer has no choice.")
    choice, usage = found.choices[0], found.usage or _Usage()
    message = choice.message
    return TargetAnswer(
        output=message.content or message.refusal or "",
        tool_calls=tuple(
            SampleToolCall(each.function.name, _arguments(each.function.arguments))
            for each in message.tool_calls or ()
        ),
        finish_reason=choice.finish_reason or "",
        latency_ms=None if whole.from_cache else whole.latency_ms,
        cost_usd=whole.cost_usd,
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        trace_id=whole.trace_id,
        span_id=whole.span_id,
    )


async def _read(exchange: UpstreamExchange) -> bytes:
    pieces: list[bytes] = []
    size = 0
    try:
        while piece := await exchange.read():
            pieces.append(piece)
            size += len(piece)
            if size > MAX_ANSWER_BYTES:
                raise UpstreamFailed(f"The answer is larger than {MAX_ANSWER_BYTES} bytes.")
    finally:
        exchange.abort()
    return b"".join(pieces)


def _message_of(answer: GatewayAnswer) -> str:
    try:
        return msgspec.json.decode(answer.body, type=_ErrorDocument).error.message[:1000]
    except msgspec.MsgspecError:
        return "the answer is no JSON"


def _arguments(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return text


def _seconds(value: bytes) -> float:
    text = value.decode("latin-1")
    return float(text) if text.isdecimal() and len(text) < 6 else 1.0
