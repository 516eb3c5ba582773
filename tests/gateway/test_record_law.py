"""Every call has exactly one end record in the spool, and its reserved bytes are freed."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.homes import provider
from penstock.gateway.attempt import OpenAttempt, Total, cost_text
from penstock.gateway.call import Call
from penstock.gateway.call_limits import CallLimits
from penstock.gateway.ids import Ids
from penstock.gateway.snapshot.project_index import ProjectIndex
from penstock.gateway.stages.record import Recorder
from penstock.gateway.target import Target
from penstock.infra.egress.exchange import UpstreamTimeLimits
from penstock.infra.spool import Spool
from penstock.infra.spool.frame import Frame, Kind, scan
from penstock.infra.spool.policy import MIB, SpoolLimits
from penstock.kernel.errors import UpstreamFailed
from penstock.kernel.ids import uuid7
from penstock.kernel.time import SystemClock
from penstock.plugins.providers.openai_compatible import OpenAICompatible
from penstock.plugins.surfaces.openai import OpenAISurface
from penstock.rules.call import CallEnd, CallStatus, Usage, UsageSource, decode_end, encode
from penstock.rules.models.facts import FactsIndex
from penstock.rules.neutral.answer import AnswerFacts
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.prices.charge import Charge
from penstock.rules.prices.price_book import PriceBook
from penstock.rules.redaction import Redaction
from penstock.rules.snapshot.access import KeyContext, KeyEntry, ProjectPolicy
from penstock.spi.chat import ProviderConfig

LIMITS = CallLimits(capture_request_bytes=1000, capture_response_bytes=1000)
TEXT = st.text(st.characters(), max_size=300) | st.sampled_from(
    ["\ud800", "\u2028\r", "x" * 5000, "é" * 3000, "\x00\x01"]
)
COUNT = st.integers() | st.sampled_from([2**63, 2**64, -(2**63) - 1, 10**400])
FACTS = st.builds(
    AnswerFacts, id=TEXT, model=TEXT, finish_reasons=st.lists(TEXT, max_size=4).map(tuple)
) | st.just(AnswerFacts(finish_reasons=("x" * 100_000,) * 70))
USAGE = st.builds(
    Usage,
    input_tokens=COUNT,
    output_tokens=COUNT,
    cache_read_tokens=COUNT,
    source=st.sampled_from(UsageSource),
)
COST = st.decimals() | st.sampled_from([Decimal("1E-400000"), Decimal("1E+400000")])
ERROR = st.none() | st.builds(UpstreamFailed, TEXT, code=TEXT)


@dataclass
class Records:
    """A spool with a small quota, and its records."""

    folder: Path
    spool: Spool

    def ends(self, span_id: str) -> list[CallEnd]:
        return [end for end in self.all_ends() if end.begin.span_id == span_id]

    def all_ends(self) -> Iterator[CallEnd]:
        for path in self.folder.glob("*.spool"):
            for frame in scan(path.read_bytes()):
                if isinstance(frame, Frame) and frame.kind is Kind.END:
                    yield decode_end(frame.payload)


@contextmanager
def records_in(folder: Path, quota_bytes: int = 1 << 30) -> Iterator[Records]:
    clock = SystemClock()
    writer = uuid7(clock.now_ns(), random.randbytes(10)).hex
    limits = SpoolLimits(quota_bytes=quota_bytes)
    spool = Spool.open(folder, writer, clock=clock, jitter=random.random, limits=limits)
    try:
        yield Records(folder, spool)
    finally:
        spool.close()


async def _nothing(*_: object) -> dict[str, object]:
    return {}


def a_call(body: bytes, response: bytes, facts: AnswerFacts, model: str) -> Call:
    return asyncio.run(_call(body, response, facts, model))


async def _call(body: bytes, response: bytes, facts: AnswerFacts, model: str) -> Call:
    ids, clock = Ids(), SystemClock()
    call = Call(OpenAISurface(), "chat", {}, _nothing, _nothing, ids=ids, start_ns=clock.now_ns())
    call.key_context = KeyContext.of("prj_test", KeyEntry(id="key", digest="d"), ProjectPolicy())
    call.head = RequestHead(model)
    call.body, call.request_size = body[: LIMITS.capture_request_bytes], len(body)
    entry = provider("http://127.0.0.1:1/v1")
    call.target = Target(
        ProjectIndex("prj_test", [entry], {}, PriceBook({}), FactsIndex({})),
        entry,
        "small",
        "small",
        OpenAICompatible(),
        ProviderConfig("up", entry.base_url),
        UpstreamTimeLimits(),
        Redaction(),
        same_dialect=True,
    )
    attempt = OpenAttempt(call.target, "127.0.0.1", 1, ids.span(), clock.now_ns())
    attempt.response, attempt.response_size = response, len(response)
    attempt.facts = facts
    attempt.end_ns = clock.now_ns()
    call.attempts = (attempt,)
    return call


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_every_call_has_exactly_one_end_record(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    with records_in(tmp_path_factory.mktemp("spool")) as records:
        recorder = Recorder(records.spool, SystemClock(), LIMITS)
        body = data.draw(st.binary(max_size=2000))
        response = data.draw(st.binary(max_size=6000) | st.just(b"x" * 200_000))
        call = a_call(body, response, data.draw(FACTS), data.draw(st.text(max_size=2000)))
        if data.draw(st.booleans()):
            recorder.begin(call)
        charge = Charge(data.draw(COST), data.draw(TEXT))
        settled = Total(data.draw(USAGE), cost_text(charge), charge.price_id)
        end = recorder.end(call, CallStatus.OK, data.draw(ERROR), settled)
        (stored,) = records.ends(call.span_id)
        assert stored == decode_end(encode(end))
        assert call.recorded
        assert (stored.begin.project_id, stored.begin.trace_id) == ("prj_test", call.trace_id)
        assert (stored.status, stored.end_ns >= stored.begin.start_ns) == (CallStatus.OK, True)
        assert len(encode(stored)) <= recorder.max_bytes
        assert (records.spool.stats().open_calls, records.spool._capacity.reserved) == (0, 0)


def test_calls_with_reduced_records_do_not_fill_the_spool(tmp_path: Path) -> None:
    with records_in(tmp_path, quota_bytes=4 * MIB) as records:
        recorder = Recorder(records.spool, SystemClock(), CallLimits())
        facts = AnswerFacts(finish_reasons=("x" * 100_000,) * 30)
        usage = Usage(1, source=UsageSource.PROVIDER)
        for _ in range(100):
            call = a_call(b"{}", b"{}", facts, "small")
            recorder.begin(call)
            recorder.end(call, CallStatus.OK, None, Total(usage))
        assert records.spool.stats().full_because == ""
        assert [end.error_type for end in records.all_ends()] == ["record_reduced"] * 100
