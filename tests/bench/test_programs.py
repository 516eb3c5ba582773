"""Parses the output of the benchmark's programs; measures and ends their processes."""

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from bench import nginx, wrk
from bench.process import Cores, cpu_seconds, memory_mb, started, wait_file, wait_http
from bench.workloads import ANSWERS, answer_body, request_body
from tests.ports import free_port

ALL_CORES = ",".join(map(str, sorted(os.sched_getaffinity(0))))
STATUS = "Active connections: 1 \nserver accepts handled requests\n 3 3 41 \nReading: 0 \n"


def test_the_output_of_wrk_is_parsed() -> None:
    line = (
        'BENCH {"requests":100,"duration_us":2000000,"received_bytes":5,"failed":1,"not_2xx":20,'
        '"p50_us":1,"p90_us":2,"p99_us":3,"p999_us":4,"max_us":5}'
    )
    load = wrk.parse(f"Running 2s test\n{line}\n")
    assert load.rate == 40.0  # errors do not count
    assert load.p99_us == 3


def test_an_error_of_wrk_is_reported() -> None:
    with pytest.raises(ValueError, match="unable to connect"):
        wrk.parse("", "unable to connect to 127.0.0.1")


def test_the_request_count_of_nginx_is_parsed() -> None:
    assert nginx.requests_seen(STATUS) == 41


def test_the_canned_provider_answers_every_route_and_counts(tmp_path: Path) -> None:
    port = free_port()
    conf, log = nginx.provider_conf(tmp_path / "nginx", port), tmp_path / "nginx.log"
    with started(nginx.command(conf), cores=ALL_CORES, log=log) as process:
        wait_http(f"http://127.0.0.1:{port}/status", process, log, patience_s=10)
        for route, size in ANSWERS.items():
            url = f"http://127.0.0.1:{port}/{route}/v1/chat/completions"
            request = urllib.request.Request(url, request_body("m", 32_000))
            with urllib.request.urlopen(request, timeout=10) as answer:
                assert answer.read() == answer_body(size)
        body = tmp_path / "body.json"
        body.write_bytes(request_body("m", 200))
        load = wrk.run(
            f"http://127.0.0.1:{port}/small/v1/chat/completions",
            "token",
            body,
            connections=2,
            seconds=1,
            cores=ALL_CORES,
        )
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=10) as page:
            seen = nginx.requests_seen(page.read().decode())
    assert load.requests > 10
    assert (load.failed, load.not_2xx) == (0, 0)
    assert 0 <= seen - (load.requests + len(ANSWERS) + 2) <= 2  # calls that wrk aborted at its end


def test_a_rate_is_kept_over_all_connections(tmp_path: Path) -> None:
    port, body = free_port(), tmp_path / "body.json"
    body.write_bytes(request_body("m", 200))
    conf, log = nginx.provider_conf(tmp_path / "nginx", port), tmp_path / "nginx.log"
    with started(nginx.command(conf), cores=ALL_CORES, log=log) as process:
        wait_http(f"http://127.0.0.1:{port}/status", process, log, patience_s=10)
        load = wrk.run(
            f"http://127.0.0.1:{port}/small/v1/chat/completions",
            "token",
            body,
            connections=8,
            seconds=2,
            cores=ALL_CORES,
            rate=200,
        )
    # It is not faster than its schedule: one call is due every 5 ms.
    assert 0 < load.requests <= load.duration_us / 5_000 + 1
    assert (load.failed, load.not_2xx) == (0, 0)


def test_a_process_tree_is_measured_and_ended(tmp_path: Path) -> None:
    ready, log = tmp_path / "child", tmp_path / "log"
    program = (
        "import pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        f"pathlib.Path({str(ready)!r}).write_text(str(child.pid))\n"
        "end = time.process_time() + 0.2\n"
        "while time.process_time() < end: pass\n"
        "time.sleep(60)\n"
    )
    with started([sys.executable, "-c", program], cores=ALL_CORES, log=log) as process:
        child = int(wait_file(ready, process, log, patience_s=10))
        deadline = time.monotonic() + 10
        while cpu_seconds(process.pid) < 0.2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert cpu_seconds(process.pid) >= 0.2
        assert memory_mb(process.pid) > 1
    deadline = time.monotonic() + 10
    while _runs(child):
        assert time.monotonic() < deadline, "the child is still running"
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    """Whether the process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_program_that_exits_at_its_start_is_reported_with_its_output(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        started([sys.executable, "-c", "raise SystemExit('no')"], cores=ALL_CORES, log=log) as one,
        pytest.raises(RuntimeError, match=r"did not come up[\s\S]*no"),
    ):
        wait_http("http://127.0.0.1:1/", one, log, patience_s=10)


def test_the_gateway_has_its_own_core() -> None:
    cores = Cores.of_machine()
    assert cores.gateway not in {cores.load, cores.upstream}


def test_help_names_every_option() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench", "--help"], capture_output=True, text=True, check=True
    )
    for option in ("--quick", "--rounds", "--only", "--workloads"):
        assert option in ran.stdout
