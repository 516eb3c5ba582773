"""What a worker holds of answers has a share of its memory, and is given back with the call."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.homes import KEY, OTHER_KEY, make_home, provider
from gateway.http_client import Answer, call, connect, metrics_token, read_answer, request
from gateway.prometheus_text import parse
from gateway.raw_upstream import STREAM_HEAD, Exchanged, RawUpstream, chunk, raw_upstream
from gateway.worker import Worker, worker
from penstock.rules.call import CallEnd
from penstock.rules.guards.policies import Action, Check, GuardrailPolicy, Place
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget
from tests.conftest import LawSettings
from tests.rules.guard_texts import CARDS

pytestmark = pytest.mark.asyncio(loop_scope="function")

MIB = 1024 * 1024
EVENT_MEMORY = 4800  # that a held event of `delta` takes at least
WHOLE_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n"
LIMITS = {"held_body_bytes": 4 * MIB, "max_body_bytes": MIB}
TARGETS = (RouteTarget("up", "small"), RouteTarget("up", "large", priority=1))
ROUTES = (
    RouteEntry("both", 1, TARGETS),
    RouteEntry("hedged", 1, TARGETS, hedge_percent=100, hedge_after_ms=1),
)
LAW_EXAMPLES = 25


def delta(text: str) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    document = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return f"data: {json.dumps({**document, 'choices': [choice]})}\n\n".encode()


def parts(memory: int, text: str, *, stream: bool) -> tuple[bytes, bytes]:
    """Two parts of an answer: the first one takes `memory` while it is held."""
    if stream:
        events = delta("ab ") * (memory // EVENT_MEMORY) + delta(text)
        return STREAM_HEAD + chunk(events), chunk(b"data: [DONE]\n\n") + chunk(b"")
    message = {"role": "assistant", "content": f"{text} {'ab ' * (memory // 3)}"}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    body = json.dumps({"id": "c", "object": "chat.completion", "choices": [choice]}).encode()
    return WHOLE_HEAD + b"\r\n" + chunk(body[:-2]), chunk(body[-2:]) + chunk(b"")


@dataclass
class Provider:
    """Answers as the request says. Those that `wait` get their second part with `go`."""

    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, asked: Exchanged, writer: asyncio.StreamWriter) -> None:
        body = json.loads(asked.body)
        kind, memory = body["messages"][0]["content"].split()
        if kind == "retried":
            kind = "cut" if body["model"] == "small" else "ok"
        if kind == "error":
            writer.write(b"HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\n{}")
            return
        text = CARDS[0] if kind == "blocked" else "fine"
        first, second = parts(int(memory), text, stream=body["stream"])
        writer.write(first)
        await writer.drain()
        if kind == "cut":
            writer.close()
            return
        if kind in ("wait", "gone"):
            waits = [asyncio.ensure_future(one.wait()) for one in (self.go, asked.hung_up)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for one in waits:
                one.cancel()
        writer.write(second)


@dataclass
class Holding:
    """A worker that holds all answers, because its check may ask the model again."""

    worker: Worker
    upstream: RawUpstream
    provider: Provider

    def body(self, kind: str, memory: int, *, stream: bool, model: str = "both") -> bytes:
        messages = [{"role": "user", "content": f"{kind} {memory}"}]
        return json.dumps({"model": model, "stream": stream, "messages": messages}).encode()

    async def ask(self, kind: str, memory: int, *, stream: bool, key: str = KEY) -> Answer:
        model = "up/small" if key == OTHER_KEY else "both"
        body = self.body(kind, memory, stream=stream, model=model)
        return await call(self.worker.url, body, key=key)

    async def held(self) -> float:
        key = metrics_token(self.worker.home)
        page = await call(self.worker.url, b"", path="/metrics", method="GET", key=key)
        return parse(page.body).total("penstock_held_bytes")

    async def until_held(self, at_least: int, at_most: float = float("inf")) -> None:
        async with asyncio.timeout(30):
            while not at_least <= await self.held() <= at_most:
                await asyncio.sleep(0.02)

    async def end_of(self, answer: Answer) -> CallEnd:
        return await self.worker.end_of(answer.trace_id)


@asynccontextmanager
async def holding(tmp_path: Path, **limits: float) -> AsyncGenerator[Holding]:
    check = Check("card_numbers", (Place.OUTPUT,), Action.BLOCK, ask_again=1)
    policy = GuardrailPolicy("gdr_1", "house", (check,))
    answering = Provider()
    async with raw_upstream(answering) as upstream:
        providers = [provider(upstream.url)]
        home = make_home(tmp_path / "home", providers, guardrails=[policy], routes=ROUTES)
        async with worker(home, limits={**LIMITS, **limits}) as running:
            yield Holding(running, upstream, answering)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("share", "status", "code"), [(0.5, 429, "share_exceeded"), (1.0, 503, "overloaded")]
)
async def test_answers_that_wait_for_checks_have_a_share_and_say_nothing_about_the_target(
    tmp_path: Path, stream: bool, share: float, status: int, code: str
) -> None:
    async with holding(tmp_path, project_share=share, key_share=share) as gateway:
        waiting = asyncio.create_task(gateway.ask("wait", 3 * MIB // 2, stream=stream))
        await gateway.until_held(MIB)
        for _ in range(8):  # more failures than open a breaker
            answer = await gateway.ask("ok", 4 * MIB, stream=stream)
            assert (answer.status, answer.error["code"]) == (status, code)
            assert answer.headers["retry-after"] == "1"
            assert len((await gateway.end_of(answer)).attempts) == 1
        small = await gateway.ask("ok", 1000, stream=stream)
        assert small.status == 200
        assert [each.model for each in (await gateway.end_of(small)).attempts] == ["small"]
        if share < 1:
            other = await gateway.ask("ok", 1000, stream=stream, key=OTHER_KEY)
            assert other.status == 200
        gateway.provider.go.set()
        assert (await waiting).status == 200
        assert len(gateway.upstream.seen) == 10 + (share < 1)
        await gateway.until_held(0, 0)


@dataclass(frozen=True)
class Scenario:
    """One call, and what its client does: it `leaves` early, or reads nothing."""

    kind: str
    model: str
    stream: bool
    memory: int
    leaves: bool


KINDS = ("ok", "error", "cut", "blocked", "retried")
SCENARIOS = st.builds(
    Scenario,
    kind=st.sampled_from(KINDS),
    model=st.sampled_from(("both", "hedged", "up/small")),
    stream=st.booleans(),
    memory=st.sampled_from((0, 100_000, MIB, 3 * MIB)),
    leaves=st.booleans(),
)


async def _run(gateway: Holding, scenario: Scenario) -> int:
    """Makes one call. Returns its status; 0 if its client left."""
    body = gateway.body(
        scenario.kind, scenario.memory, stream=scenario.stream, model=scenario.model
    )
    reader, writer = await connect(gateway.worker.url)
    try:
        writer.write(request(body))
        if scenario.leaves:
            reader._transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue] - reads nothing
            await asyncio.sleep(0.03)
            writer.transport.abort()
            return 0
        return (await read_answer(reader)).status
    finally:
        writer.close()


async def test_however_calls_end_what_they_held_is_given_back(
    tmp_path: Path, law: LawSettings
) -> None:
    loop = asyncio.get_running_loop()
    seen: set[int] = set()
    async with holding(tmp_path) as gateway:

        @law(LAW_EXAMPLES)
        @given(st.lists(SCENARIOS, min_size=1, max_size=5))
        def holds(scenarios: Sequence[Scenario]) -> None:
            async def example() -> None:
                seen.update(await asyncio.gather(*(_run(gateway, each) for each in scenarios)))
                await gateway.until_held(0, 0)

            asyncio.run_coroutine_threadsafe(example(), loop).result()

        await asyncio.to_thread(holds)
        assert {200, 502} <= seen


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_its_client_does_not_read_counts_until_the_client_has_left(
    tmp_path: Path, stream: bool
) -> None:
    async with holding(tmp_path, held_body_bytes=64 * MIB) as gateway:
        reader, writer = await connect(gateway.worker.url)
        reader._transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue] - reads nothing
        memory = 8 * MIB if not stream else 32 * MIB
        writer.write(request(gateway.body("ok", memory, stream=stream)))
        await gateway.worker.wait_for_ends(0 if stream else 1)
        await gateway.until_held(MIB)
        await asyncio.sleep(0.2)
        assert await gateway.held() >= MIB
        writer.transport.abort()
        await gateway.until_held(0, 0)
