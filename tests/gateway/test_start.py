"""A worker that cannot start: one clear line and exit code 2."""

import json
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.homes import make_home, provider
from penstock.entrypoints.up.probe import get
from penstock.infra.process import is_free
from tests.ports import free_port


def start(config: dict[str, object]) -> tuple[int, str]:
    command = [sys.executable, "-m", "penstock.entrypoints.gateway", json.dumps(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stderr


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", [provider("http://127.0.0.1:1/v1")])
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, said = start({"home": str(home), "port": port})
    assert (code, said.count("\n")) == (2, 1)
    assert f"127.0.0.1:{port}" in said


def test_a_home_without_a_token_says_where_to_get_one(tmp_path: Path) -> None:
    code, said = start({"home": str(tmp_path), "port": 0})
    assert (code, said.count("\n")) == (2, 1)
    assert "gateway.token" in said


@pytest.mark.parametrize("config", [{}, {"home": 5}])
def test_a_wrong_configuration_is_named(config: dict[str, object]) -> None:
    code, said = start(config)
    assert (code, said.count("\n")) == (2, 1)
    assert "home" in said


def test_without_a_configuration_it_listens_late_and_logs_the_reason(
    tmp_path: Path,
) -> None:
    """A worker without its server: it answers no calls, but its health path answers."""
    home = make_home(tmp_path / "home", [provider("http://127.0.0.1:1/v1")])
    shutil.rmtree(home / "snapshot")
    port = free_port()
    config = {"home": str(home), "port": port, "server_url": "http://127.0.0.1:9"}
    config |= {"first_snapshot_s": 1.0, "ship_rest_s": 0.1}
    command = [sys.executable, "-m", "penstock.entrypoints.gateway", "-"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as it:
        assert it.stdin is not None
        assert it.stderr is not None
        it.stdin.write(json.dumps(config))
        it.stdin.close()
        said = it.stderr.readline()
        assert "Waiting for the first configuration from http://127.0.0.1:9;" in said
        assert is_free("127.0.0.1", port)
        deadline = time.monotonic() + 60
        while is_free("127.0.0.1", port):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        status, document = get("127.0.0.1", port, "/readyz")
        it.terminate()
        rest = it.stdout.read() if it.stdout else ""
        assert it.wait(60) == 0
    assert (status, b"The gateway has no configuration yet." in document) == (503, True)
    assert rest == ""  # it never announced itself
