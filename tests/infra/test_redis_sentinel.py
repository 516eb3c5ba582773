"""A primary that Sentinels name: the next connection after a failover is to the new one."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from penstock.infra.redis.library import (
    async_client,
    client_for_threads,
    close_client,
    close_thread_client,
)
from penstock.infra.redis.sentinel import read_sentinel_url
from penstock.infra.settings import Settings
from tests.ports import free_port
from tests.redis_server import RedisServer, redis_server

SERVICE, PASSWORD = "counters", "the-password"


@pytest.fixture
def servers() -> Iterator[tuple[RedisServer, RedisServer]]:
    secret = ("--requirepass", PASSWORD, "--masterauth", PASSWORD)
    with ExitStack() as stack:
        primary = stack.enter_context(redis_server(*secret))
        replicates = ("--replicaof", "127.0.0.1", str(primary.port), "--repl-diskless-sync-delay")
        yield primary, stack.enter_context(redis_server(*secret, *replicates, "0"))


@pytest.fixture
def sentinel(servers: tuple[RedisServer, RedisServer], tmp_path: Path) -> Iterator[int]:
    port, file = free_port(), tmp_path / "sentinel.conf"
    lines = (
        *(f"port {port}", "bind 127.0.0.1", f"dir {tmp_path}"),
        f"sentinel monitor {SERVICE} 127.0.0.1 {servers[0].port} 1",
        f"sentinel auth-pass {SERVICE} {PASSWORD}",
        f"sentinel down-after-milliseconds {SERVICE} 500",
        f"sentinel failover-timeout {SERVICE} 2000",
    )
    file.write_text("\n".join(lines) + "\n")
    process = subprocess.Popen(
        ["redis-server", str(file), "--sentinel"], stdout=subprocess.DEVNULL, cwd=tmp_path
    )
    yield port
    process.kill()
    process.wait()


def test_a_failover_is_followed(servers: tuple[RedisServer, RedisServer], sentinel: int) -> None:
    primary, replica = servers
    away = free_port()  # one Sentinel may be away
    url = f"redis+sentinel://:{PASSWORD}@127.0.0.1:{away},127.0.0.1:{sentinel}/{SERVICE}/0"
    client = client_for_threads(url, 0.5)
    _until(lambda: client.set("a", "1"))
    assert client.info("server")["tcp_port"] == primary.port
    assert asyncio.run(_port_of(url)) == primary.port
    _until(lambda: client.wait(1, 500) == 1)
    primary.kill()
    _until(lambda: client.info("server")["tcp_port"] == replica.port)
    assert client.get("a") == b"1"
    assert asyncio.run(_port_of(url)) == replica.port
    close_thread_client(client)


async def _port_of(url: str) -> int:
    client = async_client(url, 0.5)
    try:
        return int((await client.info("server"))["tcp_port"])
    finally:
        await close_client(client)


def _until(done: object) -> None:
    assert callable(done)
    deadline = time.monotonic() + 30
    while True:
        try:
            if done():
                return
        except redis.RedisError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_parts_of_a_url_are_read() -> None:
    found = read_sentinel_url(
        "rediss+sentinel://pen:p%40ss@one,two:26380/my-service/3?sentinel_password=s%23"
    )
    assert found is not None
    assert found.hosts == [("one", 26379), ("two", 26380)]
    assert found.service == "my-service"
    assert found.options == {"db": 3, "ssl": True, "username": "pen", "password": "p@ss"}
    assert found.sentinel_options == {"ssl": True, "password": "s#"}
    assert read_sentinel_url("redis://one:6379/0") is None


@pytest.mark.parametrize(
    "wrong",
    [
        *("redis+sentinel://one", "redis+sentinel://one/", "redis+sentinel://one:port/service"),
        *("redis+sentinel://u:p@/service", "redis+sentinel://one/service/db"),
    ],
)
def test_a_wrong_url_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"redis\+sentinel://HOST,HOST/SERVICE"):
        Settings.model_validate({"gateway": {"redis_url": wrong}})


def test_a_good_url_is_taken() -> None:
    for url in ("redis+sentinel://one,two:2/service", "rediss+sentinel://u:p@one/service/1"):
        assert read_sentinel_url(url)
        Settings.model_validate({"gateway": {"redis_url": url}})
