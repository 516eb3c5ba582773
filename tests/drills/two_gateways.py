"""One server, a simulator, and two gateways of two workers, each with its own home."""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from drills.installation import Home, Supervised
from tests.ports import free_port

WORKERS = 2


class TwoGateways:
    """The installation as its drill sees it. `project` is the API path of its project."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        server_port = free_port()
        self.server = Home(folder / "server", free_port(), server_port)
        self.gateways = [Home(folder / name, free_port(), server_port) for name in ("a", "b")]
        self._sim_port = free_port()
        self.project = ""

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Starts all processes, and stops them at the end."""
        commands = [self._sim(), self._server()]
        try:
            for command in commands:
                command.start()
            await self.server.ready(self.server.server_port, within_s=120)
            commands += [self._gateway(each) for each in self.gateways]
            for command, gateway in zip(commands[2:], self.gateways, strict=True):
                command.start()
                await gateway.ready(gateway.gateway_port, within_s=120)
            self.project = f"/projects/{self.server.rest('GET', '/projects')['items'][0]['id']}"
            self._add_simulator()
            yield
        finally:
            for command in reversed(commands):
                command.stop()

    async def rest(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Calls the REST API of the project, beside the event loop."""
        return await asyncio.to_thread(self.server.rest, method, f"{self.project}/{path}", body)

    def _sim(self) -> Supervised:
        return Supervised(self._folder, ["sim", "--port", str(self._sim_port)])

    def _server(self) -> Supervised:
        home = self.server
        command = ["server", "--home", str(home.path), "--server-port", str(home.server_port)]
        return Supervised(self._folder, command)

    def _gateway(self, home: Home) -> Supervised:
        home.path.mkdir(mode=0o700)
        shutil.copy(self.server.path / "gateway.token", home.path)
        command = [
            *("gateway", "--home", str(home.path), "--gateway-port", str(home.gateway_port)),
            *("--server", f"http://127.0.0.1:{home.server_port}", "--workers", str(WORKERS)),
        ]
        return Supervised(home.path, command)

    def _add_simulator(self) -> None:
        url = f"http://127.0.0.1:{self._sim_port}/v1"
        provider = {"name": "sim", "base_url": url, "private_allowed": True}
        self.server.rest("POST", f"{self.project}/providers", provider)
