"""A publisher over a real store, served over real HTTP, and gateways that follow it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI, Request

from penstock.features.snapshots.changes import ChangeSignal
from penstock.features.snapshots.http import build_router
from penstock.features.snapshots.service import Publisher
from penstock.gateway.snapshot.client import SnapshotClient
from penstock.gateway.snapshot.files import SnapshotFiles
from penstock.gateway.snapshot.holder import SnapshotHolder
from penstock.infra.crypto import Sealer, derive_key
from penstock.infra.egress.client import Egress
from penstock.infra.http_server import HttpServer
from penstock.infra.web.problems import install_problems
from penstock.kernel.errors import Unauthenticated
from penstock.kernel.time import SystemClock
from penstock.rules.snapshot.tree import SEALED_PURPOSE
from tests.features.world import World, open_world
from tests.ports import free_port

TOKEN = bytes(range(32, 64))
SEALER = Sealer(derive_key(TOKEN, SEALED_PURPOSE))


@dataclass
class Publishing:
    """A world whose changes notify the publisher."""

    world: World
    publisher: Publisher


@pytest.fixture
def publishing(home: Path) -> Iterator[Publishing]:
    changes = ChangeSignal()
    world = open_world(home, changes.notify)
    yield Publishing(world, publisher_of(world, changes))
    world.database.close()


def publisher_of(world: World, changes: ChangeSignal) -> Publisher:
    return Publisher(
        world.database,
        (world.identity.access_sections, world.catalog.sections),
        pepper=world.identity.access_sections.pepper,
        changes=changes,
        sealer=SEALER,
        clock=SystemClock(),
        log=logging.getLogger("test"),
    )


def _gateway_only(request: Request) -> None:
    if request.headers.get("authorization") != f"Bearer {TOKEN.hex()}":
        raise Unauthenticated("The gateway token is wrong.")


@asynccontextmanager
async def serving(publisher: Publisher, port: int = 0) -> AsyncIterator[str]:
    """The publisher at work, and the address of its routes."""
    app = FastAPI()
    install_problems(app, logging.getLogger("test"))
    app.include_router(build_router(publisher, _gateway_only))
    port = port or free_port()
    server = HttpServer(app, "127.0.0.1", port)
    publishing = asyncio.create_task(publisher.run())
    listening = asyncio.create_task(server.serve())
    try:
        await _listening(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        publishing.cancel()
        await asyncio.wait((publishing,))
        server.stop()
        await asyncio.wait((listening,), timeout=5)


async def _listening(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return


@dataclass
class Gateway:
    """The snapshot's part of a gateway."""

    client: SnapshotClient
    holder: SnapshotHolder


def gateway(url: str, home: Path, token: bytes = TOKEN) -> Gateway:
    holder = SnapshotHolder()
    client = SnapshotClient(
        Egress(),
        holder,
        SnapshotFiles(home),
        server_url=url,
        token=token.hex(),
        sealer=Sealer(derive_key(token, SEALED_PURPOSE)),
        jitter=lambda: 0.5,
        wait_s=25,
    )
    return Gateway(client, holder)


@asynccontextmanager
async def following(gateway: Gateway) -> AsyncIterator[Gateway]:
    task = asyncio.create_task(gateway.client.run())
    try:
        yield gateway
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Waits until something is true, for less time than a gateway waits for a change."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    while not true():
        assert loop.time() - start < seconds, "it did not become true"
        await asyncio.sleep(0.005)
