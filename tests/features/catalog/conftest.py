"""A provider over real HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest


@dataclass
class Upstream:
    """A provider that answers every request the same; `requests` are the heads it got."""

    base_url: str = ""
    status: str = "200 OK"
    body: bytes = json.dumps({"data": [{"id": "tiny"}, {"id": "huge"}]}).encode()
    headers: str = ""
    silent: bool = False
    requests: list[str] = field(default_factory=list[str])

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.requests.append(head.decode())
        if self.silent:
            await reader.read()
        else:
            lines = f"HTTP/1.1 {self.status}\r\n{self.headers}content-length: {len(self.body)}"
            writer.write(f"{lines}\r\nconnection: close\r\n\r\n".encode() + self.body)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def serving(upstream: Upstream) -> AsyncIterator[Upstream]:
    server = await asyncio.start_server(upstream.answer, "127.0.0.1", 0)
    upstream.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server:
        yield upstream


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with serving(Upstream()) as running:
        yield running
