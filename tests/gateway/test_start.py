"""What keeps a worker from starting: one clear line and exit code 2."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.homes import make_home, provider


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
