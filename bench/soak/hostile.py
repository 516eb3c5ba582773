"""The attacks: one loop for each kind, at a moderate rate, on loopback only.

It is a separate process so that its own work does not delay the honest clients.
`python -m bench.soak.hostile '<Target as JSON>'` prints `ready`, attacks until its standard input
ends, and prints the answers that each kind got.
"""

import asyncio
import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final
from urllib.parse import quote

from tests.laws.exchange import Provider, follow, running_provider
from tests.laws.samples import Sample, batch

HELD: Final = 60  # open connections of each kind, to gateway and to server
PATIENCE_S: Final = 40.0
_QUERIES: Final = (
    "limit=0",
    "limit=-1",
    "limit=99999999999999999999",
    "cursor=%ff",
    "cursor=" + "9" * 200,
    "from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z",
    "from=nonsense",
    "q=%00",
    "q=" + "a" * 500,
    "status=ok&status=" + "x" * 300,
    "min_cost=1e99",
    "to=9999-12-31T23:59:59-14:00",
    "%ff=%fe",
)
_PATHS: Final = ("/traces", "/traces/tail", "/overview", "/traces/facets", "/projects", "/audit")

SCRIPTS: Final = 200  # generated before the attack

Attack = Callable[[], Awaitable[str]]


@dataclass(frozen=True)
class Target:
    """The target: ports, a project, its API key, and the port of its provider."""

    gateway_port: int
    server_port: int
    provider_port: int
    project_id: str
    key: str
    seed: int


@dataclass
class Hostile:
    """Runs all attacks until `stop` is set. `got` counts the answers of each kind."""

    target: Target
    provider: Provider
    calls: list[Sample]
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    got: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter[str]))

    async def run(self) -> None:
        """Returns once every loop has ended. Rates are attempts per second."""
        gateway, server = self.target.gateway_port, self.target.server_port
        scripts = cycle(self.calls)
        loops = {
            "odd call, odd provider": (4.0, lambda: self._drawn(next(scripts))),
            "wrong key": (5.0, lambda: self._request(gateway, _chat(b"pk_wrong", b"{}"))),
            "deep JSON": (1.0, lambda: self._request(gateway, _chat(self._key, _deep()))),
            "body above the limit": (0.2, lambda: self._request(gateway, _chat(self._key, _LARGE))),
            "sign-in, wrong password": (5.0, lambda: self._request(server, _sign_in())),
            "odd REST query": (5.0, lambda: self._request(server, self._query())),
            "/internal/ without token": (1.0, lambda: self._request(server, _internal())),
        }
        async with asyncio.TaskGroup() as group:
            for kind, (rate, attack) in loops.items():
                group.create_task(self._repeat(kind, rate, attack))
            for name, port in (("gateway", gateway), ("server", server)):
                for number in range(HELD):
                    group.create_task(self._hold(f"idle, {name}", port, b""))
                    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nx: "
                    group.create_task(self._hold(f"half a head, {name}", port, head))
                    if number % 4 == 0:
                        body = _chat(self._key, b"{}", length=10_000)
                        group.create_task(self._hold(f"slow body, {name}", port, body))

    @property
    def _key(self) -> bytes:
        return self.target.key.encode()

    async def _repeat(self, kind: str, rate: float, attack: Attack) -> None:
        while not self.stop.is_set():
            try:
                async with asyncio.timeout(PATIENCE_S):
                    self.got[kind][await attack()] += 1
            except TimeoutError:
                self.got[kind]["no answer in time"] += 1
            except OSError as error:
                self.got[kind][type(error).__name__] += 1
            await self._rest(random.uniform(0.5, 1.5) / rate)

    async def _drawn(self, call: Sample) -> str:
        trace = f"{random.getrandbits(128):032x}"
        self.provider.scripts[trace] = call.provider
        try:
            target = self.target
            answer = await follow(call.caller, target.gateway_port, target.key, trace)
        finally:
            self.provider.scripts.pop(trace, None)
            self.provider.requests.pop(trace, None)
        return str(answer.status or "closed")

    async def _request(self, port: int, request: bytes) -> str:
        """Sends one request on a new connection and returns the status of the answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            sending = asyncio.ensure_future(_send(writer, request))
            with suppress(asyncio.IncompleteReadError):
                line = await reader.readuntil(b"\r\n")
                return line[9:12].decode("latin-1")
            return "closed"
        finally:
            sending.cancel()
            writer.transport.abort()

    def _query(self) -> bytes:
        path, query = random.choice(_PATHS), random.choice(_QUERIES)
        project = quote(self.target.project_id)
        head = f"GET /api/v1{path}?project_id={project}&{query} HTTP/1.1\r\nhost: 127.0.0.1\r\n"
        return head.encode() + b"authorization: Bearer " + self._key + b"\r\n\r\n"

    async def _hold(self, kind: str, port: int, begun: bytes) -> None:
        """Keeps a connection open, sends nothing or one byte every few seconds, and reconnects when
        it is closed."""
        while not self.stop.is_set():
            try:
                async with asyncio.timeout(PATIENCE_S):
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except (OSError, TimeoutError):
                self.got[kind]["not accepted"] += 1
                await self._rest(1.0)
                continue
            try:
                self.got[kind][await self._drip(reader, writer, begun)] += 1
            finally:
                writer.transport.abort()
            await self._rest(0.5)

    async def _drip(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, begun: bytes
    ) -> str:
        try:
            writer.write(begun)
            while not self.stop.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(random.uniform(2, 4)):
                        data = await reader.read(4096)
                        return data[9:12].decode("latin-1") if data else "closed"
                if begun:
                    writer.write(b"a")
        except OSError:
            return "reset"
        return "held to the end"

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stop.wait()


_LARGE: Final = b'{"model":"m","pad":"' + b"p" * (21 * 1024 * 1024) + b'"}'


def _chat(key: bytes, body: bytes, length: int = 0) -> bytes:
    return (
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer "
        + key
        + b"\r\ncontent-length: %d\r\n\r\n" % (length or len(body))
        + body
    )


def _deep() -> bytes:
    depth = random.choice((300, 900, 999, 1_500, 10_000))
    return (
        b'{"model":"m","messages":[{"role":"tool","content":' + b"[" * depth + b"]" * depth + b"}]}"
    )


def _sign_in() -> bytes:
    """A sign-in request, half of them for the same address."""
    address = random.choice(("victim@example.com", f"{random.getrandbits(32):x}@example.com"))
    body = json.dumps({"email": address, "password": "not the password"}).encode()
    return (
        b"POST /api/v1/session HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n" % len(body) + body
    )


def _internal() -> bytes:
    body = b"x" * (1024 * 1024)
    head = b"POST /internal/v1/calls HTTP/1.1\r\nhost: 127.0.0.1\r\nx-penstock-batch: x\r\n"
    return head + b"content-length: %d\r\n\r\n" % len(body) + body


async def _send(writer: asyncio.StreamWriter, request: bytes) -> None:
    with suppress(OSError):
        writer.write(request)
        await writer.drain()


async def _attack(target: Target) -> None:
    calls = batch(SCRIPTS, target.seed)
    async with running_provider(Provider(port=target.provider_port)) as provider:
        hostile = Hostile(target, provider, calls)
        print("ready", flush=True)
        line = await asyncio.to_thread(sys.stdin.readline)
        running = asyncio.create_task(hostile.run())
        while line:
            line = await asyncio.to_thread(sys.stdin.readline)
        hostile.stop.set()
        await running
        print(json.dumps({kind: dict(got.most_common()) for kind, got in hostile.got.items()}))


if __name__ == "__main__":
    asyncio.run(_attack(Target(**json.loads(sys.argv[1]))))
