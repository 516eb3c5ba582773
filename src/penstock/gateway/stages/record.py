"""Stage 8: the two records of a call. The second one is written before the last byte goes out.

The second record is always written: whole, else without content, else with only the values that
the gateway made itself.
"""

import logging
from typing import Final

from msgspec.structs import replace

from penstock.gateway.attempt import MAX_MESSAGE_CHARS, OpenAttempt, Settled
from penstock.gateway.call import Call
from penstock.gateway.call_limits import KIB, CallLimits
from penstock.gateway.ports import RecordSpool
from penstock.gateway.stages.dispatch import keeps_content
from penstock.infra.spool import OnFull, SpoolFull
from penstock.kernel.errors import PenstockError
from penstock.kernel.time import Clock
from penstock.rules.answer_cache import CachedAnswer
from penstock.rules.call import CallBegin, CallEnd, Caller, CallStatus, encode
from penstock.rules.formats.form import FORM_START
from penstock.rules.neutral.answer import AnswerFacts

FACTS_BYTES: Final = 4 * KIB  # reserved in the spool for a record without content
MAX_FACTS_BYTES: Final = 128 * KIB  # of a record, beside its content
MAX_ESCAPED: Final = 6  # bytes of JSON for one byte of text, in the worst case
MAX_NAME_CHARS: Final = 256  # of the model name in the request

_NO_FACTS: Final = AnswerFacts()
# Names of this module: in Python 3.11 reading a member of an enumeration is slow.
_SERVE: Final = OnFull.SERVE
_REFUSE: Final = OnFull.REFUSE
_log: Final = logging.getLogger("penstock.gateway")


class Recorder:
    """Writes `CallBegin` and `CallEnd`."""

    def __init__(self, spool: RecordSpool, clock: Clock, limits: CallLimits) -> None:
        self._spool = spool
        self._clock = clock
        self._limits = limits
        captured = limits.capture_request_bytes + MAX_ESCAPED * limits.capture_response_bytes
        self.max_bytes = MAX_FACTS_BYTES + captured

    def begin(self, call: Call) -> None:
        """Writes the first record. Raises `SpoolFull` when the spool is full and the project
        rejects calls without a record."""
        call.begin = _begin(call)
        size = FACTS_BYTES
        if keeps_content(call):
            size += min(call.request_size, self._limits.capture_request_bytes)
            size += self._limits.capture_response_bytes
        self._spool.begin(
            call.span_id,
            encode(call.begin),
            end_bytes=size,
            on_full=_on_full(call),
            project=call.begin.project_id,
        )

    def end(
        self,
        call: Call,
        status: CallStatus,
        error: PenstockError | None,
        settled: Settled,
    ) -> CallEnd:
        """Writes the second record; for a call that failed before dispatch, the only one.

        Raises `SpoolFull` if a successful call cannot be recorded (the disk fails) and the project
        rejects calls without a record: its last byte must not go out then.
        """
        call.body = _kept(call)[: self._limits.capture_request_bytes]
        record = _end(call, self._clock.now_ns(), status, error, settled)
        if call.guard is not None and (results := call.guard.results.records()):
            record = replace(record, check_results=results)
        if call.shadow_of:
            record = replace(record, shadow_of=call.shadow_of)
        if call.cache is not None and call.cache.found is not None:
            record = _cached_end(call, call.cache.found, record)
        record, payload = self._encode(record, call)
        kept = self._spool.end(call.span_id, payload, project=_project(call))
        call.recorded = True
        if not kept and error is None and _on_full(call) is _REFUSE:
            raise SpoolFull("The record of this call cannot be written.", hint="See /readyz.")
        return record

    def _encode(self, record: CallEnd, call: Call) -> tuple[CallEnd, bytes]:
        """Encodes the record whole, else without content, else with our own values only."""
        payload = _try_encode(record, self.max_bytes)
        if payload is not None:
            return record, payload
        _log.warning("The record of trace %s cannot be written whole", call.trace_id)
        record = _without_content(record)
        payload = _try_encode(record, MAX_FACTS_BYTES)
        if payload is not None:
            return record, payload
        record = _own(record)
        return record, encode(record)


def _try_encode(record: CallEnd, max_bytes: int) -> bytes | None:
    try:
        payload = encode(record)
    except Exception:  # noqa: BLE001 - any value may fail to encode; the call still gets its record
        return None
    return payload if len(payload) <= max_bytes else None


def _without_content(record: CallEnd) -> CallEnd:
    return replace(
        record, request=b"", response=b"", error_type=record.error_type or "record_reduced"
    )


def _own(record: CallEnd) -> CallEnd:
    """Keeps identity, status and times: the values that the gateway made itself."""
    begin = record.begin
    return CallEnd(
        begin=CallBegin(
            project_id=begin.project_id,
            trace_id=begin.trace_id,
            span_id=begin.span_id,
            parent_span_id=begin.parent_span_id,
            start_ns=begin.start_ns,
            operation=begin.operation,
            request_model="",
            stream=begin.stream,
            caller=Caller(begin.caller.key_id),
            dialect=begin.dialect,
        ),
        end_ns=record.end_ns,
        status=record.status,
        http_status=record.http_status,
        error_type="record_reduced",
        provider=record.provider,
        overhead_ns=record.overhead_ns,
    )


def _end(
    call: Call,
    now: int,
    status: CallStatus,
    error: PenstockError | None,
    settled: Settled,
) -> CallEnd:
    last = call.attempts[-1] if call.attempts else None
    facts = last.facts if last else _NO_FACTS
    keep = keeps_content(call)
    return CallEnd(  # by position: names take four times as long
        call.begin or _begin(call),
        now,
        status,
        call.http_status,
        error.code if error else "",
        error.message[:MAX_MESSAGE_CHARS] if error else "",
        call.target.entry.name if call.target else "",
        facts.model,
        facts.id,
        facts.finish_reasons,
        settled.usage,
        settled.cost,
        settled.price_id,
        call.first_token_ns,
        _overhead(call, now),
        call.body if keep and _may_keep_request(call) else b"",
        last.response if last and keep else b"",
        last.response_size if last else 0,
        tuple(map(OpenAttempt.record, call.attempts)),
        facts.fingerprint,
        call.overruns,
    )


def _cached_end(call: Call, cached: CachedAnswer, end: CallEnd) -> CallEnd:
    """Adds what is known of an answer from the cache. Its document is kept if the caller got it as
    it is."""
    same = cached.dialect == call.surface.dialect and keeps_content(call)
    return replace(
        end,
        response_model=cached.response_model,
        response_id=cached.response_id,
        finish_reasons=cached.finish_reasons,
        response=cached.document if same else b"",
        response_size=len(cached.document),
        from_cache=True,
        saved=cached.saved,
        cached_from=cached.span_id,
    )


def _kept(call: Call) -> bytes:
    """The request as its record keeps it: of a form, what is shown of it."""
    if not call.body.startswith(FORM_START):
        return call.body
    return call.head.shown if call.head is not None else b""


def _may_keep_request(call: Call) -> bool:
    """Returns false for a request that guardrail checks of its project have not judged: it may
    contain what they redact."""
    if call.judged or call.snapshot is None or call.key_context is None:
        return True
    project = call.target.project if call.target is not None else None
    project = project or call.snapshot.project(call.key_context.project_id)
    return project.guardrails is None or not project.guardrails.changes_requests


def _project(call: Call) -> str:
    return call.key_context.project_id if call.key_context else ""


def _on_full(call: Call) -> OnFull:
    served = call.key_context and call.key_context.policy.on_spool_full == _SERVE
    return _SERVE if served else _REFUSE


def _begin(call: Call) -> CallBegin:
    return CallBegin(  # by position: names take four times as long
        call.key_context.project_id if call.key_context else "",
        call.trace_id,
        call.span_id,
        call.parent_span_id,
        call.start_ns,
        call.operation,
        call.head.model[:MAX_NAME_CHARS] if call.head else "",
        call.head is not None and call.head.stream,
        call.caller,
        call.snapshot.digest if call.snapshot else "",
        call.request_size,
        call.surface.dialect,
    )


def _overhead(call: Call, now: int) -> int:
    """Nanoseconds of the call without the waits for the request, its media and the providers."""
    own = now - call.ready_ns - call.fetched_ns
    for attempt in call.attempts:
        own -= attempt.end_ns - attempt.start_ns + attempt.waited_ns
    return own
