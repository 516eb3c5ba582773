"""The rate of small calls that one machine of two cores sustains: `python -m bench.sustained`.

Gateway, server, load generator and provider share the two cores. An open loop calls at a fixed
rate. A rate is sustained if all calls are answered and the spool does not grow. Short runs search
for the highest rate; one of five minutes confirms it, or a lower one.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench import wrk
from bench.contenders import Bench, Entry
from bench.penstock import COMMAND, command_of, penstock
from bench.process import Cores, cpu_seconds, prioritised
from bench.providers import running_providers
from bench.server import Server, SpoolGauges
from bench.workloads import request_body

_CONNECTIONS: Final = 64
_PROMPT: Final = 200
_CORES: Final = 2
_SEGMENT_BYTES: Final = 64 * 2**20  # deleted as a whole once it is shipped
_LAG_S: Final = 1.0  # a record waits up to half a second for its batch
_STEP_DOWN: Final = 0.95


@dataclass(frozen=True, slots=True)
class Extent:
    """Seconds of the short runs and of the confirming one, and the number of short runs."""

    short_s: float
    long_s: float
    searches: int
    quiet_s: float


FULL: Final = Extent(short_s=30, long_s=300, searches=5, quiet_s=6)
QUICK: Final = Extent(short_s=5, long_s=10, searches=2, quiet_s=1)


@dataclass(frozen=True, slots=True)
class Run:
    """One run at a fixed rate. `cores` is the CPU use of each process in cores. `lag_s` and
    `spool_bytes` are medians of the second and of the last fifth. `settled_s` is the time after the
    run until everything was stored and merged, `settled_cpu_s` the server's CPU time in it."""

    offered: float
    answered: float
    failed: int
    p99_ms: float
    lag_s: tuple[float, float]
    spool_bytes: tuple[float, float]
    cores: dict[str, float]
    settled_s: float
    settled_cpu_s: float

    @property
    def sustained(self) -> bool:
        """True if all calls were answered in time and the spool did not grow."""
        kept_up = not self.failed and self.answered >= 0.99 * self.offered
        lag = self.lag_s[1] <= self.lag_s[0] + _LAG_S
        size = self.spool_bytes[1] <= self.spool_bytes[0] + _SEGMENT_BYTES
        return kept_up and lag and size

    def __str__(self) -> str:
        result = "sustained" if self.sustained else "NOT SUSTAINED"
        use = ", ".join(f"{name} {cores:.2f}" for name, cores in self.cores.items())
        return (
            f"{self.offered:,.0f} calls/s: {result}; answered {self.answered:,.0f}/s,"
            f" {self.failed} failed, p99 {self.p99_ms:.1f} ms;"
            f" lag {self.lag_s[0]:.1f} then {self.lag_s[1]:.1f} s,"
            f" spool {self.spool_bytes[0] / 2**20:.0f} then"
            f" {self.spool_bytes[1] / 2**20:.0f} MiB; cores: {use};"
            f" settled after {self.settled_s:.0f} s with {self.settled_cpu_s:.1f} s of CPU"
        )


def main(argv: list[str]) -> int:
    """Returns 0 if a rate was confirmed."""
    options = _arguments().parse_args(argv)
    extent, cores = QUICK if options.quick else FULL, Cores.two_shared()
    command = command_of(options.checkout) if options.checkout else COMMAND
    with tempfile.TemporaryDirectory(prefix="penstock-sustained-") as name:
        folder = Path(name)
        with running_providers(cores, folder) as providers:
            bench = Bench(providers, cores, folder)
            with (
                penstock(bench, command=command) as entry,
                prioritised(providers.pid, realtime=cores.realtime),
            ):
                machine = Machine(bench, entry, extent)
                highest = options.rate or search(machine.short, machine.estimate(), extent.searches)
                runs = confirm(machine.long, highest)
    print(
        f"Gateway, server, load generator and provider share {_CORES} cores; load generator and"
        f" provider {'have' if cores.realtime else 'do not have'} real-time priority."
    )
    if options.out:
        options.out.write_text(json.dumps([asdict(run) for run in runs], indent=1) + "\n")
    return 0 if runs[-1].sustained else 1


def search(run: Callable[[float], Run], estimate: float, count: int) -> float:
    """Returns the highest rate that a short run sustained, by bisection around `estimate`; the
    lower bound if none did."""
    low, high = 0.5 * estimate, 1.2 * estimate
    for _ in range(count):
        rate = (low + high) / 2
        low, high = (rate, high) if run(rate).sustained else (low, rate)
    return low


def confirm(run: Callable[[float], Run], rate: float, attempts: int = 4) -> list[Run]:
    """Runs at `rate`, then at lower rates, until one is sustained. Returns all runs."""
    runs: list[Run] = []
    for _ in range(attempts):
        runs.append(run(rate))
        if runs[-1].sustained:
            break
        rate *= _STEP_DOWN
    return runs


class Machine:
    """The running installation under load."""

    def __init__(self, bench: Bench, entry: Entry, extent: Extent) -> None:
        assert entry.server
        self._bench, self._entry, self._extent = bench, entry, extent
        self._server: Server = entry.server
        self._body = bench.folder / "body.json"
        self._body.write_bytes(request_body(entry.model["small"], _PROMPT))

    def estimate(self) -> float:
        """Returns the rate at which the CPU time of a call, once stored and merged, fills the
        cores."""
        self._load(0.0, 1)
        self._server.settle(self._extent.quiet_s)
        before = self._cpu_seconds()
        load = self._load(0.0, self._extent.short_s / 3)
        self._server.settle(self._extent.quiet_s)
        spent_s = sum(_less(self._cpu_seconds(), before).values())
        rate = _CORES * load.requests / spent_s
        print(f"{spent_s / load.requests * 1e6:.0f} µs of CPU a call: about {rate:,.0f} calls/s")
        return rate

    def short(self, rate: float) -> Run:
        """One run of the search."""
        return self._run(rate, self._extent.short_s)

    def long(self, rate: float) -> Run:
        """One run that confirms."""
        return self._run(rate, self._extent.long_s)

    def _run(self, rate: float, seconds: float) -> Run:
        before, samples = self._cpu_seconds(), list[SpoolGauges]()
        with ThreadPoolExecutor(1) as threads:
            loading = threads.submit(self._load, rate, seconds)
            while not loading.done():
                samples.append(self._server.spool())
                time.sleep(seconds / 100)
        load, ended = loading.result(), time.monotonic()
        spent, server_s = _less(self._cpu_seconds(), before), cpu_seconds(self._server.pid)
        settled = self._server.settle(self._extent.quiet_s)
        run = Run(
            offered=rate,
            answered=load.rate,
            failed=load.failed + load.not_2xx,
            p99_ms=load.p99_us / 1000,
            lag_s=early_and_late([each.lag_s for each in samples]),
            spool_bytes=early_and_late([each.bytes for each in samples]),
            cores={name: used / (load.duration_us / 1e6) for name, used in spent.items()},
            settled_s=settled.at - ended - self._extent.quiet_s,
            settled_cpu_s=settled.cpu_s - server_s,
        )
        print(run, flush=True)
        return run

    def _cpu_seconds(self) -> dict[str, float]:
        load = resource.getrusage(resource.RUSAGE_CHILDREN)  # of runs of wrk, which have ended
        return {
            "gateway": cpu_seconds(self._entry.pid),
            "server": cpu_seconds(self._server.pid),
            "load generator": load.ru_utime + load.ru_stime,
            "provider": cpu_seconds(self._bench.providers.pid),
        }

    def _load(self, rate: float, seconds: float) -> wrk.Load:
        cores = self._bench.cores
        return wrk.run(
            f"http://127.0.0.1:{self._entry.port}{self._entry.path['small']}",
            self._entry.token,
            self._body,
            connections=_CONNECTIONS,
            seconds=seconds,
            cores=cores.load,
            realtime=cores.realtime,
            rate=rate,
        )


def early_and_late(values: Sequence[float]) -> tuple[float, float]:
    """Returns the medians of the second fifth (in five minutes the second minute) and the last."""
    fifth = max(1, len(values) // 5)
    return median(values[fifth : 2 * fifth] or values), median(values[-fifth:])


def _less(after: dict[str, float], before: dict[str, float]) -> dict[str, float]:
    return {name: used - before[name] for name, used in after.items()}


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.sustained", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--rate", type=float, help="confirm this rate, without a search")
    parser.add_argument("--checkout", type=Path, help="measure Penstock of another checkout")
    parser.add_argument("--out", type=Path, help="write the confirming runs as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
