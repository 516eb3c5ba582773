"""Mixed versions: gateways and servers of two versions, upgraded one after the other.

No call is missing or doubled once both are equal, and no record waits for another meanwhile.
"""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from drills.callers import Callers, Ledger, Style
from drills.installation import Home, Supervised
from drills.spool_backlog import unshipped_bytes
from drills.stored_calls import read_stored_calls
from drills.verification import verify
from drills.versions import extra_trace, make_newer_version
from penstock.infra.spool.quarantine import UNKNOWN, list_quarantined
from tests.ports import free_port

pytestmark = [pytest.mark.drill, pytest.mark.timeout(240)]

BRISK = Style(tokens=6, tokens_per_second=20, latency_ms=(20, 100))


class MixedVersions:
    """One server and two gateways, each with its own home; each process has its own version."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._newer = {"PYTHONPATH": str(make_newer_version(folder / "newer"))}
        port = free_port()
        self.server_home = Home(folder / "server", free_port(), port)
        self.first_home = Home(folder / "first", free_port(), port)
        self.second_home = Home(folder / "second", free_port(), port)
        self.sim = Supervised(folder, ["sim", "--port", str(free_port())])

    def server(self, *, newer: bool) -> Supervised:
        """Returns the command of the server."""
        home = self.server_home
        command = ["server", "--home", str(home.path), "--server-port", str(home.server_port)]
        return Supervised(self._folder, command, **(self._newer if newer else {}))

    def gateway(self, home: Home, *, newer: bool) -> Supervised:
        """Returns the command of a gateway."""
        home.path.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(self.server_home.path / "gateway.token", home.path)
        command = [
            *("gateway", "--home", str(home.path), "--gateway-port", str(home.gateway_port)),
            *("--server", f"http://127.0.0.1:{home.server_port}"),
        ]
        return Supervised(home.path, command, **(self._newer if newer else {}))

    def add_simulator(self) -> None:
        """Adds the simulator as a provider."""
        home = self.server_home
        project_id = home.rest("GET", "/projects")["items"][0]["id"]
        provider = {"name": "sim", "base_url": f"http://127.0.0.1:{self.sim.arguments[-1]}/v1"}
        path = f"/projects/{project_id}/providers"
        home.rest("POST", path, provider | {"private_allowed": True})

    def kept(self) -> list[str]:
        """Returns the states of all files in the server's quarantine."""
        return [one.state for one in list_quarantined(self.server_home.path / "spool")]

    async def send_calls(self, ledger: Ledger, home: Home, seed: int, seconds: float) -> None:
        """Runs callers against a gateway for a while."""
        key = self.server_home.api_key
        async with Callers(home.gateway_port, key, ledger, BRISK, seed).calling(8):
            await asyncio.sleep(seconds)

    async def wait_until_shipped(self) -> None:
        """Waits until the spools of both gateways are empty."""
        async with asyncio.timeout(60):
            for home in (self.first_home, self.second_home):
                while unshipped_bytes(home.path / "spool"):
                    await asyncio.sleep(0.1)

    async def wait_until_stored(self) -> None:
        """Waits until the server has stored what it had kept."""
        async with asyncio.timeout(60):
            while self.kept():
                await asyncio.sleep(0.1)


async def test_versions_are_upgraded_in_any_order_and_no_call_is_missing_or_doubled(
    tmp_path: Path,
) -> None:
    mixed = MixedVersions(tmp_path)
    newer_calls, older_calls = Ledger(), Ledger()
    running = [mixed.sim]
    try:
        server = await start_server(mixed, running)
        first = await start_gateways(mixed, running)
        await asyncio.gather(
            mixed.send_calls(older_calls, mixed.second_home, 1, 4),
            mixed.send_calls(newer_calls, mixed.first_home, 2, 4),
            kill_while_it_answers(first, newer_calls),
        )
        first = mixed.gateway(mixed.first_home, newer=False)  # it recovers the newer one
        running.append(first)
        first.start()
        await mixed.first_home.ready(mixed.first_home.gateway_port)
        await mixed.wait_until_shipped()
        await check_older_server(mixed, older_calls)

        server.stop()
        server = mixed.server(newer=True)
        running.append(server)
        server.start()
        await mixed.server_home.ready(mixed.server_home.server_port)
        await asyncio.gather(
            mixed.wait_until_stored(), mixed.send_calls(older_calls, mixed.second_home, 3, 1)
        )
        first.stop()
        first = mixed.gateway(mixed.first_home, newer=True)
        running.append(first)
        first.start()
        await mixed.first_home.ready(mixed.first_home.gateway_port)
        await mixed.send_calls(newer_calls, mixed.first_home, 4, 1)
        await mixed.wait_until_shipped()
        assert mixed.kept() == []
    finally:
        for command in reversed(running):
            command.stop()
    tables = read_stored_calls(mixed.server_home.path)
    for ledger in (older_calls, newer_calls):
        assert ledger.ok
        verify(ledger, tables)
    extra = [extra_trace(trace) for trace in newer_calls.ok]
    assert [trace for trace in extra if tables["calls"].times.get(trace) != 1] == []


async def start_server(mixed: MixedVersions, running: list[Supervised]) -> Supervised:
    """Starts the simulator and the older server."""
    server = mixed.server(newer=False)
    running.append(server)
    mixed.sim.start()
    server.start()
    await mixed.server_home.ready(mixed.server_home.server_port)
    mixed.add_simulator()
    return server


async def start_gateways(mixed: MixedVersions, running: list[Supervised]) -> Supervised:
    """Starts a newer and an older gateway; returns the newer one."""
    first = mixed.gateway(mixed.first_home, newer=True)
    second = mixed.gateway(mixed.second_home, newer=False)
    for command, home in ((first, mixed.first_home), (second, mixed.second_home)):
        running.append(command)
        command.start()
        await home.ready(home.gateway_port)
    return first


async def kill_while_it_answers(gateway: Supervised, ledger: Ledger) -> None:
    """Kills a gateway inside streams, after it has answered some calls."""
    async with asyncio.timeout(60):
        while len(ledger.ok) < 20 or not ledger.streaming:
            await asyncio.sleep(0.01)
    gateway.kill_everything()


async def check_older_server(mixed: MixedVersions, older_calls: Ledger) -> None:
    """The records of the newer gateway are kept and shown; those of the older one are stored."""
    home = mixed.server_home
    assert set(mixed.kept()) == {UNKNOWN}
    _, page = await asyncio.to_thread(home.get, home.server_port, "/readyz")
    [notice] = json.loads(page)["notices"]
    assert "upgrade the server" in notice
    _, page = await asyncio.to_thread(home.get, home.server_port, "/metrics")
    assert f"penstock_server_unknown_record_files {len(mixed.kept())}\n" in page
    stored = [await asyncio.to_thread(home.has_trace, trace) for trace in older_calls.ok]
    assert stored
    assert all(stored)
    for gateway in (mixed.first_home, mixed.second_home):
        assert list_quarantined(gateway.path / "spool") == []
    print(f"{len(mixed.kept())} files kept, {len(stored)} calls of the older gateway stored")
