"""The simulator as a process: start, invalid configuration, stop."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

from penstock.entrypoints.sim import main
from sim.conftest import CHAT, Sim


def test_it_announces_its_address_and_stops_on_a_signal(start_sim: Callable[..., Sim]) -> None:
    sim = start_sim()
    assert sim.address == f"http://127.0.0.1:{sim.port}"
    assert sim.get("/healthz")["status"] == "ok"
    assert sim.stop() == 0


def test_it_stops_despite_a_stalled_answer(start_sim: Callable[..., Sim]) -> None:
    sim = start_sim()
    with sim.connect({**CHAT, "stream": True}, fault="stall", after_tokens=0, tag="stalled") as it:
        assert it.recv(12) == b"HTTP/1.1 200"
        assert sim.stop() == 0


def test_a_port_in_use_is_reported_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["sim", json.dumps({"port": port})]) == 2
    assert f"Port {port}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ('{"port": "x"}', "port"),
        ('{"speed": 1}', "speed"),
        ('{"port": 0, "faults": {"flood": 1}}', "flood"),
        ('{"port": 0, "log": "/nowhere/calls.jsonl"}', "/nowhere/calls.jsonl"),
    ],
)
def test_an_invalid_configuration_is_reported_in_one_line(
    config: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sim", config]) == 2
    line = capsys.readouterr().err
    assert message in line
    assert line.count("\n") == 1


def test_random_faults_have_their_probability_and_depend_on_the_seed(
    start_sim: Callable[..., Sim],
) -> None:
    one, other = (start_sim(seed=5, faults={"500": 0.2, "404": 0.2}) for _ in range(2))
    drawn = [[sim.post(CHAT)[0] for _ in range(60)] for sim in (one, other)]
    assert drawn[0] == drawn[1]
    assert 2 <= drawn[0].count(500) <= 25
    assert 2 <= drawn[0].count(404) <= 25


def test_the_log_can_be_written_to_standard_error() -> None:
    config = json.dumps({"port": 0, "log": "-"})
    with subprocess.Popen(
        [sys.executable, "-m", "penstock.entrypoints.sim", config],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        port = json.loads(process.stdout.readline())["port"]
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(
                b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\n{"
            )
            assert connection.recv(12) == b"HTTP/1.1 400"
        assert json.loads(process.stderr.readline())["outcome"] == "refused"
        process.terminate()
