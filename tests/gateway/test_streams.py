"""Streams through the official client and a plain socket: the provider's bytes, or an error."""

import asyncio
import json
from pathlib import Path
from typing import Any

import openai
import pytest

from gateway.conftest import Rig
from gateway.http_client import call
from gateway.raw_upstream import STREAM_HEAD, Exchanged, Script, answers, chunk
from penstock.rules.call import CallStatus, UsageSource

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIXTURES = Path(__file__).parent / "fixtures"
NAMES = ["text.sse", "tools.sse", "crlf.sse"]
ASK = b'{"model":"up/small","stream":true,"stream_options":{"include_usage":true},"messages":[]}'
PLAIN = b'{"model":"up/small","stream":true,"messages":[]}'


def fixture(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def streamed(*pieces: bytes, end: bytes = b"0\r\n\r\n", pause_s: float = 0.0) -> Script:
    """Sends each piece as one chunk; `end` finishes the body."""
    wire = [chunk(piece) for piece in pieces if piece]
    return answers(STREAM_HEAD, *wire, end, pause_s=pause_s, close=True)


def event(**fields: Any) -> bytes:
    return b"data: " + json.dumps({"id": "c", "model": "m", **fields}).encode() + b"\n\n"


def text(content: str, reason: str | None = None) -> bytes:
    return event(choices=[{"index": 0, "delta": {"content": content}, "finish_reason": reason}])


@pytest.mark.parametrize("name", NAMES)
async def test_bytes_pass_unchanged_for_cuts_at_every_place(rig: Rig, name: str) -> None:
    sent = fixture(name)
    cuts = [*range(1, len(sent), 29), *_inside_characters(sent)]
    for cut in cuts:
        rig.answer(streamed(sent[:cut], sent[cut:]))
        answer = await call(rig.worker.url, ASK)
        assert answer.body == sent
        assert answer.whole


@pytest.mark.parametrize("name", NAMES)
async def test_bytes_pass_unchanged_one_by_one(rig: Rig, name: str) -> None:
    sent = fixture(name)
    rig.answer(streamed(*(sent[at : at + 1] for at in range(len(sent)))))
    answer = await call(rig.worker.url, ASK)
    assert (answer.body, answer.whole) == (sent, True)


async def test_the_official_client_reassembles_text_and_tool_calls(rig: Rig) -> None:
    async with rig.openai() as client:
        for name, content, arguments in (
            ("text.sse", "Grüße aus Köln 👋🏽 — ça va?", None),
            ("tools.sse", "", '{"city": "Zürich", "unit": "°C"}'),
        ):
            sent = fixture(name)
            rig.answer(streamed(*(sent[at : at + 7] for at in range(0, len(sent), 7))))
            found, called = "", ""
            async for part in await client.chat.completions.create(
                model="small", messages=[], stream=True
            ):
                delta = part.choices[0].delta
                found += delta.content or ""
                for tool in delta.tool_calls or []:
                    called += (tool.function and tool.function.arguments) or ""
            assert (found, called or None) == (content, arguments)


async def test_a_stream_is_recorded_in_the_unary_shape_before_done(rig: Rig) -> None:
    sent = fixture("tools.sse")
    rig.answer(streamed(sent))
    answer = await call(rig.worker.url, ASK)
    end = await rig.end_of(answer.trace_id)
    message = json.loads(end.response)["choices"][0]["message"]
    assert message["tool_calls"][0]["function"] == {
        "name": "weather",
        "arguments": '{"city": "Zürich", "unit": "°C"}',
    }
    assert (end.status, end.finish_reasons) == (CallStatus.OK, ("tool_calls",))
    assert (end.usage.input_tokens, end.usage.output_tokens) == (81, 19)
    assert end.usage.source is UsageSource.PROVIDER
    assert end.begin.start_ns < end.first_token_ns < end.end_ns
    assert end.response_size == len(sent)


async def test_done_waits_for_the_record(rig: Rig) -> None:
    rig.answer(streamed(fixture("text.sse")))
    async with rig.openai() as client:
        raw = await client.chat.completions.with_raw_response.create(
            model="small", messages=[], stream=True
        )
        async for _ in raw.parse():
            pass
        trace = raw.headers["x-penstock-trace-id"]
        assert [end for end in rig.worker.ends() if end.begin.trace_id == trace]


async def test_usage_is_requested_and_hidden_from_a_caller_that_did_not_ask(rig: Rig) -> None:
    rig.answer(streamed(fixture("text.sse")))
    answer = await call(rig.worker.url, PLAIN)
    assert b'"stream_options":{"include_usage":true}' in rig.upstream.seen[0].body
    assert b"prompt_tokens" not in answer.body
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert (await rig.end_of(answer.trace_id)).usage.input_tokens == 14


async def test_events_are_passed_on_at_once(rig: Rig) -> None:
    release = asyncio.Event()

    async def script(_: Exchanged, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD + chunk(text("first")))
        await writer.drain()
        await asyncio.wait_for(release.wait(), 5)
        writer.write(chunk(text("second", "stop")) + chunk(b"data: [DONE]\n\n") + chunk(b""))

    rig.answer(script)
    async with rig.openai() as client:
        found = await client.chat.completions.create(model="small", messages=[], stream=True)
        parts = aiter(found)
        assert (await anext(parts)).choices[0].delta.content == "first"
        release.set()
        assert [part.choices[0].delta.content async for part in parts] == ["second"]


BROKEN = {
    "without done": (streamed(text("x", "stop")), "upstream_cut"),
    "cut body": (streamed(text("x"), end=b""), "upstream_cut"),
    "cut event": (streamed(text("x") + text("y")[:-9]), "upstream_cut"),
    "stalled": (answers(STREAM_HEAD + chunk(text("x")), pause_s=3), "upstream_timeout"),
    "malformed": (streamed(text("x") + b"data: {nonsense\n\n"), "upstream_malformed"),
    "error event": (
        streamed(text("x") + b'data: {"error": {"message": "out of memory"}}\n\n'),
        "upstream_stream_error",
    ),
    "bad framing": (answers(STREAM_HEAD + chunk(text("x")) + b"zz\r\n"), "upstream_malformed"),
    "reset": (streamed(end=b""), "upstream_cut"),
}


@pytest.mark.parametrize("what", BROKEN)
async def test_a_broken_stream_raises_in_the_official_client_and_records_what_arrived(
    rig: Rig, what: str
) -> None:
    script, code = BROKEN[what]
    rig.answer(script)
    body = PLAIN.replace(b"up/small", b"hasty/x")
    answer = await call(rig.worker.url, body)
    begun = what != "reset"  # what fails before the first token is an ordinary error
    assert (answer.whole, answer.status) == ((False, 200) if begun else (True, 502))
    assert b"[DONE]" not in answer.body
    shown = answer.body.decode().split("data: ")[-1]
    assert json.loads(shown)["error"]["code"] == code
    end = await rig.end_of(answer.trace_id)
    assert (end.status, end.error_type) == (CallStatus.ERROR, code)
    assert end.usage.source is UsageSource.ESTIMATED
    assert end.usage.output_tokens == (what != "reset")
    assert end.usage.input_tokens == -(-len(body) // 4)
    async with rig.openai() as client:
        with pytest.raises(openai.APIError):
            async for _ in await client.chat.completions.create(
                model="hasty/x", messages=[], stream=True
            ):
                pass


async def test_done_is_added_for_a_vendor_without_it(rig: Rig) -> None:
    rig.answer(streamed(text("x"), text("y", "stop")))
    answer = await call(rig.worker.url, PLAIN.replace(b"up/small", b"lax/m"))
    assert answer.whole
    assert answer.body == text("x") + text("y", "stop") + b"data: [DONE]\n\n"
    rig.answer(streamed(text("x")))
    answer = await call(rig.worker.url, PLAIN.replace(b"up/small", b"lax/m"))
    assert not answer.whole


async def test_an_error_before_a_stream_is_an_ordinary_error(rig: Rig) -> None:
    body = b'{"error":{"message":"too long"}}'
    wire = b"HTTP/1.1 400 Bad\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    rig.answer(answers(wire))
    async with rig.openai() as client:
        with pytest.raises(openai.BadRequestError, match="too long"):
            await client.chat.completions.create(model="small", messages=[], stream=True)


async def test_connections_to_the_provider_survive_streams(rig: Rig) -> None:
    rig.answer(answers(STREAM_HEAD + chunk(fixture("text.sse")) + chunk(b"")))
    await call(rig.worker.url, PLAIN)
    before = rig.upstream.connections
    for _ in range(5):
        await call(rig.worker.url, PLAIN)
    assert rig.upstream.connections == before


def _inside_characters(data: bytes) -> list[int]:
    return [at for at, byte in enumerate(data) if byte & 0xC0 == 0x80]
