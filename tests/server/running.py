"""A real server process on a free port, and a client that uses HTTP only."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.ports import free_port

SOURCES = Path(__file__).parents[2] / "src"
PASSWORD = "a long enough password"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Caller:
    """A caller: the headers that authenticate it."""

    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Server:
    home: Path
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def bootstrap(self) -> dict[str, str]:
        return json.loads((self.home / "bootstrap.json").read_bytes())

    @property
    def root(self) -> Caller:
        return by_key(self.bootstrap["api_key"])

    def call(
        self,
        method: str,
        path: str,
        caller: Caller | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            content = body if isinstance(body, bytes) else json.dumps(body) if body else None
            sent = {"content-type": "application/json"} if content else {}
            sent |= (caller or Caller()).headers
            connection.request(method, path, content, sent | dict(headers or {}))
            found = connection.getresponse()
            return Answer(found.status, {k.lower(): v for k, v in found.getheaders()}, found.read())
        finally:
            connection.close()

    def project_id(self) -> str:
        return self.call("GET", "/api/v1/session", self.root).json()["project_id"]

    def sign_in(self, email: str, password: str) -> Caller:
        answer = self.call("POST", "/api/v1/session", body={"email": email, "password": password})
        assert answer.status == 200, answer.body
        return _session(answer)

    def join(self, project_id: str, email: str, role: str) -> Caller:
        """Somebody new, who was invited and chose `PASSWORD`; signed in."""
        path = f"/api/v1/projects/{project_id}/invitations"
        made = self.call("POST", path, self.root, {"email": email, "role": role})
        assert made.status == 201, made.body
        body = {"token": made.json()["token"], "email": email, "password": PASSWORD}
        answer = self.call("POST", "/api/v1/invitations/redeem", body=body)
        assert answer.status == 200, answer.body
        return _session(answer)

    def wait_for(self, path: str, status: int = 200, seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                if self.call("GET", path).status == status:
                    return
            except OSError:
                if self.process.poll() is not None:
                    raise AssertionError(self.log.read_text()) from None
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def _session(answer: Answer) -> Caller:
    cookie = answer.headers["set-cookie"].partition(";")[0]
    return Caller({"cookie": cookie, "x-csrf-token": answer.json()["csrf_token"]})


def by_key(secret: str) -> Caller:
    return Caller({"authorization": f"Bearer {secret}"})


def start(home: Path, **settings: object) -> Server:
    """Starts the process; wait for `/healthz` or `/readyz` before calling it."""
    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    log = home.with_name(f"{home.name}.log")
    config = {"home": str(home), "port": port, "find_providers": False, **settings}
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "penstock.entrypoints.server", json.dumps(config)],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            env={**os.environ, "PYTHONPATH": str(SOURCES), "OPENAI_API_KEY": ""},
        )
    return Server(home, port, process, log)


@contextmanager
def running(home: Path, **settings: object) -> Iterator[Server]:
    server = start(home, **settings)
    try:
        server.wait_for("/healthz")
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
