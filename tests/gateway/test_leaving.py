"""Clients that disconnect, and gateways that stop: the provider is stopped, the record is right."""

import asyncio
import json
import signal
import time
from pathlib import Path

import pytest

from gateway.conftest import Rig
from gateway.homes import make_home, provider
from gateway.http_client import call, connect, read_answer, request
from gateway.raw_upstream import STREAM_HEAD, Exchanged, Script, answers, chunk, raw_upstream, unary
from gateway.worker import worker
from penstock.rules.call import CallEnd, CallStatus, UsageSource

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.drill]


def text(content: str) -> bytes:
    delta = {"id": "c", "choices": [{"index": 0, "delta": {"content": content}}]}
    return chunk(b"data: " + json.dumps(delta).encode() + b"\n\n")


def tokens(count: int, pause_s: float = 0.05) -> Script:
    return answers(STREAM_HEAD, *(text(f"t{n} ") for n in range(count)), pause_s=pause_s)


SILENT = answers(b"", pause_s=20)
SITUATIONS = {
    "unary, before the answer": (SILENT, False),
    "unary, within the answer": (answers(unary(b"x" * 500_000)[:400_000], pause_s=20), False),
    "stream, before the head": (SILENT, True),
    "stream, before the first token": (answers(STREAM_HEAD, pause_s=20), True),
    "stream, after some tokens": (tokens(400), True),
}


@pytest.mark.parametrize("situation", SITUATIONS)
async def test_a_disconnect_stops_the_provider_within_a_second(rig: Rig, situation: str) -> None:
    script, stream = SITUATIONS[situation]
    rig.answer(script)
    known = len(rig.worker.ends())
    body = b'{"model":"up/small","stream":%b,"messages":[]}' % (b"true" if stream else b"false")
    _, writer = await connect(rig.worker.url)
    writer.write(request(body))
    async with asyncio.timeout(30):
        while not rig.upstream.seen:
            await asyncio.sleep(0.01)
    await asyncio.sleep(1.0)  # an earlier end of the stream is no disconnect
    writer.close()
    left = time.monotonic()
    async with asyncio.timeout(15.0):
        await rig.upstream.seen[0].hung_up.wait()
    print(f"hung up after {time.monotonic() - left:.3f} s")
    end = (await rig.worker.wait_for_ends(known + 1))[-1]
    assert (end.status, end.error_type) == (CallStatus.CANCELLED, "client_disconnected")
    assert end.usage.source is UsageSource.ESTIMATED
    assert end.usage.input_tokens == -(-len(body) // 4)
    assert end.attempts[0].status is CallStatus.CANCELLED
    if situation == "stream, after some tokens":
        _assert_received(end)


def _assert_received(end: CallEnd) -> None:
    content = json.loads(end.response)["choices"][0]["message"]["content"]
    assert content.startswith("t0 t1 t2 ")
    assert end.usage.output_tokens == content.count("t") >= 10
    assert float(end.cost) > 0


async def test_a_disconnect_during_the_request_is_recorded_as_cancelled(rig: Rig) -> None:
    known = len(rig.worker.ends())
    _, writer = await connect(rig.worker.url)
    writer.write(request(b'{"model"', length=50))
    await asyncio.sleep(0.1)
    writer.close()
    end = (await rig.worker.wait_for_ends(known + 1))[-1]
    assert end.status is CallStatus.CANCELLED
    assert end.attempts == ()


async def test_calls_finish_before_a_stop(tmp_path: Path) -> None:
    async with raw_upstream(answers(b"", unary(b'{"ok":1}'), pause_s=0.7)) as upstream:
        home = make_home(tmp_path / "home", [provider(upstream.url)])
        async with worker(home) as running:
            calling = asyncio.ensure_future(call(running.url))
            async with asyncio.timeout(30):
                while not upstream.seen:
                    await asyncio.sleep(0.01)
            running.process.send_signal(signal.SIGTERM)
            answer = await calling
            assert (answer.status, answer.body) == (200, b'{"ok":1}')
            assert await asyncio.wait_for(running.process.wait(), 30) == 0
        assert [end.status for end in running.ends()] == [CallStatus.OK]


async def test_after_the_drain_time_calls_end_with_an_error_and_a_record(
    tmp_path: Path,
) -> None:
    async def script(asked: Exchanged, writer: asyncio.StreamWriter) -> None:
        await (tokens(400) if b'"stream":true' in asked.body else SILENT)(asked, writer)

    async with raw_upstream(script) as upstream:
        home = make_home(tmp_path / "home", [provider(upstream.url)])
        async with worker(home, limits={"drain_s": 0.5}) as running:
            reader, writer = await connect(running.url)
            writer.write(request(b'{"model":"small","stream":true}'))
            waiting = asyncio.ensure_future(call(running.url, b'{"model":"small"}'))
            async with asyncio.timeout(30):
                while len(upstream.seen) < 2:
                    await asyncio.sleep(0.01)
            running.process.send_signal(signal.SIGTERM)
            cut, refused = await read_answer(reader), await waiting
            assert await asyncio.wait_for(running.process.wait(), 30) == 0
            writer.close()
        assert not cut.whole
        assert b'"code":"shutting_down"' in cut.body
        assert (refused.status, refused.error["code"]) == (503, "shutting_down")
        assert {end.error_type for end in running.ends()} == {"shutting_down"}
