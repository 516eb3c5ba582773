"""Where each microsecond of a call goes: `python -m bench.steps [--quick]`.

Runs gateway and server under load, samples both, and prints a table in Markdown: CPU µs per call by
step, from the socket to the merged part. Sampling itself costs about one percent.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import wrk
from bench.contenders import Bench, Entry
from bench.penstock import penstock
from bench.process import Cores, cpu_seconds, prioritised, thread_seconds, tree
from bench.providers import running_providers
from bench.sampling import DUMP, FOLDER
from bench.storage import ENGINE, MERGE_THREADS, split
from bench.workloads import UNARY, Workload, request_body

_LABELS: Final = {("gateway", ENGINE): "between samples, other threads"}
_SMALLEST_US: Final = 0.5  # smaller steps are added up
_ROOT: Final = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The CPU seconds of a process until now: all, those of merges, and those of Python's steps."""

    total_s: float
    merges_s: float
    steps: Mapping[str, float]

    def since(self, before: "Snapshot") -> dict[str, float]:
        """Returns the seconds of each step after `before`."""
        spent = {name: used - before.steps.get(name, 0.0) for name, used in self.steps.items()}
        total_s, merges_s = self.total_s - before.total_s, self.merges_s - before.merges_s
        return split(spent, total_s, merges_s)


@dataclass(frozen=True, slots=True)
class Process:
    """A sampled process."""

    pid: int
    folder: Path

    @classmethod
    def below(cls, supervisor: int, module: str, folder: Path) -> "Process":
        """Returns the process of a module among the descendants of `supervisor`."""
        for pid in tree(supervisor):
            if module in Path(f"/proc/{pid}/cmdline").read_text().split("\0"):
                return cls(pid, folder)
        raise ValueError(f"{module} is not running")

    def snapshot(self) -> Snapshot:
        """Asks the process for its samples. Raises `TimeoutError` if none arrive."""
        file = self.folder / f"{self.pid}-{len(list(self.folder.glob(f'{self.pid}-*.json'))) + 1}"
        os.kill(self.pid, DUMP)
        deadline = time.monotonic() + 10
        while not (written := file.with_name(f"{file.name}.json")).exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"process {self.pid} wrote no samples")
            time.sleep(0.02)
        threads = thread_seconds(self.pid)
        merges_s = sum(threads.get(name, 0.0) for name in MERGE_THREADS)
        return Snapshot(cpu_seconds(self.pid), merges_s, json.loads(written.read_text()))


def main(argv: list[str]) -> int:
    """Returns 0 once the tables are printed."""
    options = _arguments().parse_args(argv)
    seconds, quiet_s = (2, 1.0) if options.quick else (10, 6.0)
    names = options.workloads.split(",")
    chosen = [each for each in UNARY if each.name in names]
    with tempfile.TemporaryDirectory(prefix="penstock-profile-") as name:
        folder, cores = Path(name), Cores.of_machine()
        (folder / "samples").mkdir()
        sampled = {
            FOLDER: str(folder / "samples"),
            "PYTHONPATH": os.pathsep.join([str(_ROOT / "bench" / "sampled"), str(_ROOT)]),
        }
        with running_providers(cores, folder) as providers:
            bench = Bench(providers, cores, folder)
            with (
                penstock(bench, sampled) as entry,
                prioritised(providers.pid, realtime=cores.realtime),
            ):
                for workload in chosen:
                    _profile(bench, entry, workload, seconds, quiet_s)
    return 0


def _profile(
    bench: Bench, entry: Entry, workload: Workload, seconds: float, quiet_s: float
) -> None:
    assert entry.server
    samples = bench.folder / "samples"
    gateway = Process.below(entry.pid, "penstock.entrypoints.gateway", samples)
    server = Process.below(entry.server.pid, "penstock.entrypoints.server", samples)
    _load(bench, entry, workload, max(1, seconds / 3))  # warm-up
    idle = entry.server.settle(quiet_s)
    before = gateway.snapshot(), server.snapshot()
    calls = _load(bench, entry, workload, seconds)
    served = gateway.snapshot()
    ended = entry.server.settle(quiet_s)
    stored = server.snapshot()
    print(f"### {workload.name}, {calls:,} calls\n")
    print(render("gateway", served.since(before[0]), calls))
    print(render("server", stored.since(before[1]), calls))
    idle_us = ended.idle_share * (ended.at - idle.at) / calls * 1e6
    print(f"An idle server uses {ended.idle_share:.1%} of a core: {idle_us:.1f} µs of these.\n")


def render(process: str, seconds: Mapping[str, float], calls: int) -> str:
    """Returns a table in Markdown: CPU µs per call by step, largest first."""
    each = {
        _LABELS.get((process, name), name): spent / calls * 1e6 for name, spent in seconds.items()
    }
    rows = {name: value for name, value in each.items() if value >= _SMALLEST_US}
    total = sum(each.values())
    if (small := total - sum(rows.values())) > 0:
        rows["smaller steps"] = small
    lines = [f"| {process} | CPU µs a call | share |", "|---|---|---|"]
    lines += [
        f"| {name} | {value:.1f} | {value / total:.0%} |"
        for name, value in sorted(rows.items(), key=lambda row: -row[1])
    ]
    return "\n".join([*lines, f"| **all** | **{total:.1f}** | |", ""])


def _load(bench: Bench, entry: Entry, workload: Workload, seconds: float) -> int:
    route = workload.name.partition("@")[0]
    body = bench.folder / "body.json"
    body.write_bytes(request_body(entry.model[route], workload.prompt_size))
    load = wrk.run(
        f"http://127.0.0.1:{entry.port}{entry.path[route]}",
        entry.token,
        body,
        connections=workload.connections,
        seconds=seconds,
        cores=bench.cores.load,
        realtime=bench.cores.realtime,
    )
    if load.not_2xx or not load.requests:
        raise ValueError(f"{load.not_2xx} of {load.requests} calls were refused")
    return load.requests


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.steps", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 s of load for each workload")
    parser.add_argument("--workloads", default="small@64,large@64", help="comma-separated")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
