"""Stage between reservation and cache: the guardrail checks of requests."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import unquote_plus

import msgspec
from msgspec.structs import replace

from penstock.gateway.call import Call
from penstock.gateway.call_guard import NO_JSON, CallGuard, TextFormats
from penstock.gateway.inflight import InFlight
from penstock.gateway.target import Target
from penstock.kernel.errors import Forbidden, PenstockError
from penstock.rules.call import Operation
from penstock.rules.call_conditions import CallFacts
from penstock.rules.formats.form import FORM_START, read_form
from penstock.rules.guards.plan import REQUESTED, GuardrailIndex
from penstock.rules.guards.policies import Check, Place
from penstock.rules.guards.results import CheckResults, GuardrailBlocked
from penstock.rules.guards.scanning import Finding, RemoteScanner, Scanner
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.passed_call import path_of, query_of
from penstock.spi.guard import Detector

_json: Final = msgspec.json.Decoder(msgspec.Raw)
_BATCH_CREATE: Final = Operation.BATCH_CREATE


@dataclass(frozen=True, slots=True)
class GuardRequest:
    """Finds the checks of a call, and runs those of requests. `monotonic_ns` measures them."""

    detector: Callable[[str], Detector]
    formats: TextFormats
    monotonic_ns: Callable[[], int]
    inflight: InFlight

    async def __call__(
        self, call: Call, target: Target, policies: GuardrailIndex, head: RequestHead
    ) -> RequestHead:
        """Returns the head of the request as it is sent. Raises `GuardrailBlocked`,
        `GuardrailFailed`, and the errors of `InFlight.hold` for a request with too many values."""
        facts = _facts(call, target) if policies.conditional else ()
        plan = policies.plan(facts, self._scanner)
        if plan is None:
            call.judged = True
            return head
        if call.operation == _BATCH_CREATE:
            raise Forbidden(
                "Guardrail checks of this project cannot judge the requests of a batch.",
                hint="Send the requests one by one.",
                code="batch_not_guarded",
            )
        results, hold = CheckResults(self.monotonic_ns), partial(self.inflight.hold_memory, call)
        guard = call.guard = CallGuard(plan, results, self.formats, hold)
        if plan.of_requests and plan.may_concern_name(head.model):
            _judge_model(call, guard, head)
        if plan.of_requests and call.body:
            await self._judge(call, guard, head)
        if plan.of_requests and call.traits.passes:
            await _judge_address(call, guard)
        call.judged = True
        return call.head or head

    async def _judge(self, call: Call, guard: CallGuard, head: RequestHead) -> None:
        content_type = call.headers.get(b"content-type", b"")
        try:
            if call.body.startswith(FORM_START):
                body = await _judge_form(guard, call.body, content_type)
            elif call.traits.passes and not _is_json(call.body):
                guard.unreadable(REQUESTED, NO_JSON)
                return
            elif guard.plan.may_concern(call.body, REQUESTED):
                body = await guard.request(call.body)
            else:
                return
        except GuardrailBlocked:
            call.body = guard.masked(call.body, Place.INPUT)
            call.judged = True
            raise
        if body is not call.body:
            call.body = body
            found = call.surface.read_head(call.path, call.query, body, content_type)
            call.head = found if call.released is None else replace(found, model=head.model)

    def _scanner(self, check: Check) -> Scanner | RemoteScanner:
        try:
            return self.detector(check.detector).scanner(check.options)
        except PenstockError as error:  # it is not installed: the policy decides, at each call
            return _Missing(error)


class _Missing:
    """The scanner of a detector that cannot be used."""

    def __init__(self, error: PenstockError) -> None:
        self._error = error

    async def find(self, texts: object) -> tuple[tuple[Finding, ...], ...]:  # noqa: ARG002 - it reads none
        raise self._error


def _facts(call: Call, target: Target) -> list[CallFacts]:
    targets = (target,) if call.route is None else call.route.targets
    return [CallFacts(call.caller, each.entry.name, each.model) for each in targets]


def _judge_model(call: Call, guard: CallGuard, head: RequestHead) -> None:
    """Judges the name of the model, of which nothing can be replaced: its target is known."""
    call.head = replace(head, model="")  # in the record, if a check blocks
    if guard.name(head.model, Place.INPUT) != head.model:
        guard.block(Place.INPUT)
    call.head = head


async def _judge_form(guard: CallGuard, body: bytes, content_type: bytes) -> bytes:
    """Judges the fields of a form; its files are no texts."""
    fields = read_form(content_type, body).fields()
    texts = [body[start:end].decode("utf-8", "surrogateescape") for start, end in fields]
    judged = await guard.texts(texts, Place.INPUT)
    if judged == texts:
        return body
    pieces, at = list[bytes](), 0
    for (start, end), text in zip(fields, judged, strict=True):
        pieces += (body[at:start], text.encode("utf-8", "surrogateescape"))
        at = end
    return b"".join((*pieces, body[at:]))


async def _judge_address(call: Call, guard: CallGuard) -> None:
    """Judges path and query of a call that passes, of which nothing can be replaced."""
    address = f"{path_of(call.raw_path)}?{query_of(call.query)}"
    (judged,) = await guard.texts([unquote_plus(address)], Place.INPUT)
    if judged != unquote_plus(address):
        guard.block(Place.INPUT)


def _is_json(body: bytes) -> bool:
    try:
        _json.decode(body)
        body.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
