"""Routes in a running worker: which target gets a call, and what a failure leads to."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.homes import KEY, LIMITED_KEY, make_home, provider
from gateway.http_client import Answer, call, metrics_token
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
from penstock.rules.call import CallEnd
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget

pytestmark = pytest.mark.asyncio(loop_scope="module")

WHOLE = unary(b'{"id":"c","model":"m","choices":[]}')
TOO_LONG = unary(b'{"error":{"message":"x","code":"context_length_exceeded"}}', "400 No")
FILTERED = unary(b'{"error":{"message":"x","code":"content_filter"}}', "400 No")
MISTAKE = unary(b'{"error":{"message":"no such parameter"}}', "400 No")
BROKEN = unary(b"{}", "500 No")
PAUSE = unary(b"{}", "429 No", "retry-after: 60\r\n")
STREAM = (
    STREAM_HEAD
    + chunk(b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n')
    + chunk(b"data: [DONE]\n\n")
    + b"0\r\n\r\n"
)


@dataclass
class Targets:
    """A worker with a provider for each script (`p0`, `p1`, …), and routes over them."""

    upstreams: Sequence[RawUpstream]
    worker: Worker

    async def ask(self, model: str, key: str = KEY, *, stream: bool = False) -> Answer:
        message = {"role": "user", "content": "hello"}
        body = json.dumps({"model": model, "stream": stream, "messages": [message]}).encode()
        return await call(self.worker.url, body, key=key)

    async def end_of(self, answer: Answer) -> CallEnd:
        return await self.worker.end_of(answer.trace_id)

    async def path(self, answer: Answer) -> list[tuple[str, str]]:
        """Provider and error of each attempt of a call."""
        end = await self.end_of(answer)
        return [(one.provider, one.error_type) for one in end.attempts]

    async def metrics(self) -> str:
        token = metrics_token(self.worker.home)
        page = await call(self.worker.url, b"", path="/metrics", method="GET", key=token)
        return page.body.decode()

    def seen(self) -> list[int]:
        return [len(each.seen) for each in self.upstreams]


@asynccontextmanager
async def targets(
    tmp_path: Path, scripts: Sequence[Script], *routes: RouteEntry, **changes: object
) -> AsyncIterator[Targets]:
    async with AsyncExitStack() as stack:
        upstreams = [await stack.enter_async_context(raw_upstream(each)) for each in scripts]
        entries = [provider(each.url, f"p{at}", **changes) for at, each in enumerate(upstreams)]
        home = make_home(tmp_path / "home", entries, routes=routes)
        yield Targets(upstreams, await stack.enter_async_context(worker(home)))


def to(*numbers: int, **fields: object) -> tuple[RouteTarget, ...]:
    return tuple(RouteTarget(f"p{number}", "small", **fields) for number in numbers)  # pyright: ignore[reportArgumentType] - fields of a test's choice


def failing(times: int, failure: bytes, then: bytes = WHOLE) -> Script:
    """Fails that often, and then answers."""
    left = times

    async def script(_: object, writer: asyncio.StreamWriter) -> None:
        nonlocal left
        left -= 1
        writer.write(failure if left >= 0 else then)
        await writer.drain()
        writer.close()

    return script


async def test_calls_are_shared_by_weight(tmp_path: Path) -> None:
    route = RouteEntry("both", 1, (*to(0, weight=3), *to(1, weight=1)))
    async with targets(tmp_path, [answers(WHOLE), answers(WHOLE)], route) as rig:
        for _ in range(80):
            assert (await rig.ask("both")).status == 200
        first, second = rig.seen()
        assert first + second == 80
        assert 5 < second < 40


async def test_the_cause_of_a_failure_decides_where_a_call_goes_next(tmp_path: Path) -> None:
    after = (*to(1, after=("context_length",)), *to(2, after=("content_filter",)))
    routes = [
        RouteEntry("long", 1, (*to(3), *after)),
        RouteEntry("filtered", 1, (*to(4), *after)),
        RouteEntry("wrong", 1, (*to(5), *after)),
        RouteEntry("broken", 1, (*to(6), *after), max_attempts=1),
    ]
    scripts = [answers(each) for each in (WHOLE, WHOLE, WHOLE, TOO_LONG, FILTERED, MISTAKE, BROKEN)]
    async with targets(tmp_path, scripts, *routes) as rig:
        expected = {
            "long": (200, [("p3", "upstream_400"), ("p1", "")]),
            "filtered": (200, [("p4", "upstream_400"), ("p2", "")]),
            "wrong": (400, [("p5", "upstream_400")]),
            "broken": (502, [("p6", "upstream_500")]),
        }
        for name, (status, path) in expected.items():
            answer = await rig.ask(name)
            assert (answer.status, await rig.path(answer)) == (status, path), name


async def test_a_form_goes_elsewhere_with_the_model_of_the_next_target(tmp_path: Path) -> None:
    first, second = RouteTarget("p0", "small"), RouteTarget("p1", "large", priority=1)
    route = RouteEntry("hear", 1, (first, second))
    form = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\n%b\r\n--b--\r\n'
    headers = b"content-type: multipart/form-data; boundary=b\r\n"
    async with targets(tmp_path, [answers(BROKEN), answers(unary(b'{"text":"x"}'))], route) as rig:
        answer = await call(
            rig.worker.url, form % b"hear", path="/v1/audio/transcriptions", headers=headers
        )
        assert answer.body == b'{"text":"x"}'
        sent = [each.seen[0].body for each in rig.upstreams]
        assert sent == [form % b"small", form % b"large"]
        end = await rig.end_of(answer)
        assert json.loads(end.request) == {"model": "hear"}


async def test_a_single_target_is_asked_again_after_a_pause(tmp_path: Path) -> None:
    route = RouteEntry("one", 1, to(0))
    slow_down = BROKEN.replace(b"500 No\r\n", b"429 No\r\nretry-after: 1\r\n")
    for failure, least_s in ((BROKEN, 0.0), (slow_down, 0.9)):
        async with targets(tmp_path / str(least_s), [failing(1, failure)], route) as rig:
            answer = await rig.ask("one")
            end = await rig.end_of(answer)
            first, second = end.attempts
            assert (answer.status, len(rig.upstreams[0].seen)) == (200, 2)
            assert second.start_ns - first.end_ns >= least_s * 1e9


async def test_a_pause_that_is_too_long_ends_the_call_with_the_time_to_wait(tmp_path: Path) -> None:
    wait = BROKEN.replace(b"500 No\r\n", b"429 No\r\nretry-after: 60\r\n")
    route = RouteEntry("one", 1, to(0))
    async with targets(tmp_path, [answers(wait)], route) as rig:
        first, second = await rig.ask("one"), await rig.ask("one")
        assert first.status in (429, 503)
        assert (second.status, second.error["code"]) == (429, "route_unavailable")
        assert 50 < int(second.headers["retry-after"]) <= 60
        assert len(rig.upstreams[0].seen) == 1


async def test_a_target_that_fails_is_left_alone_and_comes_back(tmp_path: Path) -> None:
    route = RouteEntry("pair", 1, (*to(0), *to(1, priority=1)))
    scripts = [failing(6, BROKEN), answers(WHOLE)]
    async with targets(tmp_path, scripts, route) as rig:
        begun = time.monotonic()
        for _ in range(30):
            assert (await rig.ask("pair")).status == 200
        probed = time.monotonic() - begun >= 1  # on a busy machine
        assert rig.seen() == [5, 30] or probed
        async with asyncio.timeout(30):  # 1 s, a failed probe, 2 s, three good probes
            while len(rig.upstreams[0].seen) < 12:
                assert (await rig.ask("pair")).status == 200
                await asyncio.sleep(0.05)


async def test_without_any_target_a_call_fails_at_once(tmp_path: Path) -> None:
    route = RouteEntry("one", 1, to(0), max_attempts=1)
    async with targets(tmp_path, [answers(BROKEN)], route) as rig:
        for _ in range(5):
            assert (await rig.ask("one")).error["code"] == "upstream_500"
        last = await rig.ask("one")
        assert (last.status, last.error["code"]) == (503, "route_unavailable")
        assert (int(last.headers["retry-after"]), rig.seen()) == (1, [5])
        assert 'penstock_unavailable_targets{provider="p0",model="small"' in await rig.metrics()
        assert (await rig.ask("p0/small")).error["code"] == "upstream_500"  # asked for by name


async def test_a_stream_without_content_in_time_goes_elsewhere(tmp_path: Path) -> None:
    role = b'data: {"id":"c","choices":[{"index":0,"delta":{"role":"assistant"}}]}\n\n'

    async def talks_without_content(_: object, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD)
        for _ in range(100):
            writer.write(chunk(role))
            await writer.drain()
            await asyncio.sleep(0.05)

    route = RouteEntry("pair", 1, (*to(0), *to(1, priority=1)), first_token_timeout_ms=300)
    async with targets(
        tmp_path, [talks_without_content, answers(STREAM, close=True)], route
    ) as rig:
        answer = await rig.ask("pair", stream=True)
        assert (answer.status, answer.whole, b'"hi"' in answer.body) == (200, True, True)
        assert await rig.path(answer) == [("p0", "upstream_timeout"), ("p1", "")]


async def test_the_time_of_a_route_bounds_all_attempts(tmp_path: Path) -> None:
    async def silent(_: object, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    route = RouteEntry("all", 1, to(0, 1, 2), total_timeout_ms=400)
    async with targets(tmp_path, [silent, silent, silent], route) as rig:
        answer = await rig.ask("all")
        assert (answer.status, answer.error["code"]) == (504, "upstream_timeout")
        assert sum(rig.seen()) == 1


async def test_a_target_that_cannot_take_the_request_is_passed_over(tmp_path: Path) -> None:
    """The first target is of another API, which has no `n`."""
    anthropic = RouteTarget("other", "claude")
    route = RouteEntry("mixed", 1, (anthropic, *to(0, priority=1)))
    async with raw_upstream(answers(WHOLE)) as one:
        home = make_home(
            tmp_path / "home",
            [
                provider(one.url, "p0"),
                provider(one.url, "other", kind="anthropic", models=("claude",)),
            ],
            routes=[route],
        )
        async with worker(home) as running:
            rig = Targets([one], running)
            message = {"role": "user", "content": "hello"}
            body = json.dumps({"model": "mixed", "n": 2, "messages": [message]}).encode()
            answer = await call(running.url, body)
            assert (answer.status, await rig.path(answer)) == (200, [("p0", "")])


async def test_a_key_may_call_a_route_by_its_name_or_by_all_its_targets(tmp_path: Path) -> None:
    routes = [
        RouteEntry("mine", 1, (RouteTarget("up", "small"),)),
        RouteEntry("wider", 1, (RouteTarget("up", "small"), RouteTarget("up", "large"))),
    ]
    async with raw_upstream(answers(WHOLE)) as one:
        home = make_home(tmp_path / "home", [provider(one.url)], routes=routes)
        async with worker(home) as running:
            rig = Targets([one], running)
            assert (await rig.ask("mine", LIMITED_KEY)).status == 200
            assert (await rig.ask("wider", LIMITED_KEY)).error["code"] == "model_not_allowed"
            listed = json.loads(
                (
                    await call(running.url, b"", path="/v1/models", method="GET", key=LIMITED_KEY)
                ).body
            )
            assert [each["id"] for each in listed["data"]] == ["mine", "small"]


async def test_a_route_whose_providers_are_gone_says_so(tmp_path: Path) -> None:
    route = RouteEntry("old", 1, (RouteTarget("removed", "small"),))
    async with targets(tmp_path, [answers(WHOLE)], route) as rig:
        answer = await rig.ask("old")
        assert (answer.status, answer.error["code"]) == (404, "route_without_target")


async def test_concurrent_calls_reach_the_less_busy_target(tmp_path: Path) -> None:
    async def slow(_: object, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.5)
        writer.write(WHOLE)

    route = RouteEntry("busy", 1, to(0, 1), strategy="least_busy")
    async with targets(tmp_path, [slow, slow], route) as rig:
        found = await asyncio.gather(*(rig.ask("busy") for _ in range(10)))
        assert Counter(each.status for each in found) == {200: 10}
        assert rig.seen() == [5, 5]


async def test_calls_that_waited_do_not_meet_a_target_that_asks_for_another_pause(
    tmp_path: Path,
) -> None:
    route = RouteEntry("only", 1, to(0), max_attempts=1)
    script = failing(1, unary(b"{}", "429 No", "retry-after: 1\r\n"), PAUSE)
    async with targets(tmp_path, [script], route) as rig:
        await rig.ask("only")
        found = await asyncio.gather(*(rig.ask("only") for _ in range(20)))
        assert 1 < sum(rig.seen()) < 10
        assert Counter(each.error["code"] for each in found)["route_unavailable"] > 10
