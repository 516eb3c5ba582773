"""Limits and budgets in a real worker: who is rejected, what is counted, what callers read."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import anthropic
import openai
import pytest

from gateway.homes import KEY, LIMITED_KEY, PROJECT, make_home, provider
from gateway.http_client import call, connect, request
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
from penstock.infra.counters import FileReader, path_in
from penstock.infra.home import Home
from penstock.kernel.time import SystemClock
from penstock.rules.claims import CounterState
from penstock.rules.limits.documents import LimitEntry, Measure, Otherwise
from penstock.rules.limits.index import Amounts, Limit
from penstock.rules.limits.windows import WindowUnit
from tests.connections import hang_up

ASK = b'{"model":"up/small","max_tokens":100,"messages":[{"role":"user","content":"hello"}]}'
STREAM = ASK[:-1] + b',"stream":true,"stream_options":{"include_usage":true}}'


def limit(measure: Measure, amount: str, **changes: object) -> LimitEntry:
    window = None if measure == Measure.CONCURRENCY else WindowUnit.MONTH
    fields: dict[str, object] = {"id": f"lim_{measure}", "name": f"{measure} of all"}
    fields |= {"measure": measure, "amount": Decimal(amount), "window": window}
    return LimitEntry(**(fields | changes))  # pyright: ignore[reportArgumentType] - fields of a test's choice


def used(input_tokens: int, output_tokens: int, model: str = "small") -> bytes:
    usage = {"prompt_tokens": input_tokens, "completion_tokens": output_tokens}
    message = {"role": "assistant", "content": "hi"}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    answer = {"id": "c", "object": "chat.completion", "model": model, "choices": choices}
    return unary(json.dumps(answer | {"usage": usage}).encode())


class LimitedGateway:
    def __init__(
        self, upstream: RawUpstream, running: Worker, limits: Sequence[LimitEntry]
    ) -> None:
        self.upstream = upstream
        self.worker = running
        self.url = running.url
        self._limits = {each.id: each for each in limits}
        self._reader = FileReader(path_in(Home(running.home).counters), SystemClock())

    def state(self, measure: Measure, *values: str) -> CounterState:
        counted = Limit(PROJECT, self._limits[f"lim_{measure}"])
        claim = counted.claim(values, Amounts(0, 0, 0), SystemClock().now_ns())
        return self._reader.read(claim)

    async def settled(self, measure: Measure) -> CounterState:
        """The counter once nothing is held: a worker keeps prefetched amounts for a while."""
        async with asyncio.timeout(10):
            while (found := self.state(measure)).held:
                await asyncio.sleep(0.02)
        return found

    def answer(self, script: Script) -> None:
        self.upstream.script = script


@asynccontextmanager
async def limited(tmp_path: Path, *limits: LimitEntry) -> AsyncIterator[LimitedGateway]:
    async with raw_upstream(answers(used(10, 20))) as upstream:
        home = make_home(
            tmp_path / "home",
            [provider(upstream.url), provider(upstream.url, "free", models=())],
            limits=limits,
        )
        async with worker(home) as running:
            yield LimitedGateway(upstream, running, limits)


async def test_requests_above_the_limit_get_429_and_what_is_left(tmp_path: Path) -> None:
    async with limited(tmp_path, limit(Measure.REQUESTS, "2")) as gateway:
        first, second, third = [await call(gateway.url, ASK) for _ in range(3)]
        assert (first.status, second.status, third.status) == (200, 200, 429)
        assert first.headers["x-ratelimit-limit-requests"] == "2"
        assert first.headers["x-ratelimit-remaining-requests"] == "1"
        assert first.headers["x-ratelimit-reset-requests"].endswith("s")
        assert third.error["code"] == "rate_limited"
        assert "requests of all" in third.error["message"]
        assert int(third.headers["retry-after"]) > 1
        assert third.headers["x-should-retry"] == "false"
        ends = await gateway.worker.wait_for_ends(3)
        assert [end.error_type for end in ends] == ["", "", "rate_limited"]


async def test_a_rate_drains_and_its_headers_replace_those_of_the_provider(tmp_path: Path) -> None:
    rate = limit(Measure.REQUESTS, "2", window=WindowUnit.SECOND)
    async with limited(tmp_path, rate) as gateway:
        theirs = "x-ratelimit-limit-requests: 777\r\nx-ratelimit-limit-tokens: 888\r\n"
        gateway.answer(answers(unary(b'{"choices":[]}', headers=theirs)))
        found = await asyncio.gather(*(call(gateway.url, ASK) for _ in range(12)))
        served = [answer for answer in found if answer.status == 200]
        rejected = [answer for answer in found if answer.status == 429]
        assert served
        assert rejected
        assert {answer.headers["x-ratelimit-limit-requests"] for answer in found} == {"2"}
        assert served[0].headers["x-ratelimit-limit-tokens"] == "888"
        assert {answer.headers["retry-after"] for answer in rejected} == {"1"}
        assert "x-should-retry" not in rejected[0].headers
        await asyncio.sleep(1.1)
        assert (await call(gateway.url, ASK)).status == 200


async def test_tokens_are_reserved_by_estimate_and_settled_by_usage(tmp_path: Path) -> None:
    async with limited(tmp_path, limit(Measure.TOKENS, "300")) as gateway:
        answer = await call(gateway.url, ASK)
        estimated = -(-len(ASK) // 3) + 100
        assert answer.headers["x-ratelimit-remaining-tokens"] == str(300 - estimated)
        assert gateway.state(Measure.TOKENS) == (30, 0, 0)


async def test_spend_is_counted_to_the_billionth_and_a_budget_rejects(tmp_path: Path) -> None:
    async with limited(tmp_path, limit(Measure.SPEND, "0.0003")) as gateway:
        assert (await call(gateway.url, ASK)).status == 200
        assert gateway.state(Measure.SPEND) == (10 * 1000 + 20 * 2000, 0, 0)
        assert (await call(gateway.url, ASK)).status == 200
        rejected = await call(gateway.url, ASK)
        assert rejected.status == 429
        assert rejected.error["code"] == "budget_exceeded"
        assert "0.0002" in rejected.error["message"]
        assert rejected.headers["x-should-retry"] == "false"


async def test_a_budget_survives_the_restart_of_everything(tmp_path: Path) -> None:
    limits = [limit(Measure.SPEND, "0.0003")]
    async with raw_upstream(answers(used(10, 20))) as upstream:
        home = make_home(tmp_path / "home", [provider(upstream.url)], limits=limits)
        for expected in (200, 200, 429, 429):
            async with worker(home) as running:
                assert (await call(running.url, ASK)).status == expected


@pytest.mark.parametrize(
    ("body", "script", "counted"),
    [
        (STREAM, answers(STREAM_HEAD, chunk(b"data: {broken\n\n"), chunk(b"")), 0),
        (ASK, answers(unary(b'{"error":{"message":"no"}}', "500 Internal Server Error")), 0),
        (ASK, answers(unary(b'{"error":{"message":"no"}}', "429 Too Many Requests")), 0),
        (ASK, answers(unary(b'{"choices":[]}')), None),
        (ASK, answers(used(10, 5_000)), 5_010),
        (ASK, answers(used(-5, 3)), None),
        (ASK, answers(used(10**30, 3)), None),
    ],
    ids=["broken", "500", "429", "no usage", "above", "negative", "huge"],
)
async def test_every_end_settles_once(
    tmp_path: Path, body: bytes, script: Script, counted: int | None
) -> None:
    """Nothing stays held; what was served without a trustworthy count is counted as estimated."""
    limits = (limit(Measure.TOKENS, "10000"), limit(Measure.CONCURRENCY, "1"))
    async with limited(tmp_path, *limits) as gateway:
        gateway.answer(script)
        await call(gateway.url, body)
        ends = await gateway.worker.wait_for_ends(1)
        state = gateway.state(Measure.TOKENS)
        estimated = -(-len(body) // 3) + 100
        usage = ends[0].usage
        expected = estimated if counted is None else counted
        if body == STREAM:  # cut off: an estimate of what went through
            expected = usage.input_tokens + usage.output_tokens
        assert state == (expected, 0, max(0, expected - estimated))
        assert ends[0].overruns == (("tokens of all",) if expected > estimated else ())
        assert gateway.state(Measure.CONCURRENCY) == (0, 0, 0)
        gateway.answer(answers(used(1, 1)))
        assert (await call(gateway.url, ASK)).status == 200


async def test_a_cancelled_call_and_a_cancelled_stream_settle(tmp_path: Path) -> None:
    limits = (limit(Measure.CONCURRENCY, "2"), limit(Measure.TOKENS, "10000"))
    async with limited(tmp_path, *limits) as gateway:
        gateway.answer(answers(STREAM_HEAD, pause_s=30))
        for body in (ASK, STREAM):
            _, writer = await connect(gateway.url)
            writer.write(request(body))
            async with asyncio.timeout(20):
                while not gateway.state(Measure.CONCURRENCY).held:
                    await asyncio.sleep(0.01)
            hang_up(writer)
            async with asyncio.timeout(20):
                while gateway.state(Measure.CONCURRENCY).held:
                    await asyncio.sleep(0.01)
        assert gateway.state(Measure.TOKENS).held == 0
        assert gateway.state(Measure.TOKENS).used > 0  # the provider was asked
        assert len(await gateway.worker.wait_for_ends(2)) == 2


async def test_open_calls_are_counted_for_each_key(tmp_path: Path) -> None:
    async with limited(tmp_path, limit(Measure.CONCURRENCY, "1", per=("key",))) as gateway:
        gateway.answer(answers(unary(b'{"choices":[]}')[:40], pause_s=30))
        waiting = asyncio.create_task(call(gateway.url, ASK))
        async with asyncio.timeout(20):  # it is at the provider
            while not gateway.upstream.seen:
                await asyncio.sleep(0.01)
        gateway.answer(answers(used(1, 1)))
        rejected = await call(gateway.url, ASK, key=KEY)
        assert rejected.status == 429
        assert rejected.headers["retry-after"] == "1"
        assert (await call(gateway.url, ASK, key=LIMITED_KEY)).status == 200
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_a_limit_counts_only_its_calls(tmp_path: Path) -> None:
    gold = limit(Measure.REQUESTS, "1", only={"tag:plan": ("gold",)}, per=("user",))
    async with limited(tmp_path, gold) as gateway:
        plan = b"x-penstock-tags: plan=gold\r\n"
        ann, bob = (b"x-penstock-user: ann\r\n", b"x-penstock-user: bob\r\n")
        asked = [plan + ann, plan + bob, plan + ann, ann, ann, plan]
        found = [await call(gateway.url, ASK, headers=headers) for headers in asked]
        assert [answer.status for answer in found] == [200, 200, 429, 200, 200, 200]
        assert "x-ratelimit-limit-requests" not in found[3].headers


async def test_a_model_without_a_price_is_rejected_or_admitted_as_the_budget_says(
    tmp_path: Path,
) -> None:
    ask = ASK.replace(b"up/small", b"free/any")
    async with limited(tmp_path / "a", limit(Measure.SPEND, "1")) as gateway:
        rejected = await call(gateway.url, ask)
        assert (rejected.status, rejected.error["code"]) == (403, "unpriced_model")
        assert gateway.upstream.seen == []
    budget = limit(Measure.SPEND, "1", unpriced=Otherwise.ADMIT)
    async with limited(tmp_path / "b", budget) as gateway:
        assert (await call(gateway.url, ask)).status == 200
        assert gateway.state(Measure.SPEND) == (0, 0, 0)


async def test_a_call_that_can_never_fit_says_what_to_change(tmp_path: Path) -> None:
    async with limited(tmp_path, limit(Measure.TOKENS, "50")) as gateway:
        rejected = await call(gateway.url, ASK)
        assert rejected.status == 429
        assert "smaller output limit" in rejected.error["message"]
        assert "retry-after" not in rejected.headers


async def test_official_clients_read_the_error_and_do_not_retry_a_budget(tmp_path: Path) -> None:
    async with limited(tmp_path, limit(Measure.SPEND, "0")) as gateway:
        address = {"api_key": KEY, "max_retries": 2}
        async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", **address) as client:
            with pytest.raises(openai.RateLimitError) as seen:
                await client.chat.completions.create(
                    model="up/small", messages=[{"role": "user", "content": "hi"}]
                )
        assert seen.value.code == "budget_exceeded"
        async with anthropic.AsyncAnthropic(base_url=gateway.url, **address) as other:
            with pytest.raises(anthropic.RateLimitError, match="rate_limit_error"):
                await other.messages.create(
                    model="up/small", max_tokens=9, messages=[{"role": "user", "content": "hi"}]
                )
        assert len(await gateway.worker.wait_for_ends(2)) == 2


async def test_without_a_counter_file_the_limit_decides(tmp_path: Path) -> None:
    for number, (otherwise, status) in enumerate(((Otherwise.REJECT, 503), (Otherwise.ADMIT, 200))):
        counted = limit(Measure.REQUESTS, "1", unavailable=otherwise)
        async with raw_upstream(answers(used(1, 1))) as upstream:
            home = make_home(tmp_path / str(number), [provider(upstream.url)], limits=[counted])
            (home / "counters").write_text("not a folder")
            async with worker(home) as running:
                for _ in range(2):
                    answer = await call(running.url, ASK)
                    assert answer.status == status
                    if status == 503:
                        assert answer.error["code"] == "limits_unavailable"
                ready = await call(running.url, b"", method="GET", path="/readyz", key=None)
                assert b"Limits cannot be counted as they should" in ready.body
