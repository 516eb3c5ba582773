"""`python -m bench.features`: throughput of a gateway worker with all features, and without them.

Both workers run in front of the same provider. They are loaded in turn for a few seconds, so that
other work on the machine slows both, and the ratio of each pair counts. No server takes the
records. Each request is another one: no cache has its answer. CPU time is user and system time of
the worker.
"""

import argparse
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from bench import wrk
from bench.contenders import Bench, Entry
from bench.gateway_alone import gateway_alone
from bench.instructions import ARMS
from bench.process import Cores, cpu_seconds, prioritised
from bench.providers import running_providers
from bench.workloads import UNARY, Workload, request_body

OFF: Final = "off"


class Measured(NamedTuple):
    """One run of one arm."""

    rate: float  # calls a second
    cpu_us: float  # of a call
    p99_us: int


def main(argv: list[str]) -> int:
    """Prints a line for each workload and arm: medians, and the median ratio to the arm `off`."""
    parser = argparse.ArgumentParser(prog="python -m bench.features", description=__doc__)
    parser.add_argument("--arms", default="all", help=f"comma-separated subset of {','.join(ARMS)}")
    parser.add_argument("--workloads", default=",".join(each.name for each in UNARY))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args(argv)
    names = [OFF, *options.arms.split(",")]
    chosen = [each for each in UNARY if each.name in options.workloads.split(",")]
    cores = Cores.of_machine()
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder, ExitStack() as stack:
        providers = stack.enter_context(running_providers(cores, Path(folder)))
        stack.enter_context(prioritised(providers.pid, realtime=cores.realtime))
        bench = Bench(providers, cores, Path(folder))
        entries = {name: stack.enter_context(_worker(bench, name)) for name in names}
        for workload in chosen:
            rounds = [
                {
                    name: _run(bench, entry, workload, options.seconds)
                    for name, entry in entries.items()
                }
                for _ in range(options.rounds + 1)
            ][1:]
            for name in names:
                _print(workload, name, rounds)
    return 0


@contextmanager
def _worker(bench: Bench, arm: str) -> Generator[Entry]:
    policies, asks_cache = ARMS[arm]
    with gateway_alone(bench, policies) as entry:
        yield replace(entry, asks_cache=asks_cache)


def _run(bench: Bench, entry: Entry, workload: Workload, seconds: float) -> Measured:
    route = workload.name.partition("@")[0]
    body = bench.folder / "body.json"
    body.write_bytes(request_body(entry.model[route], workload.prompt_size))
    used_s = cpu_seconds(entry.pid)
    load = wrk.run(
        f"http://127.0.0.1:{entry.port}{entry.path[route]}",
        entry.token,
        body,
        connections=workload.connections,
        seconds=seconds,
        cores=bench.cores.load,
        realtime=bench.cores.realtime,
        distinct=True,
        asks_cache=entry.asks_cache,
    )
    if load.not_2xx or load.failed or not load.requests:
        raise ValueError(f"{load.not_2xx + load.failed} of {load.requests} calls have failed")
    cpu_us = (cpu_seconds(entry.pid) - used_s) / load.requests * 1e6
    return Measured(load.rate, cpu_us, load.p99_us)


def _print(workload: Workload, name: str, rounds: list[dict[str, Measured]]) -> None:
    rate, cpu_us, p99_us = map(median, zip(*(each[name] for each in rounds), strict=True))
    ratio = median(each[name].rate / each[OFF].rate for each in rounds)
    of_cpu = median(each[OFF].cpu_us / each[name].cpu_us for each in rounds)
    added_us = median(each[name].p99_us - each[OFF].p99_us for each in rounds)
    print(
        f"{workload.name:9} {name:8} {rate:8,.0f} calls/s  {cpu_us:6.0f} µs of CPU"
        f"  p99 {p99_us / 1000:6.2f} ms (added {added_us / 1000:5.2f})"
        f"  throughput {ratio:6.1%}, by CPU {of_cpu:6.1%} of off",
        flush=True,
    )


if __name__ == "__main__":
    import sys

    raise SystemExit(main(sys.argv[1:]))
