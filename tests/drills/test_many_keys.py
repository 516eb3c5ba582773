"""Many keys: a change of one reaches all workers within a second, and other calls do not notice."""

import asyncio
import json
import os
import time
from pathlib import Path

import pytest
from sqlalchemy import insert

from drills.installation import Home, Supervised
from gateway.http_client import connect
from penstock.features.identity.store.tables import API_KEYS, KEY_SECRETS
from penstock.infra.sql import Database
from penstock.infra.sql.database import sqlite_url
from tests.ports import free_port

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1200)]

WORKERS = 4
CONNECTIONS = 32  # they are spread over the workers by the kernel
CHANGES = 8
GET_MODELS = b"GET /v1/models HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer %s\r\n\r\n"


class Link:
    """A connection to one of the workers, which is kept."""

    def __init__(self, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        self._reader, self._writer = streams

    async def status(self, key: str) -> int:
        """Asks for the models, and returns the status."""
        self._writer.write(GET_MODELS % key.encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await self._reader.readexactly(length)
        return int(head[9:12])

    def close(self) -> None:
        self._writer.close()


def add_keys(home: Path, project: str, count: int) -> None:
    """Stores keys as the server does, without an audit event for each."""
    database = Database(sqlite_url(home / "penstock.db"))
    now_ms = time.time_ns() // 1_000_000
    ids = [f"key_{at:032x}" for at in range(count)]
    fields = {"project_id": project, "role": "", "instance_admin": False, "created_ms": now_ms}
    fields |= {"allowed_models": [], "attributes": {"team": "search"}, "tags": {}}
    with database.write() as tx:
        tx.connection.execute(
            insert(API_KEYS), [fields | {"id": id_, "name": f"key {id_}"} for id_ in ids]
        )
        secrets = [
            {"key_id": id_, "digest": os.urandom(32).hex(), "prefix": "pk_x", "created_ms": now_ms}
            for id_ in ids
        ]
        tx.connection.execute(insert(KEY_SECRETS), secrets)
    database.close()


async def paced(url: str, key: str, found: list[float]) -> None:
    """Calls fifty times a second until it is cancelled."""
    link = Link(await connect(url))
    try:
        while True:
            began = time.perf_counter()
            assert await link.status(key) == 200
            found.append(time.perf_counter() - began)
            await asyncio.sleep(0.02)
    finally:
        link.close()


def p99_ms(seconds: list[float]) -> float:
    return round(sorted(seconds)[int(len(seconds) * 0.99)] * 1000, 1)


async def known_after(link: Link, key: str) -> float:
    began = time.perf_counter()
    while await link.status(key) != 200:
        await asyncio.sleep(0.01)
    return time.perf_counter() - began


async def test_a_change_of_a_key_reaches_all_workers_within_a_second(
    tmp_path: Path, *, drill_full: bool
) -> None:
    count = 100_000 if drill_full else 5_000
    home = Home(tmp_path / "home", free_port(), free_port())
    ports = ["--gateway-port", str(home.gateway_port), "--server-port", str(home.server_port)]
    command = ["up", "--home", str(home.path), "--demo", "--workers", str(WORKERS), *ports]
    up = Supervised(tmp_path, command)
    up.start()
    try:
        await home.ready(within_s=120)
        [project] = [one["id"] for one in home.rest("GET", "/projects")["items"]][:1]
        up.stop()
        add_keys(home.path, project, count)
        up.start()
        await home.ready(within_s=300)
        await measure(home, project, count)
    finally:
        up.stop()


async def measure(home: Home, project: str, count: int) -> None:
    url = f"http://127.0.0.1:{home.gateway_port}"
    first = await change(home, project, "first")  # the workers read all keys once
    before: list[float] = []
    during: list[float] = []
    calls = [asyncio.create_task(paced(url, home.api_key, before)) for _ in range(8)]
    await asyncio.sleep(4)
    for call in calls:
        call.cancel()
    calls = [asyncio.create_task(paced(url, home.api_key, during)) for _ in range(8)]
    times = [await change(home, project, f"new {number}") for number in range(CHANGES)]
    for call in calls:
        call.cancel()
    print(
        json.dumps(
            {
                "keys": count,
                "all keys are read after, s": round(first, 2),
                "slowest worker, s": [round(each, 2) for each in times],
                "p99 ms before": p99_ms(before),
                "p99 ms during changes": p99_ms(during),
            }
        )
    )
    assert sorted(times)[len(times) // 2] < 1


async def change(home: Home, project: str, name: str) -> float:
    """Creates a key, and returns the time after which the last worker knows it."""
    path = f"/projects/{project}/keys"
    made = await asyncio.to_thread(home.rest, "POST", path, {"name": name})
    return max(await all_know(f"http://127.0.0.1:{home.gateway_port}", made["secret"]))


async def all_know(url: str, key: str) -> list[float]:
    links = [Link(await connect(url)) for _ in range(CONNECTIONS)]
    try:
        return await asyncio.gather(*(known_after(link, key) for link in links))
    finally:
        for link in links:
            link.close()
