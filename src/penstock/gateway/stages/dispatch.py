"""Stage 5: send the request to the provider, and wait for the response headers."""

import asyncio
from collections.abc import Mapping
from functools import partial

import msgspec
from msgspec.structs import replace

from penstock.gateway.attempt import OpenAttempt
from penstock.gateway.call import Call
from penstock.gateway.cancellations import Cancellations
from penstock.gateway.following import Following
from penstock.gateway.ids import Ids
from penstock.gateway.kept_ids import signer_of
from penstock.gateway.offload import INLINE_BYTES, offload
from penstock.gateway.ports import ProviderExchange, UpstreamClient
from penstock.gateway.target import Target
from penstock.gateway.trace_context import write_traceparent
from penstock.kernel.errors import InvalidRequest
from penstock.kernel.time import Clock
from penstock.rules.call import Operation
from penstock.rules.formats.json_places import replace_strings
from penstock.rules.models.limits import ModelLimits
from penstock.rules.neutral.conversation import Conversation, RequestHead
from penstock.rules.neutral.named_media import named_media
from penstock.rules.neutral.translation import require_nothing_dropped, require_nothing_kept
from penstock.rules.passed_call import path_of, query_of
from penstock.rules.sent_request import METHOD, PATH, header_lines, request_digest
from penstock.spi.chat import BuiltRequest, OutgoingCall, PassedRequest
from penstock.spi.kept import AnswerIds


class Dispatch:
    """Builds the provider's request through its plugin and sends it."""

    def __init__(
        self, egress: UpstreamClient, cancellations: Cancellations, clock: Clock, ids: Ids
    ) -> None:
        self._egress = egress
        self._cancellations = cancellations
        self._clock = clock
        self._ids = ids

    async def __call__(self, call: Call, target: Target, head: RequestHead) -> ProviderExchange:
        """Returns once the response headers have arrived. Raises `UpstreamFailed`,
        `UpstreamTimeout`."""
        if _is_quick(call, target):
            sent = provider_request(call, target, head)
        else:
            work = partial(provider_request, call, target, head)
            size = len(call.body) + (0 if call.media is None else call.media.size)
            sent = await offload(size, work)
        built, headers, changes = sent.built, sent.headers, sent.built.changes
        request, follow, cancel = built.http, built.follow, built.cancel
        origin = self._egress.origin(request.url)
        span = self._ids.span()
        attempt = OpenAttempt(  # by position: names take four times as long
            target,
            origin.host,
            origin.port,
            span,
            self._clock.now_ns(),
            target.plugin.dialect,
            not target.same_dialect or built.rewrite is not None,
            built.rewrite,
            _answer_ids(call, target, head),
            changes if call.released is None else (*call.released.changes, *changes),
        )
        if keeps_content(call):
            lines = attempt.request_headers = header_lines(headers) if headers else ()
            attempt.request_digest = request_digest(request.url, lines, request.body)
        del sent, built  # the call keeps its body for another attempt; a copy of it is not needed
        if call.waited_ns:
            attempt.waited_ns, call.waited_ns = call.waited_ns, 0
        call.attempts += (attempt,)
        limits = target.limits
        if call.route is None:
            if call.fetched_ns:
                left_s = max(limits.total_s - call.fetched_ns / 1e9, 0.001)
                limits = replace(limits, total_s=left_s)
        else:
            now = asyncio.get_running_loop().time()
            limits = call.route.limits(target, now, stream=head.stream)
        traceparent = write_traceparent(call.trace_id, span, call.flags)
        opening = self._egress.open(
            request,
            limits,
            private_allowed=target.entry.private_allowed,
            extra_headers=((b"traceparent", traceparent),),
        )
        del request
        exchange = await opening
        attempt.first_byte_ns = self._clock.now_ns()
        attempt.http_status = exchange.status
        if follow is None:
            return exchange
        following = Following(self._egress, self._cancellations, target, limits)
        found = await following(exchange, origin, follow, cancel)
        attempt.http_status = found.status
        return found


def _is_quick(call: Call, target: Target) -> bool:
    """Returns true in the usual case: bytes pass."""
    if not target.same_dialect or call.media is not None:
        return False
    return len(call.body) <= INLINE_BYTES or not (call.traits.rewritten or call.own_ids is not None)


class OutgoingRequest(msgspec.Struct, frozen=True):
    """A provider's request. `headers`: the caller's that it has, with the method and the path of a
    call that passes to any path."""

    built: BuiltRequest
    headers: tuple[tuple[bytes, bytes], ...] = ()


def provider_request(call: Call, target: Target, head: RequestHead) -> OutgoingRequest:
    """Builds the provider's request. Raises `InvalidRequest` for a request that the target cannot
    take."""
    if call.traits.passes:
        passed = _passed(call)
        built = BuiltRequest(target.plugin.pass_through(target.provider, passed))
        return OutgoingRequest(built, _address(passed) + passed.headers)
    if call.traits.kept:
        return _kept_request(call, target)
    outgoing = _outgoing(call, target, head)
    built = target.plugin.build(target.provider, outgoing)
    if built.changes and call.key_context is not None and call.key_context.key.strict_hints:
        require_nothing_dropped(built.changes)
    if target.fetches_media and call.media is not None:
        built = replace(built, changes=(*built.changes, *call.media.changes))
    return OutgoingRequest(built, outgoing.headers)


def _kept_request(call: Call, target: Target) -> OutgoingRequest:
    """The request about a file or a batch, with the provider's own ids."""
    if call.kept is None:
        raise InvalidRequest("Requests about files and batches are not written again.")
    passed = call.kept.request(call.body, call.surface.passed_headers(call.headers))
    http = target.plugin.pass_through(target.provider, passed)
    if call.upload is not None:
        http = replace(http, file=call.upload)
    built = BuiltRequest(http, rewrite=call.kept.rewrite)
    return OutgoingRequest(built, _address(passed))


def _answer_ids(call: Call, target: Target, head: RequestHead) -> AnswerIds | None:
    """Returns the writer of ids in the answer of a target; `None` if none of them is kept there."""
    if call.kept is not None:
        return call.kept.ids
    ids = call.surface.chat_ids
    if ids is None or ids.of_answer is None or call.snapshot is None:
        return None
    passes = call.traits.chat and target.same_dialect
    return ids.of_answer(head, signer_of(call.snapshot, target)) if passes else None


def keeps_content(call: Call) -> bool:
    """Returns whether the record of a call has its content."""
    return call.key_context is not None and call.key_context.policy.capture_content


def _address(passed: PassedRequest) -> tuple[tuple[bytes, bytes], ...]:
    path = f"{passed.path}?{passed.query}" if passed.query else passed.path
    return (METHOD.encode(), passed.method.encode()), (PATH.encode(), path.encode("latin-1"))


def _passed(call: Call) -> PassedRequest:
    headers = call.surface.passed_headers(call.headers)
    query = query_of(call.query)
    return PassedRequest(call.method, path_of(call.raw_path), query, headers, call.body)


def _outgoing(call: Call, target: Target, head: RequestHead) -> OutgoingCall:
    """The body as it is for a provider of the surface's dialect, else the neutral form."""
    surface, limits, body = call.surface, target.model_limits, call.body
    model_at = head.model_at
    if call.own_ids is not None:
        body, model_at = _with_own_ids(call, call.own_ids), None
    same = target.same_dialect
    headers = surface.passed_headers(call.headers) if same else ()
    fetches = target.fetches_media and call.traits.chat
    if same and not surface.must_translate(body) and not (fetches and _has_media(call)):
        if limits is not None and call.traits.chat:
            _require_possible(call, limits, head)
        return OutgoingCall(
            call.operation, target.model, head.stream, body, model_at, headers=headers
        )
    if not call.traits.chat and not (same and call.operation == Operation.COUNT_TOKENS):
        raise InvalidRequest(
            f"The provider of {head.model!r} does not serve {call.path},"
            " and only chat is translated.",
            code="not_translatable",
        )
    conversation = surface.read_conversation(body)
    if not same:
        require_nothing_kept(conversation)
    if fetches:
        conversation = _with_media(call, conversation)
    if limits is not None:
        limits.require(conversation, head.model)
    return OutgoingCall(
        call.operation,
        target.model,
        head.stream,
        b"",
        conversation=conversation,
        headers=headers,
    )


def _with_own_ids(call: Call, own_ids: Mapping[str, str]) -> bytes:
    """Returns the request with the provider's own ids. Raises `InvalidRequest` for an id that was
    not there before the guardrail checks."""
    ids = call.surface.chat_ids
    named = ids.named(call.body) if ids is not None else ()
    if any(each.text not in own_ids for each in named):
        raise InvalidRequest(
            "A guardrail check has changed an id in this request.",
            hint="Leave ids of files and responses out of the policy.",
        )
    return replace_strings(call.body, named, [own_ids[each.text] for each in named])


def _has_media(call: Call) -> bool:
    return call.media is not None and (bool(call.media.data) or call.media.failure is not None)


def _with_media(call: Call, conversation: Conversation) -> Conversation:
    """Returns the conversation with the bytes of its media. Raises `InvalidRequest` if they could
    not be fetched, or were not: a request that is only explained, or built again."""
    if call.media is not None:
        return call.media.put_into(conversation)
    if named_media(conversation):
        raise InvalidRequest(
            "This request names media by URL, which the gateway fetches when it sends the request.",
            hint="Their bytes are not kept, so it cannot be built now.",
            code="media_not_fetched",
            param="media.url",
        )
    return conversation


def _require_possible(call: Call, limits: ModelLimits, head: RequestHead) -> None:
    """Reads a request that passes as bytes only if a quick search finds that it may be refused."""
    if not limits.may_concern(call.body):
        return
    try:
        conversation = call.surface.read_conversation(call.body)
    except InvalidRequest:  # the provider decides what it accepts
        return
    limits.require(conversation, head.model)
