"""A worker and a provider that is a plain socket: one pair for each test module."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from openai import AsyncOpenAI

from gateway.homes import KEY, make_home, provider
from gateway.raw_upstream import RawUpstream, Script, answers, raw_upstream, unary
from gateway.worker import Worker, worker
from penstock.rules.call import CallEnd


@dataclass
class Rig:
    """`answer` sets what the provider does next; `last_end` is the newest record."""

    upstream: RawUpstream
    worker: Worker

    def answer(self, script: Script) -> None:
        self.upstream.script = script
        self.upstream.seen.clear()

    def openai(self, key: str = KEY) -> AsyncOpenAI:
        """The official client."""
        return AsyncOpenAI(base_url=f"{self.worker.url}/v1", api_key=key, max_retries=0)

    async def end_of(self, trace_id: str) -> CallEnd:
        """Waits for the record of one trace."""
        return await self.worker.end_of(trace_id)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    home: Path = tmp_path_factory.mktemp("gateway") / "home"
    async with raw_upstream(answers(unary(b"{}"))) as upstream:
        make_home(
            home,
            [
                provider(upstream.url),
                provider(
                    upstream.url, "lax", models=("plain",), quirks={"terminator": "finish_reason"}
                ),
                provider("http://127.0.0.1:1/v1", "down", models=()),
                provider(
                    upstream.url,
                    "hasty",
                    models=(),
                    first_byte_timeout_ms=200,
                    silence_timeout_ms=200,
                ),
                provider(upstream.url, "public", models=(), private_allowed=False),
            ],
        )
        limits = {"max_body_bytes": 100_000, "body_timeout_s": 0.5}
        async with worker(home, limits=limits) as running:
            yield Rig(upstream, running)
