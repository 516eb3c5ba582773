"""Hedging: a second target is asked while the first is silent; the first content answers."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.homes import make_home, provider
from gateway.http_client import Answer, call, connect, request
from gateway.raw_upstream import STREAM_HEAD, Exchanged, RawUpstream, chunk, raw_upstream, unary
from gateway.worker import Worker, worker
from penstock.rules.attempts.retry_budget import BURST
from penstock.rules.call import CallEnd, UsageSource
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget
from tests.connections import hang_up

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROLE = chunk(b'data: {"id":"c","choices":[{"index":0,"delta":{"role":"assistant"}}]}\n\n')
END = chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"
TEXT = {"type": "text", "text": ""}
BROKEN = unary(b"{}", "500 No")


def words(text: str) -> bytes:
    delta = {"id": "c", "choices": [{"index": 0, "delta": {"content": text}}]}
    return chunk(b"data: %b\n\n" % json.dumps(delta).encode())


def event(document: dict[str, object]) -> bytes:
    return chunk(f"event: {document['type']}\ndata: {json.dumps(document)}\n\n".encode())


@dataclass
class Gated:
    """A provider that sends `before` at once, and `after` once its gate is open."""

    name: str
    before: bytes = STREAM_HEAD + ROLE
    after: bytes = b""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    upstream: RawUpstream = field(init=False)

    def __post_init__(self) -> None:
        self.after = self.after or words(f"from {self.name}") + END

    async def script(self, request: Exchanged, writer: asyncio.StreamWriter) -> None:
        writer.write(self.before)
        await writer.drain()
        waits = [asyncio.ensure_future(one.wait()) for one in (self.gate, request.hung_up)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for one in waits:
            one.cancel()
        if self.gate.is_set():
            writer.write(self.after)
            await writer.drain()
        writer.close()

    async def is_asked(self) -> None:
        async with asyncio.timeout(60):
            while not self.upstream.seen:
                await asyncio.sleep(0.01)


@dataclass
class Race:
    """A worker with a route over `a` and `b`."""

    a: Gated
    b: Gated
    worker: Worker

    async def ask(self, *, stream: bool = True, headers: bytes = b"") -> Answer:
        message = {"role": "user", "content": "hello"}
        body = json.dumps({"model": "two", "stream": stream, "messages": [message]}).encode()
        return await call(self.worker.url, body, headers=headers)

    async def end(self) -> CallEnd:
        (end,) = await self.worker.wait_for_ends(1)
        return end


@asynccontextmanager
async def race(
    tmp_path: Path,
    a: Gated | None = None,
    b: Gated | None = None,
    kind: str = "openai-compatible",
    **route: int,
) -> AsyncGenerator[Race]:
    a, b = a or Gated("a"), b or Gated("b")
    targets = (RouteTarget("a", "small"), RouteTarget("b", "small", priority=1))
    entry = RouteEntry("two", 1, targets, **({"hedge_percent": 50, "hedge_after_ms": 100} | route))  # pyright: ignore[reportArgumentType] - fields of a test's choice
    async with AsyncExitStack() as stack:
        for one in (a, b):
            one.upstream = await stack.enter_async_context(raw_upstream(one.script))
        entries = [provider(a.upstream.url, "a"), provider(b.upstream.url, "b", kind=kind)]
        home = make_home(tmp_path / "home", entries, routes=[entry])
        yield Race(a, b, await stack.enter_async_context(worker(home)))


def path(end: CallEnd) -> list[tuple[str, str]]:
    return [(one.provider, one.error_type) for one in end.attempts]


async def test_the_second_target_answers_while_the_first_is_silent(tmp_path: Path) -> None:
    async with race(tmp_path) as at:
        at.b.gate.set()
        answer = await at.ask()
        assert answer.whole
        assert b"from b" in answer.body
        assert b"from a" not in answer.body
        end = await at.end()
        assert (end.status, path(end)) == ("ok", [("a", "hedge_lost"), ("b", "")])
        assert end.attempts[0].usage.source is UsageSource.ESTIMATED
        assert (end.provider, end.usage.input_tokens > 0) == ("b", True)
        async with asyncio.timeout(60):
            await at.a.upstream.seen[0].hung_up.wait()


async def test_a_second_target_of_another_format_answers_too(tmp_path: Path) -> None:
    message = {"id": "m", "model": "small", "usage": {"input_tokens": 7, "output_tokens": 1}}
    start = {"type": "message_start", "message": message}
    delta = {"type": "content_block_delta", "index": 0}
    b = Gated(
        "b",
        before=STREAM_HEAD + event(start),
        after=event({"type": "content_block_start", "index": 0, "content_block": TEXT})
        + event(delta | {"delta": {"type": "text_delta", "text": "from claude"}})
        + event({"type": "content_block_stop", "index": 0})
        + event(
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn"},
                "usage": {"output_tokens": 3},
            }
        )
        + event({"type": "message_stop"})
        + b"0\r\n\r\n",
    )
    async with race(tmp_path, b=b, kind="anthropic") as at:
        at.b.gate.set()
        answer = await at.ask()
        assert answer.whole
        assert b"from claude" in answer.body
        end = await at.end()
        assert path(end) == [("a", "hedge_lost"), ("b", "")]
        assert end.attempts[1].usage.input_tokens == 7


async def test_the_first_target_answers_if_its_content_comes_first(tmp_path: Path) -> None:
    async with race(tmp_path) as at:
        asked = asyncio.create_task(at.ask())
        await at.b.is_asked()
        at.a.gate.set()
        assert b"from a" in (await asked).body
        assert path(await at.end()) == [("b", "hedge_lost"), ("a", "")]
        async with asyncio.timeout(60):
            await at.b.upstream.seen[0].hung_up.wait()


async def test_a_first_target_that_is_fast_is_not_hedged(tmp_path: Path) -> None:
    async with race(tmp_path, hedge_after_ms=60_000) as at:
        at.a.gate.set()
        assert b"from a" in (await at.ask()).body
        assert path(await at.end()) == [("a", "")]


@pytest.mark.parametrize("failure", [BROKEN, STREAM_HEAD + b"0\r\n\r\n"])
async def test_a_failure_of_one_leaves_the_other(tmp_path: Path, failure: bytes) -> None:
    async with race(tmp_path, b=Gated("b", before=failure)) as at:
        asked = asyncio.create_task(at.ask())
        async with asyncio.timeout(60):
            while not at.b.upstream.seen:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        at.a.gate.set()
        assert b"from a" in (await asked).body
        (lost, won) = (await at.end()).attempts
        assert (lost.provider, won.provider, won.error_type) == ("b", "a", "")
        assert lost.error_type.startswith("upstream_")


async def test_if_both_fail_the_client_gets_the_failure_of_the_first(tmp_path: Path) -> None:
    a, b = Gated("a", before=b"", after=BROKEN), Gated("b", before=unary(b"{}", "503 No"))
    async with race(tmp_path, a, b, max_attempts=2) as at:
        asked = asyncio.create_task(at.ask())
        await at.b.is_asked()
        at.a.gate.set()
        answer = await asked
        assert (answer.status, answer.error["code"]) == (502, "upstream_500")
        assert {name for name, _ in path(await at.end())} == {"a", "b"}


async def test_a_client_that_leaves_ends_both(tmp_path: Path) -> None:
    async with race(tmp_path) as at:
        _, writer = await connect(at.worker.url)
        body = json.dumps({"model": "two", "stream": True, "messages": []}).encode()
        writer.write(request(body))
        await at.b.is_asked()
        hang_up(writer)
        async with asyncio.timeout(60):
            await at.a.upstream.seen[0].hung_up.wait()
            await at.b.upstream.seen[0].hung_up.wait()
        end = await at.end()
        assert (end.status, len(end.attempts)) == ("cancelled", 2)


@pytest.mark.parametrize(
    ("stream", "headers"), [(False, b""), (True, b"idempotency-key: one\r\n")], ids=["whole", "key"]
)
async def test_what_is_not_safe_to_send_twice_is_not_hedged(
    tmp_path: Path, *, stream: bool, headers: bytes
) -> None:
    async with race(tmp_path) as at:
        asked = asyncio.create_task(at.ask(stream=stream, headers=headers))
        await at.a.is_asked()
        await asyncio.sleep(1)
        at.a.gate.set()
        await asked
        assert at.b.upstream.seen == []


async def test_hedges_are_a_share_of_the_calls(tmp_path: Path) -> None:
    """Each call is slow; `b` answers at once, and later fails none."""
    count = 40
    async with race(tmp_path, hedge_percent=10, hedge_after_ms=100) as at:
        at.b.gate.set()
        asked = [asyncio.create_task(at.ask()) for _ in range(count)]
        await at.b.is_asked()
        await asyncio.sleep(3)
        assert len(at.b.upstream.seen) <= BURST + 0.1 * count
        at.a.gate.set()
        assert {one.status for one in await asyncio.gather(*asked)} == {200}
