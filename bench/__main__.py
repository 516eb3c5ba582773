"""`python -m bench`: starts the providers, measures each gateway in each round, reports."""

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final

import msgspec

from bench import contenders
from bench.chart import draw
from bench.contenders import Bench, Start
from bench.gateway_alone import gateway_alone
from bench.penstock import command_of, penstock, penstock_with_policies
from bench.process import Cores, realtime_permitted
from bench.providers import running_providers
from bench.session import Plan, Round, measure
from bench.table import Target, disturbed, render, summarise, targets
from bench.workloads import UNARY

RESULTS: Final = Path(__file__).parent / "results"
CONTENDERS: Final[dict[str, Start]] = {
    "direct": contenders.direct,
    "nginx": contenders.nginx_proxy,
    "nginx-plain": contenders.nginx_plain,
    "penstock": penstock,
    "penstock-policies": penstock_with_policies,
    "gateway": gateway_alone,
    "litellm": contenders.litellm,
    "tensorzero": contenders.tensorzero,
}
# Idle, the store looks for parts to merge every five seconds.
FULL: Final = Plan(seconds=10, warmup_s=3, waves=2, quiet_s=6)
QUICK: Final = Plan(seconds=3, warmup_s=1, waves=1, quiet_s=2)


def main(argv: list[str]) -> int:
    """Returns 0 if everything was measured and the counts of calls match."""
    signal.signal(signal.SIGTERM, _stop)
    options = _arguments().parse_args(argv)
    plan = _plan(options)
    known = _contenders(options.before)
    names = options.only.split(",") if options.only else list(known)
    round_count = options.rounds or (1 if options.quick else 3)
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder:
        rounds = _measure({name: known[name] for name in names}, round_count, plan, Path(folder))
    return _report(rounds, plan, options.name)


def _contenders(before: Path | None) -> dict[str, Start]:
    """Returns the gateways to measure, and Penstock of the checkout `before` if there is one."""
    if before is None:
        return CONTENDERS
    return CONTENDERS | {"before": partial(penstock, command=command_of(before))}


def _plan(options: argparse.Namespace) -> Plan:
    plan = replace(QUICK if options.quick else FULL, stream_count=options.streams)
    if not options.workloads:
        return plan
    wanted = set(options.workloads.split(","))
    chosen = tuple(each for each in UNARY if each.name in wanted)
    return replace(plan, waves=plan.waves * ("streams" in wanted), workloads=chosen)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench ARGS=", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round, 3 s per workload")
    parser.add_argument("--rounds", type=int, help="number of rounds (3, or 1 with --quick)")
    parser.add_argument("--only", help=f"comma-separated subset of {','.join(CONTENDERS)}")
    parser.add_argument("--before", type=Path, help="another checkout of Penstock to compare with")
    parser.add_argument(
        "--workloads",
        help=f"comma-separated subset of {','.join(each.name for each in UNARY)},streams",
    )
    parser.add_argument("--streams", type=int, default=256, help="number of paced streams (256)")
    parser.add_argument("--name", default="latest", help="name of the result files (latest)")
    return parser


def _measure(
    starts: Mapping[str, Start], count: int, plan: Plan, folder: Path
) -> list[list[Round]]:
    cores = Cores.of_machine()
    rounds: list[list[Round]] = []
    with running_providers(cores, folder) as providers:
        for number in range(count):
            rounds.append([])
            for name, start in starts.items():
                bench = Bench(providers, cores, folder)
                for update in measure(name, start, bench, plan):
                    if isinstance(update, Round):
                        rounds[-1].append(update)
                    else:
                        _show_progress(f"round {number + 1} of {count}: {name}, {update}")
    _show_progress("")
    return rounds


def _report(rounds: list[list[Round]], plan: Plan, name: str) -> int:
    summary = summarise(rounds)
    reached = targets(summary)
    print(render(summary), end="\n\n")
    print(_priority())
    for target in reached:
        print(
            f"{'reached' if target.reached else 'MISSED '}  {target.sentence}: {target.value:.2f}"
        )
    for sentence in disturbed(summary):
        print(f"DISTURBED {sentence}")
    lost = [each for one in rounds for each in one if each.ledger and not each.ledger.holds]
    for each in (each for one in rounds for each in one if each.ledger):
        print(f"{'MISCOUNT' if each in lost else 'counted '} {each.contender}: {each.ledger}")
    _write(rounds, plan, summary, reached, name)
    return 1 if lost else 0


def _priority() -> str:
    if realtime_permitted():
        return "Load generator and provider had real-time priority over the server on their core."
    return (
        "Real-time priority (chrt) is not permitted to this user: the latency at one connection"
        " includes the time that load generator and provider wait for the server on their core."
    )


def _write(
    rounds: list[list[Round]],
    plan: Plan,
    summary: dict[str, dict[str, float]],
    reached: list[Target],
    name: str,
) -> None:
    document = {
        "taken": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": _machine(),
        "plan": plan,
        "median": summary,
        "targets": reached,
        "rounds": rounds,
    }
    RESULTS.mkdir(exist_ok=True)
    encoded = msgspec.json.format(msgspec.json.encode(document), indent=1)
    (RESULTS / f"{name}.json").write_bytes(encoded + b"\n")
    (RESULTS / f"{name}.svg").write_text(draw(summary))
    print(f"\nWritten: bench/results/{name}.json, bench/results/{name}.svg")


def _machine() -> dict[str, str | int | bool]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "realtime": realtime_permitted(),
    }


def _stop(number: int, _: FrameType | None) -> None:
    """Exits normally, so that the child processes are ended, too."""
    sys.exit(128 + number)


def _show_progress(line: str) -> None:
    """Prints progress; overwrites the line on a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{line}")
        sys.stderr.flush()
    elif line:
        sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
