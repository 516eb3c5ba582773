"""A running `penstock up` with a hostile and an honest project, and its HTTP clients."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from tests.installation import Installation
from tests.laws.callers import MODELS, PROVIDER

MAX_PAGE: Final = 500
_SAMPLE: Final = re.compile(
    r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*\})?'
    r" ([+-]?(?:[0-9.e+-]+|Inf)|NaN)"
)


@dataclass(frozen=True)
class Tenant:
    """A project and one of its API keys."""

    project_id: str
    key: str


@dataclass
class World:
    """The installation and its two projects."""

    installation: Installation
    hostile: Tenant
    honest: Tenant

    async def rest(self, path: str, **query: str) -> Any:
        """Sends GET to the REST API as admin. Raises `AssertionError` unless the status is 200."""
        target = f"/api/v1{path}" + (f"?{urlencode(query)}" if query else "")
        status, body = await self.get(self.installation.server_port, target)
        assert status == 200, f"{target}: {status} {body[:500]!r}"
        return json.loads(body, parse_constant=_no_constant)

    async def get(self, port: int, path: str, key: str = "") -> tuple[int, bytes]:
        """Sends GET on a new connection and returns status and body. Uses the admin's key by
        default."""
        key = key or self.installation.key
        async with asyncio.timeout(30):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 27)
            try:
                request = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n"
                writer.write(f"{request}authorization: Bearer {key}\r\n\r\n".encode())
                answer = await reader.read()
            finally:
                writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        if b"transfer-encoding: chunked" in head.lower():
            body = _joined(body)
        return int(head[9:12]), body

    async def listed(self, project_id: str, since: str) -> list[dict[str, Any]]:
        """Returns all calls of a project since that time, page by page."""
        found: list[dict[str, Any]] = []
        query = {"project_id": project_id, "from": since, "limit": str(MAX_PAGE)}
        while True:
            page = await self.rest("/traces", **query)
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]

    async def metrics(self, port: int) -> dict[str, float]:
        """Returns the samples of `/metrics`. Raises `AssertionError` for an invalid page."""
        token = (self.installation.home / "metrics.token").read_text().strip()
        status, page = await self.get(port, "/metrics", key=token)
        assert status == 200, (status, page[:500])
        return samples(page.decode("utf-8"))

    def memory(self) -> dict[str, int]:
        """Returns the private memory (`Pss_Anon`) of each process in bytes."""
        return {name: anonymous_bytes(pid) for name, pid in self.installation.children().items()}


def samples(page: str) -> dict[str, float]:
    """Parses a page in Prometheus' text format: name and labels → value."""
    found: dict[str, float] = {}
    for line in page.split("\n"):
        if not line or line.startswith(("# HELP ", "# TYPE ")):
            continue
        match = _SAMPLE.fullmatch(line)
        assert match is not None, f"not a Prometheus sample: {line!r}"
        series = match[1] + (match[2] or "")
        assert series not in found, f"duplicate series: {series}"
        found[series] = float(match[3])
    return found


def anonymous_bytes(pid: int) -> int:
    """Returns the private anonymous memory of a process in bytes."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return (
        int(next(line for line in rollup.splitlines() if line.startswith("Pss_Anon")).split()[1])
        * 1024
    )


@contextmanager
def running_world(
    home: Path, hostile_port: int, honest_port: int, **environment: str
) -> Iterator[World]:
    """Starts an installation and creates the two projects with providers on these ports."""
    installation = Installation(home)
    installation.extra = {"PENSTOCK_DEMO": "off", "PENSTOCK_LOG_LEVEL": "error", **environment}
    try:
        installation.start()
        hostile = _tenant(installation, "hostile", hostile_port, PROVIDER, list(MODELS))
        honest = _tenant(installation, "honest", honest_port, "good", ["fine"])
        yield World(installation, hostile, honest)
    finally:
        if installation.process is not None and installation.process.poll() is None:
            installation.stop()
        installation.kill()


async def wait_known(world: World) -> None:
    """Waits until the gateway has the two projects."""
    async with asyncio.timeout(30):
        for tenant in (world.hostile, world.honest):
            path, port = "/v1/models", world.installation.gateway_port
            while (await world.get(port, path, key=tenant.key))[0] != 200:
                await asyncio.sleep(0.1)


def _tenant(
    installation: Installation, name: str, port: int, provider: str, models: list[str]
) -> Tenant:
    project = installation.post("/api/v1/projects", {"name": name})["id"]
    place = f"/api/v1/projects/{project}"
    installation.post(
        f"{place}/providers",
        {
            "name": provider,
            "base_url": f"http://127.0.0.1:{port}/v1",
            "api_key": f"sk-canary-of-{name}",
            "models": models,
            "private_allowed": True,
        },
    )
    return Tenant(
        project, installation.post(f"{place}/keys", {"name": name, "role": "viewer"})["secret"]
    )


def _joined(data: bytes) -> bytes:
    pieces: list[bytes] = []
    while data:
        size, _, data = data.partition(b"\r\n")
        pieces.append(data[: int(size, 16)])
        data = data[int(size, 16) + 2 :]
    return b"".join(pieces)


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")
