"""A real installation for drills: started by its commands, killed by signals."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

_PROGRAM = "import sys; from penstock.entrypoints.cli.main import main; sys.exit(main())"


class Supervised:
    """A `penstock` command that supervises others, and its processes."""

    def __init__(self, folder: Path, arguments: list[str], **variables: str) -> None:
        self.arguments = arguments
        self._variables = variables
        self._log = folder / f"{arguments[0]}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the command in a new session."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "COLUMNS": "200", **self._variables},
            )

    def pids(self, module: str) -> list[int]:
        """Returns the process ids of the children that run `penstock.entrypoints.<module>`."""
        wanted = f"penstock.entrypoints.{module}".encode()
        return [pid for pid in self._children() if wanted in _command(pid)]

    def kill_supervisor(self) -> None:
        """Kills the supervisor alone; its children must end with it."""
        assert self._process is not None
        children = self._children()
        self._process.kill()
        self._process.wait()
        for pid in children:
            _wait_for_exit(pid)

    def kill_everything(self) -> None:
        """Kills supervisor and children at once."""
        assert self._process is not None
        children = self._children()
        for pid in [self._process.pid, *children]:
            kill(pid)
        self._process.wait()
        for pid in children:
            _wait_for_exit(pid)

    def stop(self) -> None:
        """Stops the command with SIGTERM and waits for it."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)

    def log(self) -> str:
        return self._log.read_text()

    def _children(self) -> list[int]:
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        try:
            return [int(pid) for pid in children.read_text().split()]
        except FileNotFoundError:
            return []


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Sends a signal to a process, unless it has ended."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _wait_for_exit(pid: int) -> None:
    for _ in range(1500):
        if not _command(pid):
            return
        signal.sigtimedwait([], 0.02)
    raise AssertionError(f"process {pid} survived its supervisor")


class Home:
    """An installation seen from outside: its home and its two ports."""

    def __init__(self, path: Path, gateway_port: int, server_port: int) -> None:
        self.path = path
        self.gateway_port = gateway_port
        self.server_port = server_port

    @property
    def api_key(self) -> str:
        return json.loads((self.path / "bootstrap.json").read_bytes())["api_key"]

    def get(self, port: int, path: str) -> tuple[int, str]:
        """Returns status and body of a GET; without an answer, status 0 and the error."""
        return self._ask(urllib.request.Request(f"http://127.0.0.1:{port}{path}"))

    def rest(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Calls the REST API with the bootstrap key."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.server_port}/api/v1{path}",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={
                "authorization": f"Bearer {self.api_key}",
                "content-type": "application/json",
            },
        )
        status, text = self._ask(request)
        assert 200 <= status < 300, (status, text)
        return json.loads(text) if text else None

    def has_trace(self, trace: str) -> bool:
        """Returns whether the REST API returns the trace."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.server_port}/api/v1/traces/{trace}",
            headers={"authorization": f"Bearer {self.api_key}"},
        )
        return self._ask(request)[0] == 200

    def gauges(self, name: str) -> float:
        """Returns the sum of a metric over all workers."""
        _, page = self.get(self.gateway_port, "/metrics")
        lines = [line for line in page.splitlines() if line.startswith(f"penstock_{name}{{")]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def workers(self) -> int:
        """Returns the number of running gateway workers."""
        _, page = self.get(self.gateway_port, "/metrics")
        return page.count("\npenstock_in_flight{")

    async def ready(self, *ports: int, within_s: float = 60.0) -> None:
        """Waits until `/readyz` of each port is 200; otherwise fails with the last answer."""
        deadline = time.monotonic() + within_s
        for port in ports or (self.gateway_port, self.server_port):
            while (answer := await asyncio.to_thread(self.get, port, "/readyz"))[0] != 200:
                name = "gateway" if port == self.gateway_port else "server"
                assert time.monotonic() < deadline, f"{name} not ready in {within_s} s: {answer}"
                await asyncio.sleep(0.05)

    def _ask(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except (OSError, TimeoutError) as error:
            return 0, repr(error)
