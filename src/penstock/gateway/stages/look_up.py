"""Stage 6: answer from the cache, if the caller wants that and the same request was answered."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Final

from msgspec.structs import replace

from penstock.gateway.attempt import OpenAttempt
from penstock.gateway.cache_entry import CacheEntry, EntryLock
from penstock.gateway.call import Call
from penstock.gateway.call_limits import CallLimits
from penstock.gateway.inflight import InFlight
from penstock.gateway.offload import INLINE_BYTES, offload
from penstock.gateway.ports import AnswerStore
from penstock.gateway.stages.reply import (
    JSON,
    send_events,
    send_last_event,
    send_whole,
    start,
    stream_headers,
)
from penstock.gateway.target import Target
from penstock.kernel.digests import content_hash
from penstock.kernel.errors import Conflict, Overloaded, PenstockError
from penstock.kernel.time import Clock
from penstock.rules.answer_cache import (
    CACHED_OPERATIONS,
    HEADER,
    IDEMPOTENCY_KEY,
    IDEMPOTENT_S,
    CacheChoice,
    CachedAnswer,
    cache_key,
    decode_cached,
    encode_cached,
    is_complete,
    read_choice,
    read_idempotency_key,
)
from penstock.rules.call import UsageSource
from penstock.rules.guards.plan import ANSWERED
from penstock.rules.neutral.conversation import RequestHead

# Between two looks at a call with the same idempotency key; doubled each time, because hundreds of
# calls may wait in one worker.
FIRST_WAIT_S: Final = 0.02
LONGEST_WAIT_S: Final = 1.0
CLOCKS_DIFFER_NS: Final = 300 * 10**9  # of gateways that share a cache
Finalize = Callable[[PenstockError | None], None]
_INVALID: Final = UsageSource.INVALID
_log: Final = logging.getLogger("penstock.gateway")


@dataclass(frozen=True, slots=True)
class LookUp:
    """Reads and writes the cache of answers."""

    files: AnswerStore
    limits: CallLimits
    inflight: InFlight
    clock: Clock

    def concerns(self, call: Call) -> bool:
        """Returns whether the caller or the route wants a cached answer, or the caller sends an
        idempotency key."""
        return (
            HEADER in call.headers
            or IDEMPOTENCY_KEY in call.headers
            or (call.route is not None and call.route.entry.cache_s > 0)
        )

    async def __call__(
        self, call: Call, target: Target, head: RequestHead, finalize: Finalize
    ) -> bool:
        """Answers the call from the cache. Returns false if the provider must be asked. Raises
        `InvalidRequest` for a header that is not valid, `Conflict` for an idempotency key of
        another request, and `Overloaded` if the disk refuses a promise that was asked for."""
        if call.operation not in CACHED_OPERATIONS:
            return False
        if IDEMPOTENCY_KEY in call.headers:
            answer = await self._of_idempotency_key(call)
        else:
            answer = await self._of_request(call, target)
        entry, server = call.cache, answer and _server(call, target, answer)
        if answer is None or entry is None or server is None:
            return False
        guard = call.guard
        if guard is not None and guard.plan.may_concern(answer.document, ANSWERED):
            document = await guard.answer(answer.document)
            answer = replace(answer, document=document)
        work = partial(_rendered, call, server, head, answer)
        rendered = await offload(len(answer.document), work)
        if rendered is None:
            return False
        entry.found = answer
        entry.release()
        call.target = server
        await self._send(call, head, rendered, finalize)
        return True

    async def peek(self, call: Call, target: Target) -> bool | None:
        """Returns whether there is an answer for the call now; `None` if none is looked up.
        Raises `InvalidRequest` for a header that is not valid."""
        if not self.concerns(call) or call.operation not in CACHED_OPERATIONS:
            return None
        if IDEMPOTENCY_KEY in call.headers:
            digest: str | None = _idempotency_digest(call)
        elif (choice := _choice(call)) is None or choice.refresh:
            return None
        else:
            digest = _digest(call, target)
        if digest is None:
            return False
        return self._valid(await self.files.read(f"{_project(call)}/{digest}")) is not None

    async def _of_request(self, call: Call, target: Target) -> CachedAnswer | None:
        choice = _choice(call)
        if choice is None:
            return None
        if len(call.body) <= INLINE_BYTES:
            digest = _digest(call, target)
        else:
            digest = await offload(len(call.body), partial(_digest, call, target))
        if digest is None:
            return None
        entry = call.cache = CacheEntry(f"{_project(call)}/{digest}", choice.keep_s)
        return None if choice.refresh else self._valid(await self.files.read(entry.place))

    async def _of_idempotency_key(self, call: Call) -> CachedAnswer | None:
        """The answer that was given for the key; waits while another call is getting it."""
        digest = _idempotency_digest(call)
        parts = [call.operation, call.surface.dialect, call.path]
        request = sha256(repr(parts).encode() + call.body).hexdigest()
        entry = call.cache = CacheEntry(f"{_project(call)}/{digest}", IDEMPOTENT_S, request)
        wait_s = FIRST_WAIT_S
        while (answer := self._valid(await self.files.read(entry.place))) is None:
            if entry.lock is not None:
                return None
            entry.lock = await self._lock(entry.place)
            if entry.lock is None:
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        if answer.request != request:
            raise Conflict(
                "The idempotency key was used for another request.",
                hint="Use a new key for each request, and the same one to repeat it.",
                code="idempotency_key_reused",
            )
        return answer

    async def _lock(self, place: str) -> EntryLock | None:
        try:
            return await self.files.lock(place, self.limits.capture_response_bytes)
        except (OSError, PenstockError) as error:
            reason = error.message if isinstance(error, PenstockError) else error.strerror
            raise Overloaded(
                f"The idempotency key cannot be kept ({reason or error}).",
                hint="Try again in a minute, or see the disk of the gateway and its Redis.",
                code="idempotency_unavailable",
                retry_after_s=5,
            ) from error

    def keep(self, call: Call) -> None:
        """Keeps the answer of a successful call. Never fails: the call has its record already."""
        entry, attempt = call.cache, call.attempt
        if entry is None or entry.found is not None or attempt is None:
            return
        if not self._may_keep(call.operation, attempt):
            return
        now_ns = self.clock.now_ns()
        expires_ns = now_ns + entry.keep_s * 1_000_000_000
        facts, target = attempt.facts, attempt.target
        answer = CachedAnswer(
            expires_ns,
            now_ns,
            target.entry.name,
            target.model,
            attempt.dialect,
            attempt.response,
            facts.model,
            facts.id,
            facts.finish_reasons,
            attempt.usage,
            attempt.cost,
            entry.request,
            attempt.span_id,
        )
        try:
            self.files.write(entry.place, encode_cached(answer), expires_ns / 1e9)
        except Exception:  # noqa: BLE001 - a provider's texts may not be encodable
            _log.exception("The answer of trace %s cannot be cached", call.trace_id)

    def _may_keep(self, operation: str, attempt: OpenAttempt) -> bool:
        return (
            attempt.http_status == 200
            and 0 < attempt.response_size <= self.limits.capture_response_bytes
            and attempt.usage.source is not _INVALID
            and is_complete(operation, attempt.facts.finish_reasons)
        )

    def _valid(self, content: bytes | None) -> CachedAnswer | None:
        """Returns the answer that the cache has, if it may be used now."""
        answer = decode_cached(content) if content is not None else None
        if answer is None:
            return None
        now_ns = self.clock.now_ns()
        return answer if answer.kept_ns - CLOCKS_DIFFER_NS <= now_ns < answer.expires_ns else None

    async def _send(
        self, call: Call, head: RequestHead, rendered: tuple[bytes, bytes], finalize: Finalize
    ) -> None:
        body, terminal = rendered
        self.inflight.commit(call)
        call.http_status = 200
        if not head.stream:
            finalize(None)
            await send_whole(call, 200, [JSON], body)
            return
        call.streaming = True
        await start(call, 200, stream_headers(call))
        call.first_token_ns = self.clock.now_ns()
        await send_events(call, body)
        finalize(None)
        await send_last_event(call, terminal)


def _choice(call: Call) -> CacheChoice | None:
    """Returns what the caller wants of the cache, or else the route. The header of a client token
    counts for nothing: its holder could find out what others have asked."""
    header = call.headers.get(HEADER)
    if header is not None and (call.key_context is None or call.key_context.token is None):
        return read_choice(header)
    keep_s = call.route.entry.cache_s if call.route is not None else 0
    return CacheChoice(keep_s) if keep_s else None


def _idempotency_digest(call: Call) -> str:
    value = read_idempotency_key(call.headers[IDEMPOTENCY_KEY])
    key_context = call.key_context
    key_id = key_context.key.id if key_context is not None else ""
    if key_context is not None and key_context.token is not None:
        key_id = f"{key_id}/{key_context.token.id}"
    return content_hash(["idempotency", key_id, value])


def _digest(call: Call, target: Target) -> str | None:
    circumstances = [call.operation, call.surface.dialect]
    circumstances.append("" if call.traits.chat else call.path)
    if call.route is None:
        circumstances += (target.entry.name, target.entry.base_url, target.model)
    else:
        circumstances += ("route", *call.route.identity)
    if call.guard is not None:
        circumstances.append(call.guard.plan.digest)
    if passed := call.surface.passed_headers(call.headers):
        circumstances += sorted([f"{name!r}{value!r}" for name, value in passed])
    return cache_key(call.body, circumstances)


def _project(call: Call) -> str:
    return call.key_context.project_id if call.key_context is not None else ""


def _server(call: Call, target: Target, answer: CachedAnswer) -> Target | None:
    """The target that gave the answer, if the call may still go there."""
    targets = (target,) if call.route is None else call.route.targets
    for each in targets:
        if (each.entry.name, each.model) == (answer.provider, answer.model):
            return each if each.plugin.dialect == answer.dialect else None
    return None


def _rendered(
    call: Call, server: Target, head: RequestHead, answer: CachedAnswer
) -> tuple[bytes, bytes] | None:
    """The answer as a body, or as events and their terminal event; `None` if it cannot be read."""
    same = answer.dialect == call.surface.dialect
    try:
        if same and not head.stream:
            return answer.document, b""
        events = server.plugin.read_events(answer.document)
        if not head.stream:
            return call.surface.render_answer(events, answer.dialect, head.echo), b""
        writer = call.surface.answer_writer(head, answer.dialect)
        return b"".join([writer.write(event) for event in events]), writer.end()
    except PenstockError:
        _log.warning("A cached answer for trace %s cannot be read", call.trace_id)
        return None
