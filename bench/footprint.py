"""The resources of an installation: `python -m bench.footprint`.

Measures wall and CPU time from `penstock up` to the first answered call, at the first and the
second start, and the memory when idle after 10,000 calls.
"""

import argparse
import json
import os
import queue
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Final
from urllib.error import HTTPError

import msgspec

from bench.penstock import COMMAND
from bench.process import cpu_seconds, free_port, started, tree, wait_file
from bench.server import Api
from bench.workloads import MODEL, request_body

RESULT: Final = Path(__file__).parent / "results" / "footprint.json"
STARTS: Final = ("first", "second")
_POLL_S: Final = 0.005
_PATIENCE_S: Final = 120.0
_CLIENTS: Final = 16
_PROVIDER: Final = "fast"  # a simulator without latency, beside the one that `up` starts


@dataclass(frozen=True, slots=True)
class Start:
    """One start until the first answered call: wall time, CPU time of the process tree, and the
    load average of the machine."""

    which: str
    wall_s: float
    cpu_s: float
    load: float


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory of one process: private (`Pss_Anon`), and with its share of files (`Pss`)."""

    process: str
    anon_mb: float
    pss_mb: float
    threads: int


@dataclass(frozen=True, slots=True)
class Installation:
    """A home and its ports."""

    home: Path
    gateway_port: int = field(default_factory=free_port)
    server_port: int = field(default_factory=free_port)

    @property
    def api(self) -> Api:
        """The client of its REST API."""
        return Api(self.server_port, self.home)

    @contextmanager
    def up(self) -> Generator[int, None, None]:
        """Runs `penstock up` and yields the supervisor's process id."""
        command = [str(COMMAND), "up", "--home", str(self.home)]
        command += ["--gateway-port", str(self.gateway_port)]
        command += ["--server-port", str(self.server_port)]
        cores, log = all_cores(), self.home.with_suffix(".log")
        with started(command, cores=cores, log=log, env={"OPENAI_API_KEY": ""}) as process:
            yield process.pid

    def answers(self) -> bool:
        """True if a chat call is answered with 200."""
        with suppress(OSError, ValueError, KeyError), self.connection() as connection:
            return self.call(connection, "sim/sim-small", max_tokens=1) == 200
        return False  # no key, no port, no snapshot yet

    def connection(self) -> closing[HTTPConnection]:
        """One kept-alive connection to the gateway."""
        return closing(HTTPConnection("127.0.0.1", self.gateway_port, timeout=30))

    def call(self, connection: HTTPConnection, model: str, max_tokens: int = 64) -> int:
        """Makes a chat call and returns the status."""
        body = json.loads(request_body(model, 200)) | {"max_tokens": max_tokens}
        headers = {
            "authorization": f"Bearer {self.api.key}",
            "content-type": "application/json",
        }
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status


def main(argv: list[str]) -> int:
    """Returns 0 if everything was measured."""
    options = _arguments().parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="penstock-footprint-") as folder:
        starts = list(_starts(Path(folder), options.rounds))
        memory = _memory(Path(folder), options.calls, options.idle_s) if options.calls else []
    _report(starts, memory, options)
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.footprint", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=5, help="number of first and second starts (5)"
    )
    parser.add_argument(
        "--calls", type=int, default=10_000, help="calls before memory is measured (10000)"
    )
    parser.add_argument(
        "--idle-s", type=float, default=300, help="idle time before memory is measured (300)"
    )
    parser.add_argument("--out", type=Path, default=RESULT, help="the result file")
    return parser


def _starts(folder: Path, rounds: int) -> Generator[Start, None, None]:
    for number in range(rounds):
        installation = Installation(folder / f"home-{number}")
        for which in STARTS:
            start = _start(installation, which)
            print(f"{which:>6} start: {start.wall_s:.2f} s, of CPU {start.cpu_s:.2f} s", flush=True)
            yield start


def _start(installation: Installation, which: str) -> Start:
    load, begun = os.getloadavg()[0], time.monotonic()
    with installation.up() as pid:
        while not installation.answers():
            if time.monotonic() - begun > _PATIENCE_S:
                raise SystemExit(f"no answer; see {installation.home.with_suffix('.log')}")
            time.sleep(_POLL_S)
        wall_s, cpu_s = time.monotonic() - begun, cpu_seconds(pid)
        wait_ready(installation)  # do not stop it in the middle of its start
    return Start(which, round(wall_s, 3), cpu_s, load)


def wait_ready(installation: Installation) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        url = f"http://127.0.0.1:{installation.server_port}/readyz"
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except HTTPError as error:
            error.close()  # 503: not yet
        except OSError:
            pass  # not listening yet
        time.sleep(0.1)
    raise SystemExit("the server was not ready in time")


def _memory(folder: Path, calls: int, idle_s: float) -> list[Memory]:
    installation = Installation(folder / "home-memory")
    _start(installation, "first")
    with installation.up() as pid, fast_simulator(folder) as port:
        wait_ready(installation)
        add_provider(installation.api, port)
        before = _stored(installation.api)
        _load(installation, calls)
        _wait_stored(installation.api, before + calls)
        print(f"{calls} calls stored; idle for {idle_s:.0f} s", flush=True)
        time.sleep(idle_s)
        return [read_memory(member) for member in tree(pid)]


@contextmanager
def fast_simulator(folder: Path) -> Generator[int, None, None]:
    log = folder / "fast.log"
    config = json.dumps({"port": 0, "recent_calls": 1})
    command = [sys.executable, "-m", "penstock.entrypoints.sim", config]
    with started(command, cores=all_cores(), log=log) as process:
        yield json.loads(wait_file(log, process, log, patience_s=20))["port"]


def add_provider(api: Api, port: int) -> None:
    project = api.call("GET", "/projects")["items"][0]
    provider = {
        "name": _PROVIDER,
        "base_url": f"http://127.0.0.1:{port}/v1",
        "models": [MODEL],
        "private_allowed": True,
        "vendor": "openai",
    }
    api.call("POST", f"/projects/{project['id']}/providers", provider)


def _load(installation: Installation, calls: int) -> None:
    """Makes that many answered calls, with one keep-alive connection per client."""
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(calls):
        waiting.put(number)

    def client() -> None:
        with installation.connection() as connection, suppress(queue.Empty):
            while True:
                waiting.get_nowait()
                while installation.call(connection, f"{_PROVIDER}/{MODEL}") != 200:
                    time.sleep(0.1)  # the gateway does not have the new provider yet

    with ThreadPoolExecutor(_CLIENTS) as clients:
        for done in [clients.submit(client) for _ in range(_CLIENTS)]:
            done.result()


def _wait_stored(api: Api, count: int) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while _stored(api) < count:
        if time.monotonic() > deadline:
            raise SystemExit(f"only {_stored(api)} of {count} calls are stored")
        time.sleep(0.5)


def _stored(api: Api) -> int:
    return int(api.call("GET", "/overview")["totals"]["requests"])


def read_memory(pid: int) -> Memory:
    place = Path(f"/proc/{pid}")
    command = (place / "cmdline").read_text().split("\0")
    rollup = (place / "smaps_rollup").read_text().partition("\n")[2]
    return memory_of(command, rollup, len(list((place / "task").iterdir())))


def memory_of(command: list[str], rollup: str, threads: int) -> Memory:
    """Reads the memory from a command line and the lines of `smaps_rollup` without the first."""
    name = next((word for word in command if word.startswith("penstock.")), "penstock up")
    kb = {line.split(":")[0]: int(line.split()[1]) for line in rollup.splitlines()}
    return Memory(name, round(kb["Pss_Anon"] / 1024, 1), round(kb["Pss"] / 1024, 1), threads)


def all_cores() -> str:
    return ",".join(map(str, sorted(os.sched_getaffinity(0))))


def _report(starts: list[Start], memory: list[Memory], options: argparse.Namespace) -> None:
    summary = _medians(starts)
    if memory:
        summary["memory"] = {
            "anon_mb": round(sum(each.anon_mb for each in memory), 1),
            "pss_mb": round(sum(each.pss_mb for each in memory), 1),
        }
    for each in memory:
        print(
            f"{each.process:30} {each.anon_mb:7.1f} MB anon {each.pss_mb:7.1f} MB PSS"
            f" {each.threads:4} threads"
        )
    for what, figures in summary.items():
        print(f"{what}: " + ", ".join(f"{name} {value:g}" for name, value in figures.items()))
    document = {
        "taken": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cores": len(os.sched_getaffinity(0)),
        "calls": options.calls,
        "idle_s": options.idle_s,
        "summary": summary,
        "starts": starts,
        "memory": memory,
    }
    options.out.parent.mkdir(exist_ok=True)
    encoded = msgspec.json.format(msgspec.json.encode(document), indent=1)
    options.out.write_bytes(encoded + b"\n")


def _medians(starts: list[Start]) -> dict[str, dict[str, float]]:
    return {
        which: {
            "wall_s": round(median(each.wall_s for each in ours), 3),
            "least_wall_s": min(each.wall_s for each in ours),
            "cpu_s": round(median(each.cpu_s for each in ours), 3),
        }
        for which in STARTS
        if (ours := [each for each in starts if each.which == which])
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
