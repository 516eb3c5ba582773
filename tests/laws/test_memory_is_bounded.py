"""Attacks that reach a bound, against real processes: memory stays bounded, honest calls succeed.

docs/limits.md lists the bounds.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

import pytest

from penstock.gateway.call_limits import CallLimits
from tests.laws.exchange import Provider, follow, running_provider
from tests.laws.providers import ProviderScript
from tests.laws.trial import honest_call
from tests.laws.world import World, running_world, wait_known
from tests.ports import free_port

MIB: Final = 1024 * 1024
MAX_GROWTH: Final = 100 * MIB
"""The maximum growth of a process: far less than each attack sends."""

_LIMITS: Final = CallLimits()
BODIES_MAX_GROWTH: Final = MAX_GROWTH + int(_LIMITS.held_body_bytes * _LIMITS.key_share)
"""The same while one key sends bodies, plus its share of the capacity for bodies."""

CONNECTIONS: Final = 700
_JSON: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
_STREAM: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
_CHUNKED: Final = b"transfer-encoding: chunked\r\n\r\n"


@dataclass
class Setup:
    """An installation and the ports of its two providers."""

    world: World
    odd_port: int
    good_port: int

    @asynccontextmanager
    async def providers(self) -> AsyncIterator[Provider]:
        odd, good = Provider(port=self.odd_port), Provider(port=self.good_port)
        async with running_provider(odd), running_provider(good):
            yield odd


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setup]:
    odd, good = free_port(), free_port()
    with running_world(tmp_path_factory.mktemp("bounds") / "home", odd, good) as world:
        asyncio.run(wait_known(world))
        yield Setup(world, odd, good)


Attack = Callable[[Setup, Provider], Awaitable[None]]


async def idle_connections(setup: Setup, _: Provider) -> None:
    """Idle and half-open connections to gateway and server during honest calls."""
    installation = setup.world.installation
    held: list[asyncio.StreamWriter] = []
    for port in (installation.gateway_port, installation.server_port):
        for number in range(CONNECTIONS):
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"" if number % 2 else b"GET / HTTP/1.1\r\nx: ")
                held.append(writer)
    await _honest_calls(setup.world, 10)
    assert await _answers(installation.server_port, "/healthz")
    assert await _answers(installation.gateway_port, "/healthz")
    for writer in held:
        writer.transport.abort()


async def padded_keys(setup: Setup, _: Provider) -> None:
    """One key, each time after another number of spaces."""
    key = setup.world.hostile.key.encode()
    padded = (b"Bearer" + b" " * (8_000 + at) + key for at in range(1_500))
    await _all(setup, (_request(b"{}", authorization) for authorization in padded))


async def wrong_keys(setup: Setup, _: Provider) -> None:
    """Different wrong keys."""
    wrong = (b"Bearer pk_%x" % random.getrandbits(256) for _ in range(3_000))
    await _all(setup, (_request(b"{}", authorization) for authorization in wrong))


async def many_models(setup: Setup, _: Provider) -> None:
    """Calls with different models: metric labels, cached targets and prices."""
    names = (f"odd/{'x' * 200}{at}" for at in range(3_000))
    await _all(setup, (_called(setup, json.dumps(n).encode()) for n in names))


async def large_bodies(setup: Setup, _: Provider) -> None:
    """Sixteen concurrent bodies of 20 MB that never end."""
    body = b'{"model":"m","pad":"' + b"p" * (19 * MIB)
    head = _called(setup, b'"m"', length=20 * MIB).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    await _left_open(setup.world.installation.gateway_port, [head + body] * 16)


async def anonymous_bodies(setup: Setup, _: Provider) -> None:
    """Eight batches of 40 MB to the ingest route, without its token."""
    head = b"POST /internal/v1/calls HTTP/1.1\r\nhost: 127.0.0.1\r\nx-penstock-batch: x\r\n"
    request = head + b"content-length: %d\r\n\r\n" % (41 * MIB) + b"x" * (40 * MIB)
    await _left_open(setup.world.installation.server_port, [request] * 8)


async def endless_trailers(setup: Setup, provider: Provider) -> None:
    trailers = b"t: " + b"v" * 8_000 + b"\r\n"
    answer = _JSON + _CHUNKED + b"2\r\n{}\r\n0\r\n" + trailers * 12_000
    await _answered(setup, provider, answer)


async def endless_head(setup: Setup, provider: Provider) -> None:
    await _answered(setup, provider, _JSON + b"x: y\r\n" * 16_000_000)


async def endless_error(setup: Setup, provider: Provider) -> None:
    head = b"HTTP/1.1 400 No\r\ncontent-type: application/json\r\n\r\n"
    await _answered(setup, provider, head + b'{"error":"' + b"e" * 100 * MIB)


async def endless_event(setup: Setup, provider: Provider) -> None:
    await _answered(setup, provider, _STREAM + b"\r\ndata: " + b"e" * 100 * MIB, stream=True)


async def huge_facts(setup: Setup, provider: Provider) -> None:
    """Finish reasons of several megabytes in a stream of twelve choices."""
    reason = b'{"index":%d,"delta":{},"finish_reason":"' + b"r" * (3 * MIB) + b'"}'
    events = b"".join(b'data: {"choices":[' + reason % at + b"]}\n\n" for at in range(12))
    await _answered(setup, provider, _STREAM + b"\r\n" + events * 3, stream=True, times=4)


async def huge_answers(setup: Setup, provider: Provider) -> None:
    """Answers of 30 MB to twelve clients that do not read."""
    answer = _JSON + b'\r\n{"pad":"' + b"p" * 30 * MIB + b'"}'
    installation = setup.world.installation
    requests = [_called(setup, b'"m"') for _ in range(12)]
    for request in requests:
        provider.scripts[_trace_of(request)] = ProviderScript((answer,), 0.0, "close", early=False)
    await _left_open(installation.gateway_port, requests)


@pytest.mark.drill
@pytest.mark.parametrize(
    "attack",
    [
        idle_connections,
        padded_keys,
        wrong_keys,
        many_models,
        large_bodies,
        anonymous_bodies,
        endless_trailers,
        endless_head,
        endless_error,
        endless_event,
        huge_facts,
        huge_answers,
    ],
)
def test_memory_stays_bounded_under_attack(setup: Setup, attack: Attack) -> None:
    asyncio.run(_drive(setup, attack))


async def _drive(setup: Setup, attack: Attack) -> None:
    async with setup.providers() as odd:
        await _honest_calls(setup.world, 3)
        before = setup.world.memory()
        watch = asyncio.create_task(_highest(setup.world))
        async with asyncio.timeout(60):
            await attack(setup, odd)
        await _honest_calls(setup.world, 3)
        watch.cancel()
        highest = await watch
    assert highest.keys() == before.keys(), "a process was restarted"
    grown = {name: (size - before[name]) // MIB for name, size in highest.items()}
    limit = (BODIES_MAX_GROWTH if attack is large_bodies else MAX_GROWTH) // MIB
    assert all(size < limit for size in grown.values()), f"MiB: {grown}"


async def _highest(world: World) -> dict[str, int]:
    """Samples the memory until cancelled, and returns the maximum of each process."""
    found = world.memory()
    with suppress(asyncio.CancelledError):
        while True:
            await asyncio.sleep(0.2)
            held = await asyncio.to_thread(world.memory)
            found = {name: max(size, found.get(name, 0)) for name, size in held.items()}
    return found


async def _honest_calls(world: World, count: int) -> None:
    for _ in range(count):
        trace = f"{random.getrandbits(128):032x}"
        port = world.installation.gateway_port
        answer = await follow(honest_call(stream=False), port, world.honest.key, trace)
        assert (answer.status, answer.whole) == (200, True), answer


async def _answers(port: int, path: str) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n".encode())
    async with asyncio.timeout(10):
        line = await reader.readline()
    writer.transport.abort()
    return b" 200 " in line


async def _all(setup: Setup, requests: Iterator[bytes]) -> None:
    """Sends the requests over a few concurrent connections and reads the answers."""

    async def caller() -> None:
        for request in requests:
            port = setup.world.installation.gateway_port
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with suppress(OSError):
                writer.write(request)
                await reader.read()
            writer.transport.abort()

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(caller())


async def _left_open(port: int, requests: list[bytes]) -> None:
    """Sends the requests concurrently, reads nothing, and disconnects after some seconds."""

    async def sender(request: bytes) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(6):
                writer.write(request)
                await writer.drain()
                await asyncio.sleep(4)
        writer.transport.abort()

    async with asyncio.TaskGroup() as group:
        for request in requests:
            group.create_task(sender(request))


async def _answered(
    setup: Setup, provider: Provider, answer: bytes, *, stream: bool = False, times: int = 2
) -> None:
    """Makes calls that get this answer, and reads it to the end."""
    requests = [_called(setup, b'"m"', stream=stream) for _ in range(times)]
    for request in requests:
        provider.scripts[_trace_of(request)] = ProviderScript((answer,), 0.0, "close", early=False)
    await _all(setup, iter(requests))


def _called(setup: Setup, model: bytes, *, stream: bool = False, length: int = 0) -> bytes:
    body = b'{"model":%b,"messages":[],"stream":%b}' % (model, b"true" if stream else b"false")
    return _request(body, b"Bearer " + setup.world.hostile.key.encode(), length)


def _request(body: bytes, authorization: bytes, length: int = 0) -> bytes:
    trace = b"%032x" % random.getrandbits(128)
    return (
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n"
        b"traceparent: 00-"
        + trace
        + b"-00f067aa0ba902b7-01\r\nauthorization: "
        + authorization
        + b"\r\ncontent-length: %d\r\n\r\n" % (length or len(body))
        + body
    )


def _trace_of(request: bytes) -> str:
    return request.partition(b"traceparent: 00-")[2][:32].decode()
