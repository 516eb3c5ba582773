"""A real Redis server for tests, on a port of this machine."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from tests.ports import free_port

KEEPS_ALL = ("--appendonly", "yes", "--appendfsync", "always")  # each change, before its answer


class RedisServer:
    """A server with its own folder; it can be stopped and started again."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Returns once the server answers."""
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        assert program is not None
        place = ("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder))
        self.process = subprocess.Popen(
            [program, *place, "--save", "", *self.options],
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
        )
        with self.client() as client:
            for _ in range(1500):
                try:
                    client.execute_command("ECHO", "ready")
                except redis.AuthenticationError:
                    return
                except redis.ConnectionError:
                    assert self.process.poll() is None
                    time.sleep(0.02)
                else:
                    return
        raise AssertionError("the Redis server does not answer")

    def kill(self) -> None:
        """Ends the server at once; what it had written to its log stays."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def signal(self, number: int) -> None:
        """Sends a signal to the server."""
        assert self.process is not None
        self.process.send_signal(number)

    def client(self) -> redis.Redis:
        """A client that waits for answers for five seconds."""
        return redis.Redis(port=self.port, socket_timeout=5, protocol=2)


@contextmanager
def redis_server(*options: str) -> Iterator[RedisServer]:
    """Runs a server. Skips the test if none is installed."""
    if not (shutil.which("redis-server") or shutil.which("valkey-server")):
        pytest.skip("no redis-server or valkey-server")  # needs: redis-server
    folder = Path(tempfile.mkdtemp(prefix="penstock-redis-"))
    server = RedisServer(folder, *options)
    server.start()
    try:
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)
