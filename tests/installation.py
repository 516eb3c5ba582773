"""A complete installation: `penstock up` on free ports, with its own home."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.ports import free_port

PENSTOCK = Path(sys.executable).with_name("penstock")
NO_DELAY = {"PENSTOCK_SIMULATOR__LATENCY_MS": "0", "PENSTOCK_SIMULATOR__TOKENS_PER_SECOND": "0"}
_FOREIGN = ("PENSTOCK_", "OPENAI_")  # variables of the user who runs the tests


class Installation:
    """One home. It can be started several times; `output` is the output of the last start."""

    def __init__(self, home: Path, program: Path = PENSTOCK) -> None:
        self.home = home
        self.extra: dict[str, str] = {}  # additional environment variables
        self._program = program
        self.gateway_port = free_port()
        self.server_port = free_port()
        self.process: subprocess.Popen[str] | None = None
        self._log = home.with_name(f"{home.name}.log")

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}"

    @property
    def server(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def key(self) -> str:
        return str(json.loads((self.home / "bootstrap.json").read_text())["api_key"])

    @property
    def gateway_key(self) -> str:
        """The application key of the first start."""
        return str(json.loads((self.home / "bootstrap.json").read_text())["gateway_key"])

    @property
    def output(self) -> str:
        return self._log.read_text()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the commands of this installation."""
        ours = {name: v for name, v in os.environ.items() if not name.startswith(_FOREIGN)}
        return (
            ours
            | NO_DELAY
            | self.extra
            | {
                "PENSTOCK_HOME": str(self.home),
                "PENSTOCK_GATEWAY__PORT": str(self.gateway_port),
                "PENSTOCK_SERVER__PORT": str(self.server_port),
            }
        )

    def start(self, *arguments: str, wait: bool = True) -> float:
        """Starts it. Returns the seconds until it was ready, if `wait`."""
        begun = time.monotonic()
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [str(self._program), "up", *arguments],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )
        if wait:
            try:
                self.wait_for(lambda: "Press Ctrl-C to stop." in self.output)
            except BaseException:  # nobody would stop it
                self.kill()
                raise
        return time.monotonic() - begun

    def wait_for(self, condition: Callable[[], object], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process is not None
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stops it and returns its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def kill(self) -> None:
        """Kills it and its children, in any state."""
        if self.process is not None and self.process.poll() is None:
            children = self.children()
            self.process.kill()
            self.process.wait()
            for pid in children.values():
                wait_until(lambda pid=pid: not alive(pid))

    def children(self) -> dict[str, int]:
        """Returns the process ids by module (`gateway`, `server`, `sim`)."""
        assert self.process is not None
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        found: dict[str, int] = {}
        for pid in map(int, listed.split()):
            with suppress(FileNotFoundError, ProcessLookupError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                if command[1:2] == ["-m"]:  # neither just forked nor ended
                    found[command[2].rpartition(".")[2]] = pid
        return found

    def run(self, *arguments: str, code: int = 0) -> str:
        """Runs a command; returns its standard output, or all its output if `code` is not 0."""
        done = self._finish(*arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stdout + done.stderr

    def try_run(self, *arguments: str) -> str:
        """Runs a command that may fail; returns all its output."""
        done = self._finish(*arguments)
        return done.stdout + done.stderr

    def _finish(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self._program), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def json(self, *arguments: str) -> Any:
        """Runs a command with `--json` and returns the decoded output."""
        return json.loads(self.run(*arguments, "--json"))

    def get(self, path: str) -> Any:
        """Sends GET to the REST API with the admin key."""
        request = urllib.request.Request(self.server + path)
        request.add_header("authorization", f"Bearer {self.key}")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def post(self, path: str, body: Any, method: str = "POST") -> Any:
        """Sends a body to the REST API with the admin key."""
        request = urllib.request.Request(
            self.server + path, data=json.dumps(body).encode(), method=method
        )
        request.add_header("authorization", f"Bearer {self.key}")
        request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def chat(self, text: str = "Hello!", model: str = "sim/sim-small", **more: Any) -> Any:
        """Makes a unary call through the gateway."""
        body = {"model": model, "messages": [{"role": "user", "content": text}], **more}
        request = urllib.request.Request(
            f"{self.gateway}/v1/chat/completions", data=json.dumps(body).encode()
        )
        request.add_header("authorization", f"Bearer {self.gateway_key}")
        request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def answers_rest(self) -> bool:
        """True if the server answers."""
        with suppress(OSError, ValueError):
            return bool(self.get("/api/v1/session"))
        return False

    def answers(self, model: str = "sim/sim-small") -> bool:
        """True if the gateway answers a call."""
        with suppress(OSError, ValueError):
            return bool(self.chat(model=model, max_tokens=1)["choices"])
        return False


def alive(pid: int) -> bool:
    """True if the process runs. A zombie does not."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.02)
