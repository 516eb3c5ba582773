"""Idle and half-open connections do not block calls."""

import asyncio
import time
from pathlib import Path

import pytest

from gateway.homes import make_home, provider
from gateway.http_client import call
from gateway.raw_upstream import answers, raw_upstream, unary
from gateway.worker import worker

SENT = (b"", b"GET / HT", b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n", b"\x16\x03\x01")


@pytest.mark.parametrize("most", [1000, 10_000])
async def test_calls_and_health_answer_beside_idle_connections(
    tmp_path: Path, most: int, pytestconfig: pytest.Config
) -> None:
    count = 10_000 if pytestconfig.getoption("--drill-full") else 1_500
    async with raw_upstream(answers(unary(b"{}"))) as upstream:
        home = make_home(tmp_path / "home", [provider(upstream.url)])
        async with worker(home, http={"max_connections": most}) as running:
            before = running.memory_bytes()
            held: list[asyncio.StreamWriter] = []
            for number in range(count):
                _, writer = await asyncio.open_connection("127.0.0.1", running.port)
                writer.write(SENT[number % len(SENT)])
                held.append(writer)
            for path in ("/healthz", "/readyz", "/metrics"):
                health = await call(running.url, b"", method="GET", path=path, key=None)
                assert health.status == 200
            begun = time.monotonic()
            for _ in range(20):
                assert (await call(running.url)).status == 200
            assert time.monotonic() - begun < 20
            assert running.memory_bytes() - before < 20_000 * count
            for writer in held:
                writer.transport.abort()
