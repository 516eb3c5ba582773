"""Attempts: what fails before the answer is committed can be tried elsewhere, in one record."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.homes import make_home, provider
from gateway.http_client import Answer, call, connect, read_answer, request
from gateway.raw_upstream import (
    STREAM_HEAD,
    RawUpstream,
    Script,
    answers,
    chunk,
    raw_upstream,
    unary,
)
from gateway.worker import Worker, worker
from penstock.rules.call import CallEnd, CallStatus, UsageSource
from penstock.rules.prices.price import PriceOverride, UnitPrice
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget
from tests.connections import hang_up

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASK = b'{"model":"pair","stream":%b,"messages":[{"role":"user","content":"hello"}]}'
USAGE = {"prompt_tokens": 1000, "completion_tokens": 500}
PAIR = RouteEntry(
    "pair",
    1,
    (RouteTarget("up", "small"), RouteTarget("backup", "small", priority=1)),
    max_attempts=2,
)
DONE = b"data: [DONE]\n\n"


@dataclass
class Pair:
    """A worker whose route `pair` tries `backup` after a failed first attempt at `up`."""

    first: RawUpstream
    backup: RawUpstream
    worker: Worker

    async def ask(self, *, stream: bool, model: bytes = b"pair") -> tuple[Answer, CallEnd]:
        body = (ASK % (b"true" if stream else b"false")).replace(b"pair", model)
        answer = await call(self.worker.url, body)
        (end,) = await self.worker.wait_for_ends(1)
        assert end.begin.trace_id == answer.trace_id
        return answer, end


def price(name: str, dollars: int) -> PriceOverride:
    per_million = (UnitPrice("input_tokens", Decimal(dollars)),)
    return PriceOverride(id=name, provider=name, model="small", prices=per_million)


@asynccontextmanager
async def pair(
    tmp_path: Path, first: Script, backup: Script, **limits: object
) -> AsyncIterator[Pair]:
    async with raw_upstream(first) as one, raw_upstream(backup) as two:
        home = make_home(
            tmp_path / "home",
            [provider(one.url, silence_timeout_ms=300), provider(two.url, "backup", models=())],
            prices=[price("up", 10), price("backup", 1)],
            routes=[PAIR],
        )
        async with worker(home, limits=limits) as running:
            yield Pair(one, two, running)


def event(**fields: object) -> bytes:
    return b"data: " + json.dumps({"id": "c", "model": "m", **fields}).encode() + b"\n\n"


def delta(**fields: object) -> bytes:
    return event(choices=[{"index": 0, "delta": fields}])


def streamed(*events: bytes, end: bytes = b"0\r\n\r\n") -> Script:
    return answers(STREAM_HEAD, *(chunk(one) for one in events), end, close=True)


WHOLE = unary(json.dumps({"id": "c", "choices": [], "usage": USAGE}).encode())
ROLE = delta(role="assistant", content="")
STREAM = (ROLE, delta(content="hi"), event(choices=[], usage=USAGE), DONE)
ERROR = b'data: {"error": {"message": "out of memory"}}\n\n'

FAILURES = {
    "refused with 429": (answers(unary(b'{"error":{"message":"slow"}}', "429 No")), "upstream_429"),
    "refused with 500": (answers(unary(b"{}", "500 No")), "upstream_500"),
    "hangs up": (answers(close=True), "upstream_connection_lost"),
    "no JSON": (answers(unary(b"<p>")), "upstream_malformed"),
    "cut whole answer": (answers(WHOLE[:-5], close=True), "upstream_cut"),
    "stream with an error first": (streamed(ROLE, ERROR), "upstream_stream_error"),
    "stream cut before its first token": (streamed(ROLE, end=b""), "upstream_cut"),
    "stream that falls silent": (answers(STREAM_HEAD + chunk(ROLE), b"", pause_s=2), "upstream_t"),
}


@pytest.mark.parametrize("what", FAILURES)
async def test_a_failed_first_attempt_is_tried_again_in_one_record(
    tmp_path: Path, what: str
) -> None:
    script, code = FAILURES[what]
    stream = "stream" in what
    backup = streamed(*STREAM) if stream else answers(WHOLE)
    async with pair(tmp_path, script, backup) as both:
        answer, end = await both.ask(stream=stream)
        assert (answer.status, answer.whole) == (200, True)
        assert (b'"hi"' in answer.body, b"out of memory" in answer.body) == (stream, False)
        assert answer.body.count(b'"role"') == stream
        assert (len(both.first.seen), len(both.backup.seen)) == (1, 1)
        first, second = end.attempts
        assert first.error_type.startswith(code)
        assert (first.provider, first.status) == ("up", CallStatus.ERROR)
        assert (second.provider, second.status, second.error_type) == ("backup", CallStatus.OK, "")
        assert (end.status, end.error_type, end.provider) == (CallStatus.OK, "", "backup")
        assert first.span_id != second.span_id
        assert first.end_ns <= second.start_ns
        assert end.overhead_ns < end.end_ns - end.begin.start_ns


async def test_both_costs_are_recorded_and_the_call_has_their_sum(tmp_path: Path) -> None:
    first = streamed(ROLE, event(choices=[], usage=USAGE), ERROR)
    async with pair(tmp_path, first, streamed(*STREAM)) as both:
        _, end = await both.ask(stream=True)
        assert [Decimal(one.cost) for one in end.attempts] == [Decimal("0.01"), Decimal("0.001")]
        assert [one.usage.input_tokens for one in end.attempts] == [1000, 1000]
        assert [one.price_id for one in end.attempts] == ["override/up", "override/backup"]
        assert (Decimal(end.cost), end.usage.input_tokens) == (Decimal("0.011"), 2000)
        assert (end.usage.output_tokens, end.usage.source) == (1000, UsageSource.PROVIDER)


async def test_an_attempt_that_was_rejected_costs_nothing(tmp_path: Path) -> None:
    rejected = answers(unary(b'{"error":{"message":"slow"}}', "429 No"))
    async with pair(tmp_path, rejected, answers(WHOLE)) as both:
        _, end = await both.ask(stream=False)
        assert (end.attempts[0].cost, Decimal(end.attempts[1].cost)) == ("", Decimal("0.001"))
        assert (Decimal(end.cost), end.price_id) == (Decimal("0.001"), "override/backup")


async def test_after_the_first_token_nothing_is_tried_again(tmp_path: Path) -> None:
    cut = streamed(ROLE, delta(content="hi"), end=b"")
    async with pair(tmp_path, cut, streamed(*STREAM)) as both:
        answer, end = await both.ask(stream=True)
        assert (answer.status, answer.whole) == (200, False)
        assert b"upstream_cut" in answer.body
        assert both.backup.seen == []
        assert len(end.attempts) == 1


async def test_when_all_attempts_fail_the_first_error_is_the_answer(tmp_path: Path) -> None:
    failing = answers(unary(b'{"error":{"message":"no such parameter"}}', "400 No"))
    async with pair(tmp_path, answers(unary(b"{}", "500 No")), failing) as both:
        answer, end = await both.ask(stream=True)
        assert (answer.status, answer.error["code"]) == (502, "upstream_500")
        assert [one.error_type for one in end.attempts] == ["upstream_500", "upstream_400"]
        assert end.error_type == "upstream_500"


async def test_a_model_without_a_route_is_tried_once(tmp_path: Path) -> None:
    async with pair(tmp_path, streamed(ROLE, ERROR), streamed(*STREAM)) as both:
        answer, end = await both.ask(stream=True, model=b"up/small")
        assert (answer.status, answer.error["code"]) == (502, "upstream_stream_error")
        assert (both.backup.seen, len(end.attempts)) == ([], 1)


def late(after_s: float, *pieces: bytes) -> Script:
    async def script(_: object, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(after_s)
        for piece in pieces:
            writer.write(piece)
        await writer.drain()
        writer.close()

    return script


async def test_a_waiting_stream_gets_headers_and_comments_and_still_fails_over(
    tmp_path: Path,
) -> None:
    first = late(1.0, unary(b"{}", "500 No"))
    async with pair(tmp_path, first, streamed(*STREAM), keep_alive_s=0.2) as both:
        reader, writer = await connect(both.worker.url)
        writer.write(request(ASK % b"true"))
        head = await reader.readuntil(b"\r\n\r\n")
        early = await reader.readuntil(b": waiting for the model\n\n")
        assert both.backup.seen == []  # the first attempt has not failed yet
        rest = await reader.read()
        writer.close()
        assert b" 200 " in head.splitlines()[0]
        assert b"text/event-stream" in head
        assert (early + rest).count(b": waiting") >= 2
        assert rest.endswith(b"0\r\n\r\n")
        assert DONE in rest
        (end,) = await both.worker.wait_for_ends(1)
        assert (end.status, end.http_status, len(end.attempts)) == (CallStatus.OK, 200, 2)


async def test_a_waiting_stream_ends_with_the_first_error_as_an_event(tmp_path: Path) -> None:
    failing = answers(unary(b'{"error":{"message":"too long"}}', "400 No"))
    first = late(0.6, unary(b"{}", "500 No"))
    async with pair(tmp_path, first, failing, keep_alive_s=0.2) as both:
        reader, writer = await connect(both.worker.url)
        writer.write(request(ASK % b"true"))
        answer = await read_answer(reader)
        writer.close()
        assert (answer.status, answer.whole) == (200, False)
        assert b"upstream_500" in answer.body.split(b"data: ")[-1]
        (end,) = await both.worker.wait_for_ends(1)
        assert [one.http_status for one in end.attempts] == [500, 400]
        assert (end.status, end.http_status) == (CallStatus.ERROR, 200)


async def test_a_waiting_call_that_is_not_streamed_gets_nothing_early(tmp_path: Path) -> None:
    async with pair(tmp_path, late(0.6, WHOLE), answers(WHOLE), keep_alive_s=0.2) as both:
        answer, _ = await both.ask(stream=False)
        assert (answer.status, answer.whole) == (200, True)
        assert b"waiting" not in answer.body


def body(size: int, *, stream: bool = False) -> bytes:
    ask = ASK % (b"true" if stream else b"false")
    return ask.replace(b"hello", b"x" * size)


async def test_a_waiting_call_keeps_its_body_once(tmp_path: Path) -> None:
    size, count = 5 * 2**20, 10
    limits = {"max_body_bytes": 2 * size}
    async with pair(tmp_path, late(30.0), answers(WHOLE), **limits) as both:
        await call(both.worker.url, b"{}")
        before = both.worker.memory_bytes()
        writers = [(await connect(both.worker.url))[1] for _ in range(count)]
        for writer in writers:
            writer.write(request(body(size)))
        async with asyncio.timeout(60):
            while len(both.first.seen) < count:
                await asyncio.sleep(0.05)
        kept = both.worker.memory_bytes() - before
        for writer in writers:
            hang_up(writer)
        assert 0.8 * count * size < kept < 1.8 * count * size  # freed pieces stay in the heap


async def test_bodies_are_counted_until_the_answer_is_committed(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def script(_: object, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD + chunk(ROLE))
        await release.wait()
        writer.write(chunk(delta(content="hi")))
        await writer.drain()
        await asyncio.sleep(30)

    limits = {
        "max_body_bytes": 100_000,  # so that four of the largest fit: 400,000 bytes in all
        "held_body_bytes": 400_000,
        "project_share": 1.0,
        "key_share": 1.0,
        "capture_request_bytes": 0,
    }
    async with pair(tmp_path, script, answers(WHOLE), **limits) as both:
        ask = body(90_000, stream=True)
        streams = [await connect(both.worker.url) for _ in range(6)]
        for _, writer in streams:
            writer.write(request(ask))
        async with asyncio.timeout(30):
            while len(both.first.seen) < 6:
                await asyncio.sleep(0.01)
        assert (await call(both.worker.url, ask)).error["code"] == "overloaded"
        release.set()
        for reader, _ in streams:
            await asyncio.wait_for(reader.readuntil(b'"hi"'), 10)
        again, writer = await connect(both.worker.url)
        writer.write(request(ask))
        assert b" 200 " in await asyncio.wait_for(again.readline(), 10)
        for _, each in [*streams, (again, writer)]:
            hang_up(each)
