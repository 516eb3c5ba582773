"""A worker and providers that answer one waiting request at a time, as the test says."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.homes import KEY, make_home, provider
from gateway.http_client import Answer, call, metrics_token
from gateway.raw_upstream import STREAM_HEAD, Exchanged, RawUpstream, chunk, raw_upstream, unary
from gateway.worker import Worker, worker
from penstock.rules.call import CallEnd
from penstock.rules.document import Document
from penstock.rules.limits.documents import LimitEntry
from penstock.rules.prices.price import PriceOverride
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget
from tests.ports import free_port

WHOLE = unary(b'{"id":"c","model":"m","choices":[]}')
STREAM = (
    chunk(b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n')
    + chunk(b"data: [DONE]\n\n")
    + b"0\r\n\r\n"
)
LOW = b"x-penstock-priority: low\r\n"


@dataclass
class Counted:
    """A provider that answers one waiting request for each `finish`, in their order, and counts
    those that it has at once."""

    most: int = 0
    breaks: bool = False
    waiting: list[tuple[str, asyncio.Event]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    upstream: RawUpstream = field(init=False)

    async def script(self, request: Exchanged, writer: asyncio.StreamWriter) -> None:
        document = json.loads(request.body)
        name = document["messages"][0]["content"]
        if self.breaks:
            writer.write(unary(b"{}", "500 No"))
            await writer.drain()
            return
        gate = asyncio.Event()
        entry = (name, gate)
        self.waiting.append(entry)
        self.seen.append(name)
        self.most = max(self.most, len(self.waiting))
        if document.get("stream"):
            writer.write(STREAM_HEAD)
            await writer.drain()
        waits = [asyncio.ensure_future(one.wait()) for one in (gate, request.hung_up)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for one in waits:
            one.cancel()
        if entry in self.waiting:
            self.waiting.remove(entry)
        if gate.is_set():
            writer.write(STREAM if document.get("stream") else WHOLE)
            await writer.drain()
        else:
            writer.close()

    def finish(self) -> None:
        self.waiting.pop(0)[1].set()

    async def has(self, count: int) -> None:
        """Waits until so many requests are waiting for their answer."""
        async with asyncio.timeout(30):
            while len(self.waiting) != count:
                await asyncio.sleep(0.005)

    async def drain(self) -> None:
        """Answers everything that comes, for good."""
        while True:
            await asyncio.sleep(0.002)
            while self.waiting:
                self.finish()


@dataclass
class Rig:
    """Workers of one home, and the providers `p0`, `p1`, …."""

    providers: Sequence[Counted]
    workers: Sequence[Worker]

    def ask(
        self,
        name: str,
        model: str = "p0/small",
        *,
        at: int = 0,
        headers: bytes = b"",
        stream: bool = False,
        path: str = "/v1/chat/completions",
        key: str = KEY,
    ) -> "asyncio.Task[Answer]":
        message = {"role": "user", "content": name}
        document = {"model": model, "stream": stream, "max_tokens": 9, "messages": [message]}
        body = json.dumps(document).encode()
        url = self.workers[at].url
        return asyncio.ensure_future(call(url, body, headers=headers, path=path, key=key))

    async def metric(self, name: str) -> dict[str, float]:
        """The values of a gauge by provider."""
        token = metrics_token(self.workers[0].home)
        page = await call(self.workers[0].url, b"", path="/metrics", method="GET", key=token)
        found = re.findall(
            rf'^penstock_{name}{{.*provider="(\w+)".*}} (\S+)$', page.body.decode(), re.MULTILINE
        )
        return {provider: float(value) for provider, value in found}

    async def waits(self, count: int, provider: str = "p0") -> None:
        async with asyncio.timeout(30):
            while (await self.metric("provider_waiting_calls")).get(provider) != count:
                await asyncio.sleep(0.005)

    async def end_of(self, answer: Answer, at: int = 0) -> CallEnd:
        return await self.workers[at].end_of(answer.trace_id)


@asynccontextmanager
async def rig(
    tmp_path: Path,
    *limits: dict[str, int],
    routes: Sequence[RouteEntry] = (),
    workers: int = 1,
    budgets: Sequence[LimitEntry] = (),
    prices: Sequence[PriceOverride] = (),
    others: Mapping[str, Document] | None = None,
    redis: Mapping[str, object] | None = None,
) -> AsyncGenerator[Rig]:
    async with AsyncExitStack() as stack:
        providers = [Counted() for _ in limits]
        for each in providers:
            each.upstream = await stack.enter_async_context(raw_upstream(each.script))
        entries = [
            provider(each.upstream.url, f"p{at}", **limits[at]) for at, each in enumerate(providers)
        ]
        home = make_home(
            *(tmp_path / "home", entries),
            routes=routes,
            limits=budgets,
            prices=prices,
            others=others,
        )
        more: dict[str, Any] = {"redis": redis} if redis else {}
        running = [
            await stack.enter_async_context(worker(home, worker=str(at), port=free_port(), **more))
            for at in range(workers)
        ]
        yield Rig(providers, running)


def route(*targets: RouteTarget, **changes: object) -> RouteEntry:
    return RouteEntry("both", 1, targets, **changes)  # pyright: ignore[reportArgumentType] - fields of a test's choice
