"""The exact cache in a running worker."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from gateway.homes import KEY, OTHER_KEY, make_home, provider
from gateway.http_client import Answer, call
from gateway.raw_upstream import STREAM_HEAD as HEAD
from gateway.raw_upstream import RawUpstream, Script, answers, chunk, raw_upstream, unary
from gateway.worker import Worker, worker
from penstock.rules.call import CallEnd
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget

pytestmark = pytest.mark.asyncio(loop_scope="module")

USAGE = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
CHOICE = {
    "index": 0,
    "finish_reason": "stop",
    "message": {"role": "assistant", "content": "hello"},
}
DOCUMENT = {"id": "c1", "object": "chat.completion", "model": "m", "created": 1, "usage": USAGE}
WHOLE = unary(json.dumps(DOCUMENT | {"choices": [CHOICE]}).encode())
FILTERED = unary(
    json.dumps(DOCUMENT | {"choices": [CHOICE | {"finish_reason": "content_filter"}]}).encode()
)


def event(document: object) -> bytes:
    return chunk(b"data: " + json.dumps(document).encode() + b"\n\n")


PIECE = {"id": "c1", "object": "chat.completion.chunk", "model": "m", "created": 1}
STREAM = (
    HEAD
    + event(PIECE | {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "hel"}}]})
    + event(PIECE | {"choices": [{"index": 0, "delta": {"content": "lo"}}]})
    + event(PIECE | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    + event(PIECE | {"choices": [], "usage": USAGE})
    + chunk(b"data: [DONE]\n\n")
    + b"0\r\n\r\n"
)


def body(model: str = "up/small", *, stream: bool = False, text: str = "hi") -> bytes:
    message = {"role": "user", "content": text}
    return json.dumps({"model": model, "stream": stream, "messages": [message]}).encode()


async def ask(
    running: Worker, request: bytes, cache: str = "3600", key: str = KEY
) -> tuple[Answer, CallEnd]:
    answer = await call(
        running.url, request, headers=f"x-penstock-cache: {cache}\r\n".encode(), key=key
    )
    while True:
        ends = await running.wait_for_ends(1)
        for end in ends:
            if end.begin.trace_id == answer.trace_id:
                return answer, end


@asynccontextmanager
async def serving(
    tmp_path: Path, script: Script, *routes: RouteEntry
) -> AsyncIterator[tuple[RawUpstream, Worker]]:
    async with raw_upstream(script) as upstream:
        home = make_home(tmp_path / "home", [provider(upstream.url)], routes=routes)
        async with worker(home) as running:
            yield upstream, running


async def test_the_same_request_is_answered_once_and_its_saving_recorded(tmp_path: Path) -> None:
    async with serving(tmp_path, answers(WHOLE)) as (upstream, running):
        first, miss = await ask(running, body())
        second, hit = await ask(running, body())
        assert (first.headers["x-penstock-cache"], second.headers["x-penstock-cache"]) == (
            "miss",
            "hit",
        )
        assert second.body == first.body
        assert len(upstream.seen) == 1
        assert (hit.from_cache, hit.cost, hit.attempts) == (True, "0", ())
        assert Decimal(hit.saved) == Decimal(miss.cost) > 0
        assert (hit.provider, hit.response_model, hit.response) == ("up", "m", first.body)
        assert (hit.usage.input_tokens, hit.usage.output_tokens) == (0, 0)


@pytest.mark.parametrize("first_stream", [False, True])
async def test_a_stream_and_a_whole_answer_serve_each_other(
    tmp_path: Path, first_stream: bool
) -> None:
    script = answers(STREAM if first_stream else WHOLE, close=True)
    async with serving(tmp_path, script) as (upstream, running):
        await ask(running, body(stream=first_stream))
        headers = {"x-penstock-cache": "3600"}
        messages = [{"role": "user", "content": "hi"}]
        async with AsyncOpenAI(base_url=f"{running.url}/v1", api_key=KEY, max_retries=0) as client:
            whole = await client.chat.completions.create(
                model="up/small",
                messages=messages,  # pyright: ignore[reportArgumentType] - plain dictionaries
                extra_headers=headers,
            )
            stream = await client.chat.completions.create(
                model="up/small",
                messages=messages,  # pyright: ignore[reportArgumentType] - the same
                stream=True,
                stream_options={"include_usage": True},
                extra_headers=headers,
            )
            text = "".join(
                [part.choices[0].delta.content or "" async for part in stream if part.choices]
            )
        assert (whole.choices[0].message.content, text) == ("hello", "hello")
        assert whole.choices[0].finish_reason == "stop"
        assert len(upstream.seen) == 1


async def test_a_client_of_another_format_is_served_from_its_own_entry(tmp_path: Path) -> None:
    async with serving(tmp_path, answers(WHOLE)) as (upstream, running):
        async with AsyncAnthropic(base_url=running.url, api_key=KEY, max_retries=0) as client:
            found = [
                await client.messages.create(
                    model="up/small",
                    max_tokens=100,
                    messages=[{"role": "user", "content": "hi"}],
                    extra_headers={"x-penstock-cache": "3600"},
                )
                for _ in range(2)
            ]
        assert found[0].content == found[1].content
        assert len(upstream.seen) == 1


async def test_what_differs_is_asked_anew(tmp_path: Path) -> None:
    route = RouteEntry("chat", 1, (RouteTarget("up", "small"),))
    async with serving(tmp_path, answers(WHOLE), route) as (upstream, running):
        requests = [body(), body(text="ho"), body("up/large"), body("chat")]
        for request in (*requests, *requests):
            await ask(running, request)
        assert len(upstream.seen) == len(requests)
        await call(running.url, body(), key=OTHER_KEY, headers=b"x-penstock-cache: 60\r\n")
        assert len(upstream.seen) == len(requests) + 1
        await ask(running, body(), "60, refresh")
        await ask(running, body(), "off")
        await call(running.url, body())
        assert len(upstream.seen) == len(requests) + 4


@pytest.mark.parametrize(
    "script",
    [
        answers(FILTERED),
        answers(unary(b'{"error":{"message":"no"}}', "400 No")),
        answers(unary(b"{}", "500 No")),
        answers(STREAM[: len(STREAM) // 2], close=True),
    ],
    ids=["filtered", "rejected", "failed", "cut"],
)
async def test_an_answer_that_is_not_whole_is_not_kept(tmp_path: Path, script: Script) -> None:
    async with serving(tmp_path, script) as (upstream, running):
        for _ in range(2):
            await ask(running, body())
        assert len(upstream.seen) == 2


async def test_a_header_of_another_form_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, answers(WHOLE)) as (upstream, running):
        answer, _ = await ask(running, body(), "for ever")
        assert (answer.status, "3600" in answer.error["message"]) == (400, True)
        assert upstream.seen == []


async def test_a_damaged_or_expired_entry_is_asked_anew(tmp_path: Path) -> None:
    async with serving(tmp_path, answers(WHOLE)) as (upstream, running):
        await ask(running, body())
        (path,) = (running.home / "cache").glob("*/*-*")
        path.write_bytes(path.read_bytes()[:-10])
        answer, _ = await ask(running, body())
        assert (answer.status, len(upstream.seen)) == (200, 2)


async def test_a_header_that_changes_the_answer_is_part_of_the_request(tmp_path: Path) -> None:
    message = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": []}
    usage = {"input_tokens": 1, "output_tokens": 1}
    document = message | {"stop_reason": "end_turn", "stop_sequence": None, "usage": usage}
    request = json.dumps(
        {"model": "ant/m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    ).encode()
    async with raw_upstream(answers(unary(json.dumps(document).encode()))) as upstream:
        entry = provider(upstream.url, "ant", kind="anthropic", models=("m",))
        async with worker(make_home(tmp_path / "home", [entry])) as running:
            for beta in (b"", b"anthropic-beta: a\r\n", b"anthropic-beta: b\r\n") * 2:
                headers = b"x-penstock-cache: 60\r\n" + beta
                answer = await call(running.url, request, path="/v1/messages", headers=headers)
                assert answer.status == 200
            assert len(upstream.seen) == 3


async def idempotent(running: Worker, request: bytes, value: str, key: str = KEY) -> Answer:
    header = f"idempotency-key: {value}\r\n".encode()
    return await call(running.url, request, headers=header, key=key)


async def test_the_same_idempotency_key_is_paid_for_once(tmp_path: Path) -> None:
    async with serving(tmp_path, answers(WHOLE, pause_s=0.3)) as (upstream, running):
        found = await asyncio.gather(*(idempotent(running, body(), "k-1") for _ in range(12)))
        assert {each.status for each in found} == {200}
        assert len({each.body for each in found}) == 1
        assert len(upstream.seen) == 1
        assert sum(each.headers["x-penstock-cache"] == "hit" for each in found) == 11
        await idempotent(running, body(), "k-2")
        await idempotent(running, body(), "k-1", OTHER_KEY)
        assert len(upstream.seen) == 3


async def test_a_key_of_another_request_is_a_conflict(tmp_path: Path) -> None:
    async with serving(tmp_path, answers(WHOLE)) as (upstream, running):
        await idempotent(running, body(), "k")
        other = await idempotent(running, body(text="another"), "k")
        assert (other.status, other.error["code"]) == (409, "idempotency_key_reused")
        assert len(upstream.seen) == 1
        wrong = await idempotent(running, body(), "x" * 256)
        assert (wrong.status, "idempotency-key" in wrong.error["message"]) == (400, True)


async def test_after_a_failure_the_next_call_with_the_key_asks_again(tmp_path: Path) -> None:
    failed = [False]

    async def first_fails(_: object, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.write(WHOLE if failed[0] else unary(b"{}", "500 No"))
        failed[0] = True

    async with serving(tmp_path, first_fails) as (upstream, running):
        found = await asyncio.gather(*(idempotent(running, body(), "k") for _ in range(5)))
        assert sorted(each.status for each in found) == [200, 200, 200, 200, 502]
        assert len(upstream.seen) == 2


async def test_a_killed_worker_leaves_no_key_locked(tmp_path: Path) -> None:
    async with raw_upstream(answers(pause_s=60)) as upstream:
        home = make_home(tmp_path / "home", [provider(upstream.url)])
        async with worker(home) as running:
            asking = asyncio.ensure_future(idempotent(running, body(), "k"))
            while not upstream.seen:
                await asyncio.sleep(0.01)
            running.process.kill()
            await running.process.wait()
            await asyncio.gather(asking, return_exceptions=True)
        upstream.script = answers(WHOLE)
        async with worker(home) as running:
            assert (await idempotent(running, body(), "k")).status == 200


async def test_a_route_caches_its_answers_and_the_header_wins(tmp_path: Path) -> None:
    cached = RouteEntry("cached", 1, (RouteTarget("up", "small"),), cache_s=60)
    plain = RouteEntry("plain", 1, (RouteTarget("up", "small"),))
    async with serving(tmp_path, answers(WHOLE), cached, plain) as (upstream, running):
        url = running.url
        found = [await call(url, body("cached")) for _ in range(3)]
        assert [each.headers["x-penstock-cache"] for each in found] == ["miss", "hit", "hit"]
        off = await call(url, body("cached"), headers=b"x-penstock-cache: off\r\n")
        assert "x-penstock-cache" not in off.headers
        fresh = await call(url, body("cached"), headers=b"x-penstock-cache: 9, refresh\r\n")
        assert fresh.headers["x-penstock-cache"] == "miss"
        assert len(upstream.seen) == 3
        assert "x-penstock-cache" not in (await call(url, body("plain"))).headers
        assert "x-penstock-cache" not in (await call(url, body("up/small"))).headers


async def test_the_header_of_a_client_token_counts_for_nothing(tmp_path: Path) -> None:
    cached = RouteEntry("cached", 1, (RouteTarget("up", "small"),), cache_s=60)
    async with serving(tmp_path, answers(WHOLE), cached) as (_, running):
        made = await call(running.url, b'{"use_case":"faq"}', path="/v1/client_tokens")
        token = json.loads(made.body)["token"]
        await ask(running, body())
        direct, _ = await ask(running, body(), key=token)
        assert "x-penstock-cache" not in direct.headers
        await call(running.url, body("cached"))
        routed, _ = await ask(running, body("cached"), cache="off", key=token)
        assert routed.headers["x-penstock-cache"] == "hit"
