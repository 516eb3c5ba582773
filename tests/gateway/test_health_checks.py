"""Health checks: a target without calls that dies is found before a caller meets it, and one that
returns is let back. A check is no call.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.homes import make_home, provider
from gateway.http_client import call, metrics_token
from gateway.raw_upstream import Exchanged, RawUpstream, raw_upstream, unary
from gateway.worker import Worker, worker
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget

pytestmark = pytest.mark.asyncio(loop_scope="module")

WHOLE = unary(b'{"id":"c","model":"m","choices":[]}')
LIST = unary(b'{"object":"list","data":[{"id":"small","object":"model"}]}')
BROKEN = unary(b"{}", "500 No")
NO_SUCH = unary(b"{}", "404 No")
FORBIDDEN = unary(b'{"error":{"message":"may not list models"}}', "403 No")


@dataclass
class Fickle:
    """A provider whose answers a test sets: to its model list, and to chats."""

    models: bytes = LIST
    chat: bytes = WHOLE
    upstream: RawUpstream = field(init=False)

    async def script(self, request: Exchanged, writer: asyncio.StreamWriter) -> None:
        writer.write(self.models if request.head.startswith(b"GET") else self.chat)
        await writer.drain()

    def chats(self) -> int:
        return sum(one.head.startswith(b"POST") for one in self.upstream.seen)

    async def is_asked(self, more: int = 1) -> None:
        goal = len(self.upstream.seen) + more
        async with asyncio.timeout(60):
            while len(self.upstream.seen) < goal:
                await asyncio.sleep(0.02)


@dataclass
class Rig:
    """A worker with two providers and the route `two`: `p0`, then `p1`."""

    first: Fickle
    second: Fickle
    worker: Worker

    async def path(self) -> list[tuple[str, str]]:
        """Provider and error of each attempt of one call."""
        body = json.dumps({"model": "two", "messages": [{"role": "user", "content": "hello"}]})
        answer = await call(self.worker.url, body.encode())
        end = await self.worker.end_of(answer.trace_id)
        return [(one.provider, one.error_type) for one in end.attempts]

    async def metric(self, name: str, labels: str) -> float:
        key = metrics_token(self.worker.home)
        page = await call(self.worker.url, b"", path="/metrics", method="GET", key=key)
        for line in page.body.decode().splitlines():
            if line.startswith(f"penstock_{name}{{{labels}"):
                return float(line.rpartition(" ")[2])
        return 0

    async def is_out(self, out: int) -> None:
        labels = 'provider="p0",model="small"'
        async with asyncio.timeout(60):
            while await self.metric("unavailable_targets", labels) != out:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def rig(tmp_path: Path, how: str, **first: bytes) -> AsyncGenerator[Rig]:
    targets = (RouteTarget("p0", "small"), RouteTarget("p1", "small", priority=1))
    route = RouteEntry("two", 1, targets, health_check=how, health_check_s=1)
    providers = [Fickle(**first), Fickle()]
    async with AsyncExitStack() as stack:
        for one in providers:
            one.upstream = await stack.enter_async_context(raw_upstream(one.script))
        entries = [provider(one.upstream.url, f"p{at}") for at, one in enumerate(providers)]
        home = make_home(tmp_path / "home", entries, routes=[route])
        yield Rig(providers[0], providers[1], await stack.enter_async_context(worker(home)))


@pytest.mark.parametrize("how", ["models", "call"])
async def test_a_target_that_dies_without_calls_is_found_before_a_caller_meets_it(
    tmp_path: Path, how: str
) -> None:
    async with rig(tmp_path, how) as at:
        await at.first.is_asked()
        at.first.models = at.first.chat = BROKEN
        await at.is_out(1)
        assert await at.path() == [("p1", "")]
        assert len(at.worker.ends()) == 1, "checks have no record"
        assert await at.metric("health_checks", 'provider="p0",model="small",outcome="failed"') > 0


async def test_a_target_that_returns_is_let_back_by_calls_of_the_check(tmp_path: Path) -> None:
    async with rig(tmp_path, "call", chat=BROKEN) as at:
        await at.is_out(1)
        at.first.chat = WHOLE
        before = at.worker.ends()
        async with asyncio.timeout(60):
            while await at.path() != [("p0", "")]:
                await asyncio.sleep(1)
        assert before == []


async def test_a_list_of_models_does_not_let_a_target_back_without_a_call(tmp_path: Path) -> None:
    async with rig(tmp_path, "models", models=BROKEN, chat=BROKEN) as at:
        await at.is_out(1)
        at.first.models = LIST
        await at.is_out(0)  # half open, between two probes
        async with asyncio.timeout(60):
            while (path := await at.path())[0][0] != "p0":
                await asyncio.sleep(0.05)
        assert path == [("p0", "upstream_500"), ("p1", "")]
        assert await at.path() == [("p1", "")], "one failed probe opens it again"


@pytest.mark.parametrize("answer", [NO_SUCH, FORBIDDEN])
async def test_a_provider_without_a_list_of_models_is_not_judged_by_it(
    tmp_path: Path, answer: bytes
) -> None:
    async with rig(tmp_path, "models", models=answer) as at:
        await at.first.is_asked(2)
        assert await at.path() == [("p0", "")]


async def test_no_check_is_made_unless_a_route_wants_it(tmp_path: Path) -> None:
    async with rig(tmp_path, "") as at:
        for _ in range(3):
            assert await at.path() == [("p0", "")]
            await asyncio.sleep(1)
        assert len(at.first.upstream.seen) == at.first.chats() == 3
