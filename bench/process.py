"""Child processes of the benchmark: starts, pins, measures and ends them."""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.error import URLError

TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_REALTIME: Final = ("chrt", "--rr", "10")


@dataclass(frozen=True, slots=True)
class Cores:
    """The core of each process. With two cores, load generator and upstream share one."""

    gateway: str
    load: str
    upstream: str
    # Load generator and provider may have real-time priority over a server on their core.
    realtime: bool = False

    @classmethod
    def of_machine(cls) -> "Cores":
        """Assigns the last core to the gateway, the first to the load, the second to upstream."""
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            raise SystemExit(
                "The benchmark needs two cores: one for the gateway, one for the load."
            )
        upstream = cores[1 if len(cores) > 2 else 0]
        return cls(str(cores[-1]), str(cores[0]), str(upstream), realtime_permitted())

    @classmethod
    def two_shared(cls) -> "Cores":
        """Assigns the same two cores to all processes."""
        both = ",".join(map(str, sorted(os.sched_getaffinity(0))[:2]))
        return cls(both, both, both, realtime_permitted())


def realtime_permitted() -> bool:
    """Returns whether this user may give a process real-time priority."""
    if shutil.which("chrt") is None:
        return False
    return subprocess.run([*_REALTIME, "true"], capture_output=True, check=False).returncode == 0


def pinned(cores: str, *, realtime: bool = False) -> list[str]:
    """Returns the command line prefix that pins a process and gives it its priority."""
    return ["taskset", "-c", cores, *(_REALTIME if realtime else ())]


@contextmanager
def prioritised(pid: int, *, realtime: bool) -> Generator[None, None, None]:
    """Gives a process tree real-time priority until the end of the block, if `realtime`."""
    members = [str(each) for each in tree(pid)] if realtime else []
    for member in members:
        subprocess.run([*_REALTIME[:2], "--pid", _REALTIME[2], member], check=True)
    try:
        yield
    finally:
        for member in members:
            subprocess.run(["chrt", "--other", "--pid", "0", member], check=True)


def free_port() -> int:
    """Returns a free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(
    command: Sequence[str],
    *,
    cores: str,
    log: Path,
    env: Mapping[str, str] | None = None,
) -> Generator[subprocess.Popen[bytes], None, None]:
    """Runs a command in its own process group, pinned; ends the whole group on leaving."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*pinned(cores), *command],
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for sign, patience_s in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
            return


def wait_http(url: str, process: subprocess.Popen[bytes], log: Path, *, patience_s: float) -> None:
    """Waits until `url` answers 200. Raises `RuntimeError` with the end of the log if the process
    ends or the time is over."""

    def answers() -> bool:
        with suppress(URLError, OSError), urllib.request.urlopen(url, timeout=5):
            return True
        return False

    _wait(answers, url, process, log, patience_s)


def wait_file(file: Path, process: subprocess.Popen[bytes], log: Path, *, patience_s: float) -> str:
    """Waits until `file` has content and returns it. Raises `RuntimeError` like `wait_http`."""
    _wait(lambda: file.exists() and bool(file.read_text()), str(file), process, log, patience_s)
    return file.read_text()


def _wait(
    ready: Callable[[], bool],
    what: str,
    process: subprocess.Popen[bytes],
    log: Path,
    patience_s: float,
) -> None:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline and process.poll() is None:
        if ready():
            return
        time.sleep(0.1)
    tail = log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"{what} did not come up; the end of {log}:\n{tail}")


def tree(pid: int) -> list[int]:
    """Returns the process and all its descendants."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            with suppress(OSError):
                found += [int(child) for child in children.read_text().split()]
    return found


def cpu_seconds(pid: int) -> float:
    """Returns the user and system time of a process tree, including ended children."""
    ticks = 0
    for member in tree(pid):
        with suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / TICKS_PER_S


def memory_mb(pid: int) -> float:
    """Proportional set size of a process tree in MB."""
    total_kb = 0
    for member in tree(pid):
        with suppress(OSError):
            for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total_kb += int(line.split()[1])
    return total_kb / 1024


def thread_seconds(pid: int) -> dict[str, float]:
    """Returns the user and system time of the running threads of a process, by their name."""
    found: dict[str, float] = {}
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(OSError):
            head, _, tail = stat.read_text().rpartition(")")
            name, fields = head.partition("(")[2], tail.split()
            found[name] = found.get(name, 0.0) + (int(fields[11]) + int(fields[12])) / TICKS_PER_S
    return found
