"""Starts the simulator as a process, and reads its answers as raw bytes."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

CHAT = {"model": "sim-small", "messages": [{"role": "user", "content": "What is a penstock?"}]}


@dataclass(frozen=True)
class RawAnswer:
    """All bytes until the connection ended. `end` is `closed` (FIN), `reset` (RST) or `silent`."""

    data: bytes
    end: str

    @property
    def whole(self) -> bool:
        """Whether the body is complete by its HTTP framing."""
        head, _, body = self.data.partition(b"\r\n\r\n")
        if b"transfer-encoding: chunked" in head:
            return body.endswith(b"0\r\n\r\n")
        length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length"))
        return len(body) == int(length.split(b":")[1])


class Sim:
    """One running simulator."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "penstock.entrypoints.sim", json.dumps({"port": 0, **config})],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        announced = json.loads(self.process.stdout.readline())
        self.address: str = announced["address"]
        self.port: int = announced["port"]

    def stop(self) -> int:
        self.process.terminate()
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def connect(
        self, body: Any = None, path: str = "/v1/chat/completions", **sim: Any
    ) -> socket.socket:
        """Sends a request (x-sim headers as `after_tokens=3`); the caller must read the answer."""
        data = body if isinstance(body, bytes) else json.dumps(body or CHAT).encode()
        headers = "".join(
            f"x-sim-{name.replace('_', '-')}: {value}\r\n" for name, value in sim.items()
        )
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.sendall(
            f"POST {path} HTTP/1.1\r\nhost: sim\r\nconnection: close\r\n{headers}"
            f"content-length: {len(data)}\r\n\r\n".encode()
            + data
        )
        return connection

    def raw(self, body: Any = None, *, silence_s: float = 10.0, **sim: Any) -> RawAnswer:
        """Reads the raw bytes of an answer, until the connection ends or is silent."""
        data = bytearray()
        with self.connect(body, **sim) as connection:
            connection.settimeout(silence_s)
            try:
                while piece := connection.recv(65536):
                    data += piece
                return RawAnswer(bytes(data), "closed")
            except ConnectionResetError:
                return RawAnswer(bytes(data), "reset")
            except TimeoutError:
                return RawAnswer(bytes(data), "silent")

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.address + path, timeout=30) as answer:
            return json.load(answer)

    def post(
        self, body: Any, path: str = "/v1/chat/completions", **headers: str
    ) -> tuple[int, Any, Any]:
        """Sends a POST and returns status, headers and JSON of the answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.address + path, data=data, headers=names)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, json.load(error)

    def ended_call(self, tag: str) -> dict[str, Any]:
        """Waits until the call with that tag has ended, and returns its log entry."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            calls = self.get(f"/sim/calls?tag={tag}")["calls"]
            if calls and calls[-1]["outcome"] != "running":
                return calls[-1]
            time.sleep(0.01)
        pytest.fail(f"the call {tag} did not end")


@pytest.fixture(scope="session")
def sim() -> Iterator[Sim]:
    """A simulator without latency, limits or faults."""
    running = Sim({})
    yield running
    assert running.stop() == 0


@pytest.fixture
def start_sim() -> Iterator[Callable[..., Sim]]:
    """Starts simulators with the given configuration."""
    started: list[Sim] = []

    def start(**config: Any) -> Sim:
        started.append(Sim(config))
        return started[-1]

    yield start
    for each in started:
        each.stop()
