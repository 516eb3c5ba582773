"""`python -m bench`: starts the providers, measures every contender in every round, reports."""

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

import msgspec

from bench import contenders, nginx
from bench.chart import draw
from bench.contenders import Bench, Providers, Start
from bench.gateway_alone import gateway_alone
from bench.penstock import penstock
from bench.process import Cores, free_port, started, wait_http
from bench.session import Plan, Round, measure
from bench.table import Target, disturbed, render, summarise, targets
from bench.workloads import UNARY

RESULTS: Final = Path(__file__).parent / "results"
CONTENDERS: Final[dict[str, Start]] = {
    "direct": contenders.direct,
    "nginx": contenders.nginx_proxy,
    "nginx-plain": contenders.nginx_plain,
    "penstock": penstock,
    "gateway": gateway_alone,
    "litellm": contenders.litellm,
    "tensorzero": contenders.tensorzero,
}
FULL: Final = Plan(seconds=10, warmup_s=3, waves=2)
QUICK: Final = Plan(seconds=3, warmup_s=1, waves=1)


def main(argv: list[str]) -> int:
    """0 when everything was measured and every call is accounted for."""
    signal.signal(signal.SIGTERM, _stop)
    asked = _arguments().parse_args(argv)
    plan = QUICK if asked.quick else FULL
    if asked.workloads:
        wanted = set(asked.workloads.split(","))
        chosen = tuple(each for each in UNARY if each.name in wanted)
        plan = Plan(plan.seconds, plan.warmup_s, plan.waves * ("streams" in wanted), chosen)
    names = asked.only.split(",") if asked.only else list(CONTENDERS)
    round_count = asked.rounds or (1 if asked.quick else 3)
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder:
        rounds = _measure(names, round_count, plan, Path(folder))
    return _report(rounds, plan, asked.name)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench ARGS=", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round, 3 s a workload")
    parser.add_argument("--rounds", type=int, help="how many rounds (3, or 1 with --quick)")
    parser.add_argument("--only", help=f"of {','.join(CONTENDERS)}: the wanted ones, by comma")
    parser.add_argument(
        "--workloads", help=f"of {','.join(each.name for each in UNARY)},streams, by comma"
    )
    parser.add_argument("--name", default="latest", help="of the result files (latest)")
    return parser


def _measure(names: list[str], count: int, plan: Plan, folder: Path) -> list[list[Round]]:
    cores = Cores.of_machine()
    rounds: list[list[Round]] = []
    with _providers(cores, folder) as providers:
        for number in range(count):
            rounds.append([])
            for name in names:
                bench = Bench(providers, cores, folder)
                for news in measure(name, CONTENDERS[name], bench, plan):
                    if isinstance(news, Round):
                        rounds[-1].append(news)
                    else:
                        _say(f"round {number + 1} of {count}: {name}, {news}")
    _say("")
    return rounds


@contextmanager
def _providers(cores: Cores, folder: Path) -> Generator[Providers, None, None]:
    canned, paced = free_port(), free_port()
    conf, log = nginx.provider_conf(folder / "provider", canned), folder / "provider.log"
    writer = [sys.executable, "-m", "bench.paced", str(paced)]
    with (
        started(nginx.command(conf), cores=cores.upstream, log=log) as process,
        started(writer, cores=cores.upstream, log=folder / "paced.log"),
    ):
        wait_http(f"http://127.0.0.1:{canned}/status", process, log, patience_s=10)
        yield Providers(canned, paced)


def _report(rounds: list[list[Round]], plan: Plan, name: str) -> int:
    summary = summarise(rounds)
    asked = targets(summary)
    print(render(summary), end="\n\n")
    for target in asked:
        print(
            f"{'reached' if target.reached else 'MISSED '}  {target.sentence}: {target.value:.2f}"
        )
    for sentence in disturbed(summary):
        print(f"DISTURBED {sentence}")
    lost = [each for one in rounds for each in one if each.ledger and not each.ledger.holds]
    for each in (each for one in rounds for each in one if each.ledger):
        print(f"{'MISCOUNT' if each in lost else 'counted '} {each.contender}: {each.ledger}")
    _write(rounds, plan, summary, asked, name)
    return 1 if lost else 0


def _write(
    rounds: list[list[Round]],
    plan: Plan,
    summary: dict[str, dict[str, float]],
    asked: list[Target],
    name: str,
) -> None:
    document = {
        "taken": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": _machine(),
        "plan": plan,
        "median": summary,
        "targets": asked,
        "rounds": rounds,
    }
    RESULTS.mkdir(exist_ok=True)
    encoded = msgspec.json.format(msgspec.json.encode(document), indent=1)
    (RESULTS / f"{name}.json").write_bytes(encoded + b"\n")
    (RESULTS / f"{name}.svg").write_text(draw(summary))
    print(f"\nWritten: bench/results/{name}.json, bench/results/{name}.svg")


def _machine() -> dict[str, str | int]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def _stop(number: int, _: FrameType | None) -> None:
    """An exit like any other: so the children end, too."""
    sys.exit(128 + number)


def _say(line: str) -> None:
    """Progress, overwritten in place where a person looks."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{line}")
        sys.stderr.flush()
    elif line:
        sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
