"""The supervisor with real processes: starts, restarts, stops in order, cleans up."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


class Supervised:
    """A running supervisor and the events that its programs logged."""

    def __init__(
        self, log: Path, programs: dict[str, tuple[str, int]], drain_s: float, port: int
    ) -> None:
        self._log = log
        good = ("serve", "listen", "listen once")
        serving = [name for name, (behaviour, _) in programs.items() if behaviour in good]
        config: dict[str, Any] = {"log": str(log), "programs": programs, "drain_s": drain_s}
        config["port"] = port
        config["ready_when"] = serving if len(serving) == len(programs) else ["never"]
        module = "tests.entrypoints.up.supervise"
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, json.dumps(config)], cwd=ROOT
        )

    def events(self, *, of: str = "", kind: str = "") -> list[tuple[str, str, str]]:
        text = self._log.read_text() if self._log.exists() else ""
        lines = [line.split(" ", 2) for line in text.splitlines()]
        return [(n, k, v) for n, k, v in lines if of in {"", n} and kind in {"", k}]

    def pids(self, name: str = "") -> list[int]:
        return [int(pid) for _, _, pid in self.events(of=name, kind="started")]

    def wait_for(self, condition: Callable[[], object], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.events()
            time.sleep(0.02)


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Supervised]]:
    running: list[Supervised] = []

    def start(drain_s: float = 5.0, port: int = 0, **programs: tuple[str, int]) -> Supervised:
        running.append(Supervised(tmp_path / f"log{len(running)}", programs, drain_s, port))
        return running[-1]

    yield start
    for one in running:
        one.process.kill()
        one.process.wait()


def alive(pid: int) -> bool:
    """Whether the process runs. A zombie does not."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_all_programs_start_and_stop_by_rank(
    supervise: Callable[..., Supervised], number: signal.Signals
) -> None:
    it = supervise(gateway=("serve", 0), server=("serve", 1))
    it.wait_for(lambda: len(it.pids()) == 2)
    it.process.send_signal(number)
    assert it.process.wait(10) == 0
    assert [name for name, _, _ in it.events(kind="stopped")] == ["gateway", "server"]
    assert not any(map(alive, it.pids()))


def test_a_killed_program_is_restarted_five_times_in_ten_seconds(
    supervise: Callable[..., Supervised],
) -> None:
    it = supervise(gateway=("serve", 0), server=("serve", 1))
    for count in range(1, 6):
        it.wait_for(lambda count=count: len(it.pids("gateway")) == count)
        os.kill(it.pids("gateway")[-1], signal.SIGKILL)
    it.wait_for(lambda: len(it.pids("gateway")) == 6)
    assert it.process.poll() is None
    assert len(it.pids("server")) == 1
    reported = [value for _, _, value in it.events(of="supervisor", kind="reported")]
    assert reported[0] == "gateway ended (SIGKILL); restarting it"
    assert reported[-1] == "gateway ended (SIGKILL); restarting it in 0.8 s"


def test_a_killed_supervisor_takes_its_children_down(
    supervise: Callable[..., Supervised],
) -> None:
    it = supervise(gateway=("serve", 0), server=("stubborn", 1))
    it.wait_for(lambda: len(it.pids()) == 2)
    it.process.kill()
    it.process.wait()
    it.wait_for(lambda: not any(map(alive, it.pids())), seconds=2)


def test_a_program_that_does_not_stop_in_time_is_killed(
    supervise: Callable[..., Supervised],
) -> None:
    it = supervise(drain_s=-4.0, gateway=("stubborn", 0))
    it.wait_for(lambda: len(it.pids()) == 1)
    it.process.send_signal(signal.SIGTERM)
    assert it.process.wait(5) == 0
    assert not any(map(alive, it.pids()))


def test_a_second_interrupt_kills_at_once(supervise: Callable[..., Supervised]) -> None:
    it = supervise(drain_s=60.0, gateway=("stubborn", 0))
    it.wait_for(lambda: len(it.pids()) == 1)
    it.process.send_signal(signal.SIGINT)
    it.wait_for(lambda: it.events(kind="stopped"))
    assert it.process.poll() is None
    it.process.send_signal(signal.SIGINT)
    assert it.process.wait(5) == 0
    assert not any(map(alive, it.pids()))


def test_a_setup_error_of_a_program_ends_the_start(
    supervise: Callable[..., Supervised],
) -> None:
    it = supervise(server=("refuse", 1), gateway=("serve", 0))
    assert it.process.wait(10) == 2
    assert (
        it.events(of="supervisor", kind="reported")[-1][2]
        == "The server cannot start. See the message above."
    )
    assert not any(map(alive, it.pids()))


def test_a_program_that_crashes_at_its_start_is_restarted_without_end(
    supervise: Callable[..., Supervised],
) -> None:
    it = supervise(server=("crash", 1))
    it.wait_for(lambda: len(it.pids()) >= 5)
    assert it.process.poll() is None
