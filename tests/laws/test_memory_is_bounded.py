"""Each bound that can be driven from outside is driven there, over real processes: their memory
stays, honest calls go on. The page that tells of the bounds: docs/limits.md.
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
from penstock.infra.process import free_port
from tests.laws.exchange import Provider, follow, providing
from tests.laws.providers import ProviderScript
from tests.laws.trial import honest_call
from tests.laws.world import World, known, living

MIB: Final = 1024 * 1024
ROOM: Final = 100 * MIB
"""How much each process may grow: far below what each attack below sends or leaves behind."""

_LIMITS: Final = CallLimits()
BODIES_ROOM: Final = ROOM + int(_LIMITS.held_body_bytes * _LIMITS.key_share)
"""The same while one key sends bodies: what it may hold of the room for them comes on top."""

CONNECTIONS: Final = 700
_JSON: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
_STREAM: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
_CHUNKED: Final = b"transfer-encoding: chunked\r\n\r\n"


@dataclass
class Stage:
    """An installation, and the port where the hostile provider of the moment listens."""

    world: World
    odd_port: int
    good_port: int

    @asynccontextmanager
    async def providers(self) -> AsyncIterator[Provider]:
        odd, good = Provider(port=self.odd_port), Provider(port=self.good_port)
        async with providing(odd), providing(good):
            yield odd


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    odd, good = free_port(), free_port()
    with living(tmp_path_factory.mktemp("bounds") / "home", odd, good) as world:
        asyncio.run(known(world))
        yield Stage(world, odd, good)


Attack = Callable[[Stage, Provider], Awaitable[None]]


async def idle_connections(stage: Stage, _: Provider) -> None:
    """Nothing, or half a head, on both planes; held while honest callers call."""
    installation = stage.world.installation
    held: list[asyncio.StreamWriter] = []
    for port in (installation.gateway_port, installation.server_port):
        for number in range(CONNECTIONS):
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"" if number % 2 else b"GET / HTTP/1.1\r\nx: ")
                held.append(writer)
    await _honest_calls(stage.world, 10)
    assert await _answers(installation.server_port, "/healthz")
    assert await _answers(installation.gateway_port, "/healthz")
    for writer in held:
        writer.transport.abort()


async def padded_keys(stage: Stage, _: Provider) -> None:
    """One key, each time with other blanks before it."""
    key = stage.world.hostile.key.encode()
    padded = (b"Bearer" + b" " * (8_000 + at) + key for at in range(1_500))
    await _all(stage, (_request(b"{}", authorization) for authorization in padded))


async def wrong_keys(stage: Stage, _: Provider) -> None:
    """Each another one."""
    wrong = (b"Bearer pk_%x" % random.getrandbits(256) for _ in range(3_000))
    await _all(stage, (_request(b"{}", authorization) for authorization in wrong))


async def many_models(stage: Stage, _: Provider) -> None:
    """Each call names another model: labels of metrics, remembered routes and prices."""
    names = (f"odd/{'x' * 200}{at}" for at in range(3_000))
    await _all(stage, (_called(stage, json.dumps(n).encode()) for n in names))


async def large_bodies(stage: Stage, _: Provider) -> None:
    """Sixteen bodies of 20 MB at once that are never finished."""
    body = b'{"model":"m","pad":"' + b"p" * (19 * MIB)
    head = _called(stage, b'"m"', length=20 * MIB).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    await _left_open(stage.world.installation.gateway_port, [head + body] * 16)


async def anonymous_bodies(stage: Stage, _: Provider) -> None:
    """Eight batches of 40 MB for the ingest, without its token."""
    head = b"POST /internal/v1/calls HTTP/1.1\r\nhost: 127.0.0.1\r\nx-penstock-batch: x\r\n"
    request = head + b"content-length: %d\r\n\r\n" % (41 * MIB) + b"x" * (40 * MIB)
    await _left_open(stage.world.installation.server_port, [request] * 8)


async def endless_trailers(stage: Stage, provider: Provider) -> None:
    trailers = b"t: " + b"v" * 8_000 + b"\r\n"
    answer = _JSON + _CHUNKED + b"2\r\n{}\r\n0\r\n" + trailers * 12_000
    await _answered(stage, provider, answer)


async def endless_head(stage: Stage, provider: Provider) -> None:
    await _answered(stage, provider, _JSON + b"x: y\r\n" * 16_000_000)


async def endless_error(stage: Stage, provider: Provider) -> None:
    head = b"HTTP/1.1 400 No\r\ncontent-type: application/json\r\n\r\n"
    await _answered(stage, provider, head + b'{"error":"' + b"e" * 100 * MIB)


async def endless_event(stage: Stage, provider: Provider) -> None:
    await _answered(stage, provider, _STREAM + b"\r\ndata: " + b"e" * 100 * MIB, stream=True)


async def huge_facts(stage: Stage, provider: Provider) -> None:
    """Finish reasons of megabytes in a stream, as many as there are choices."""
    reason = b'{"index":%d,"delta":{},"finish_reason":"' + b"r" * (3 * MIB) + b'"}'
    events = b"".join(b'data: {"choices":[' + reason % at + b"]}\n\n" for at in range(12))
    await _answered(stage, provider, _STREAM + b"\r\n" + events * 3, stream=True, times=4)


async def huge_answers(stage: Stage, provider: Provider) -> None:
    """Answers of 30 MB to twelve callers who read nothing of them."""
    answer = _JSON + b'\r\n{"pad":"' + b"p" * 30 * MIB + b'"}'
    installation = stage.world.installation
    requests = [_called(stage, b'"m"') for _ in range(12)]
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
def test_memory_stays_where_a_bound_is_driven_to(stage: Stage, attack: Attack) -> None:
    asyncio.run(_drive(stage, attack))


async def _drive(stage: Stage, attack: Attack) -> None:
    async with stage.providers() as odd:
        await _honest_calls(stage.world, 3)
        before = stage.world.memory()
        watch = asyncio.create_task(_highest(stage.world))
        async with asyncio.timeout(60):
            await attack(stage, odd)
        await _honest_calls(stage.world, 3)
        watch.cancel()
        highest = await watch
    assert highest.keys() == before.keys(), "a process has died"
    grown = {name: (size - before[name]) // MIB for name, size in highest.items()}
    room = (BODIES_ROOM if attack is large_bodies else ROOM) // MIB
    assert all(size < room for size in grown.values()), f"MiB: {grown}"


async def _highest(world: World) -> dict[str, int]:
    """The most that each process held, looked at a few times a second until cancelled."""
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


async def _all(stage: Stage, requests: Iterator[bytes]) -> None:
    """Sends them one after the other over a few connections, and reads the answers."""

    async def caller() -> None:
        for request in requests:
            port = stage.world.installation.gateway_port
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with suppress(OSError):
                writer.write(request)
                await reader.read()
            writer.transport.abort()

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(caller())


async def _left_open(port: int, requests: list[bytes]) -> None:
    """Sends them side by side, reads nothing, and leaves after some seconds."""

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
    stage: Stage, provider: Provider, answer: bytes, *, stream: bool = False, times: int = 2
) -> None:
    """Calls that get this answer, read to their end."""
    requests = [_called(stage, b'"m"', stream=stream) for _ in range(times)]
    for request in requests:
        provider.scripts[_trace_of(request)] = ProviderScript((answer,), 0.0, "close", early=False)
    await _all(stage, iter(requests))


def _called(stage: Stage, model: bytes, *, stream: bool = False, length: int = 0) -> bytes:
    body = b'{"model":%b,"messages":[],"stream":%b}' % (model, b"true" if stream else b"false")
    return _request(body, b"Bearer " + stage.world.hostile.key.encode(), length)


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
