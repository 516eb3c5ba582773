"""Stage 8: the two records of a call. The second one stands before the caller's last byte."""

from typing import Final

from penstock.gateway.call import Call
from penstock.gateway.limits import GatewayLimits
from penstock.gateway.ports import Spool
from penstock.infra.spool import OnFull, SpoolFull
from penstock.kernel.errors import PenstockError
from penstock.kernel.time import Clock
from penstock.rules.call import Attempt, CallBegin, CallEnd, CallStatus, Usage, encode
from penstock.rules.price_charge import Charge

_FACTS_BYTES: Final = 4096  # a record without its payloads


class Recorder:
    """Writes `CallBegin` and `CallEnd`."""

    def __init__(self, spool: Spool, clock: Clock, limits: GatewayLimits) -> None:
        self._spool = spool
        self._clock = clock
        self._limits = limits

    def begin(self, call: Call) -> None:
        """`Overloaded` when the spool is full and the project wants no call without a record."""
        call.begin = _begin(call)
        size = _FACTS_BYTES
        if _keeps_content(call):
            size += min(call.request_size, self._limits.capture_request_bytes)
            size += self._limits.capture_response_bytes
        self._spool.begin(call.span_id, encode(call.begin), end_bytes=size, on_full=_on_full(call))

    def end(
        self,
        call: Call,
        status: CallStatus,
        error: PenstockError | None,
        usage: Usage,
        charge: Charge | None,
    ) -> CallEnd:
        """Writes the end once; a call that never began gets its only record here.

        `SpoolFull` if a call that went well cannot be recorded (the disk fails) and the project
        wants no call without a record: its last byte then must not go out.
        """
        now = self._clock.now_ns()
        attempts = _attempts(call, now, status, error)
        keep = _keeps_content(call)
        record = CallEnd(
            begin=call.begin or _begin(call),
            end_ns=now,
            status=status,
            http_status=call.http_status,
            error_type=error.code if error else "",
            error_message=error.message if error else "",
            provider=call.route.entry.name if call.route else "",
            response_model=call.facts.model,
            response_id=call.facts.id,
            finish_reasons=call.facts.finish_reasons,
            usage=usage,
            cost=format(charge.cost, "f") if charge else "",
            price_id=charge.price_id if charge else "",
            first_token_ns=call.first_token_ns,
            overhead_ns=_overhead(call, attempts, now),
            request=call.body if keep else b"",
            response=call.response if keep else b"",
            response_size=call.response_size,
            attempts=attempts,
        )
        call.recorded = True
        kept = self._spool.end(call.span_id, encode(record))
        if not kept and error is None and _on_full(call) is OnFull.REFUSE:
            raise SpoolFull("The record of this call cannot be kept.", hint="See /readyz.")
        return record


def _on_full(call: Call) -> OnFull:
    return OnFull(call.grant.policy.on_spool_full) if call.grant else OnFull.REFUSE


def _keeps_content(call: Call) -> bool:
    return call.grant is not None and call.grant.policy.capture_content


def _begin(call: Call) -> CallBegin:
    return CallBegin(
        project_id=call.grant.project_id if call.grant else "",
        trace_id=call.trace_id,
        span_id=call.span_id,
        parent_span_id=call.parent_span_id,
        start_ns=call.start_ns,
        operation=call.operation,
        request_model=call.head.model if call.head else "",
        stream=call.head is not None and call.head.stream,
        caller=call.caller,
        snapshot=call.snapshot.digest if call.snapshot else "",
        request_size=call.request_size,
    )


def _attempts(
    call: Call, now: int, status: CallStatus, error: PenstockError | None
) -> tuple[Attempt, ...]:
    return (call.attempt.close(now, status, error),) if call.attempt else ()


def _overhead(call: Call, attempts: tuple[Attempt, ...], now: int) -> int:
    """What was not spent waiting for the caller's request or for the provider."""
    if not attempts:
        return now - call.ready_ns
    return attempts[0].start_ns - call.ready_ns + now - attempts[-1].end_ns
