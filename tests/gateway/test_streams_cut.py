"""Streams that pass a limit, in a real worker: cut with an error where the limit says so."""

import asyncio
import json
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from gateway.homes import KEY
from gateway.http_client import call
from gateway.raw_upstream import STREAM_HEAD, Exchanged, Script, answers, chunk
from gateway.test_limits import LimitedGateway, limit, limited
from penstock.rules.call import CallStatus, UsageSource
from penstock.rules.limits.documents import LimitEntry, Measure, Over

TEXT = "four words of text "  # 19 bytes: 5 tokens
STEP = 15  # tokens of the deltas that pass before a limit is looked at, however many have arrived
QUESTION = [{"role": "user", "content": "hello"}]


def event(**fields: Any) -> bytes:
    document = {"id": "c", "object": "chat.completion.chunk", "model": "small", **fields}
    return chunk(b"data: " + json.dumps(document).encode() + b"\n\n")


def delta(text: str) -> bytes:
    return event(choices=[{"index": 0, "delta": {"content": text}}])


def long_stream(count: int, *, text: str = TEXT) -> Script:
    """`count` deltas, then the provider's count: ten tokens, and five for each delta."""
    finish = event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
    usage = event(choices=[], usage={"prompt_tokens": 10, "completion_tokens": count * 5})
    end = chunk(b"data: [DONE]\n\n") + chunk(b"")
    return answers(STREAM_HEAD, *[delta(text)] * count, finish, usage, end, pause_s=0.001)


def ask(max_tokens: int = 20, **fields: Any) -> bytes:
    body = {"model": "up/small", "messages": QUESTION, "max_tokens": max_tokens, "stream": True}
    return json.dumps(body | fields).encode()


def cutting(measure: Measure, amount: str, over: Over = Over.CUT) -> LimitEntry:
    return limit(measure, amount, over=over)


async def test_a_stream_is_cut_at_its_limit(tmp_path: Path) -> None:
    async with limited(tmp_path, cutting(Measure.TOKENS, "300")) as gateway:
        sent: list[int] = []

        async def script(request: Exchanged, writer: asyncio.StreamWriter) -> None:
            del request
            writer.write(STREAM_HEAD)
            for number in range(1000):
                writer.write(delta(TEXT))
                await writer.drain()
                sent.append(number)
                await asyncio.sleep(0.001)

        gateway.answer(script)
        answer = await call(gateway.url, ask())
        assert answer.status == 200
        assert not answer.whole
        assert b"[DONE]" not in answer.body
        last = json.loads(answer.body.rstrip().rpartition(b"data: ")[2])
        assert last["error"]["code"] == "cut_at_limit"
        assert "'tokens of all' of 300 tokens a month" in last["error"]["message"]
        (end,) = await gateway.worker.wait_for_ends(1)
        assert (end.status, end.error_type) == (CallStatus.ERROR, "cut_at_limit")
        assert end.usage.source is UsageSource.ESTIMATED
        used = end.usage.input_tokens + end.usage.output_tokens
        assert 300 < used <= 300 + STEP
        state = await gateway.settled(Measure.TOKENS)
        assert (state.used, state.excess) == (used, used - 300)
        assert end.overruns == ("tokens of all",)
        assert (await call(gateway.url, ask())).status == 429
        assert len(sent) < 1000  # the connection was closed


async def test_deltas_that_arrive_at_once_are_cut_too(tmp_path: Path) -> None:
    async with limited(tmp_path, cutting(Measure.TOKENS, "300")) as gateway:
        gateway.answer(answers(STREAM_HEAD + delta(TEXT) * 400))
        answer = await call(gateway.url, ask())
        assert b"cut_at_limit" in answer.body
        (end,) = await gateway.worker.wait_for_ends(1)
        assert 300 < end.usage.input_tokens + end.usage.output_tokens <= 300 + STEP


async def test_a_stream_within_its_limit_passes_its_estimate(tmp_path: Path) -> None:
    async with limited(tmp_path, cutting(Measure.TOKENS, "1000")) as gateway:
        gateway.answer(long_stream(100))
        answer = await call(gateway.url, ask())
        assert answer.body.endswith(b"data: [DONE]\n\n")
        (end,) = await gateway.worker.wait_for_ends(1)
        assert end.overruns == ()
        state = await gateway.settled(Measure.TOKENS)
        assert (state.used, state.excess) == (510, 0)


async def test_a_limit_that_admits_cuts_nothing(tmp_path: Path) -> None:
    async with limited(tmp_path, cutting(Measure.TOKENS, "300", Over.ADMIT)) as gateway:
        gateway.answer(long_stream(100))
        answer = await call(gateway.url, ask())
        assert answer.body.endswith(b"data: [DONE]\n\n")
        (end,) = await gateway.worker.wait_for_ends(1)
        assert end.overruns == ("tokens of all",)
        assert (await gateway.settled(Measure.TOKENS)).used == 510


async def test_a_budget_cuts_by_the_price(tmp_path: Path) -> None:
    async with limited(tmp_path, cutting(Measure.SPEND, "0.0005")) as gateway:
        gateway.answer(long_stream(1000))
        answer = await call(gateway.url, ask())
        assert b"cut_at_limit" in answer.body
        (end,) = await gateway.worker.wait_for_ends(1)
        assert 0.0005 < float(end.cost) < 0.00058
        state = await gateway.settled(Measure.SPEND)
        assert state.used == round(float(end.cost) * 1e9)


async def test_large_deltas_count_by_their_text(tmp_path: Path) -> None:
    async with limited(tmp_path, cutting(Measure.TOKENS, "300")) as gateway:
        gateway.answer(long_stream(50, text="x" * 400))
        answer = await call(gateway.url, ask())
        assert b"cut_at_limit" in answer.body
        (end,) = await gateway.worker.wait_for_ends(1)
        assert 300 < end.usage.input_tokens + end.usage.output_tokens < 2500


async def test_streams_at_once_stay_within_one_limit(tmp_path: Path) -> None:
    async with limited(tmp_path, cutting(Measure.TOKENS, "3000")) as gateway:
        gateway.answer(long_stream(1000))
        found = await asyncio.gather(*(call(gateway.url, ask()) for _ in range(8)))
        assert all(b"cut_at_limit" in answer.body for answer in found)
        await gateway.worker.wait_for_ends(8)
        state = await gateway.settled(Measure.TOKENS)
        assert state.used - state.excess <= 3000
        assert 3000 - 8 * STEP <= state.used <= 3000 + 8 * STEP


async def test_clients_of_other_formats_raise_the_error(tmp_path: Path) -> None:
    async with limited(tmp_path, cutting(Measure.TOKENS, "300")) as gateway:
        gateway.answer(long_stream(1000))
        url = gateway.url
        async with anthropic.AsyncAnthropic(base_url=url, api_key=KEY, max_retries=0) as client:
            with pytest.raises(anthropic.APIStatusError, match="The answer was cut"):
                async with client.messages.stream(
                    model="up/small",
                    max_tokens=20,
                    messages=[{"role": "user", "content": "hello"}],
                ) as stream:
                    await stream.until_done()


async def test_responses_raise_the_error(tmp_path: Path) -> None:
    async with limited(tmp_path, cutting(Measure.TOKENS, "300")) as gateway:
        gateway.answer(long_stream(1000))
        url = f"{gateway.url}/v1"
        async with openai.AsyncOpenAI(base_url=url, api_key=KEY, max_retries=0) as client:
            with pytest.raises(openai.APIError, match="The answer was cut"):
                async for _ in await client.responses.create(
                    model="up/small", input="hello", max_output_tokens=20, stream=True
                ):
                    pass


async def test_gemini_ends_with_the_error(tmp_path: Path) -> None:
    async with limited(tmp_path, cutting(Measure.TOKENS, "300")) as gateway:
        gateway.answer(long_stream(1000))
        body = {
            "contents": [{"role": "user", "parts": [{"text": "hello"}]}],
            "generationConfig": {"maxOutputTokens": 20},
        }
        answer = await call(
            gateway.url,
            json.dumps(body).encode(),
            path="/v1beta/models/up/small:streamGenerateContent?alt=sse",
        )
        last = json.loads(answer.body.rstrip().rpartition(b"data: ")[2])
        assert last["error"]["status"] == "RESOURCE_EXHAUSTED"
        assert not answer.whole


async def test_a_client_token_is_cut_too(tmp_path: Path) -> None:
    async with limited(tmp_path) as gateway:
        token = await _token(gateway)
        gateway.answer(long_stream(1000))
        answer = await call(gateway.url, ask(), key=token)
        assert b"cut_at_limit" in answer.body
        (end,) = await gateway.worker.wait_for_ends(1)
        assert end.usage.input_tokens + end.usage.output_tokens <= 100 + STEP


async def _token(gateway: LimitedGateway) -> str:
    wanted = {"use_case": "support", "limits": {"tokens": 100, "usd": None}}
    made = await call(gateway.url, json.dumps(wanted).encode(), path="/v1/client_tokens")
    return json.loads(made.body)["token"]
