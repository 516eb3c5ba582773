"""`python -m bench.online_evaluation`: latency of calls while the worker measures live traffic, and
while it does not.

One installation with the simulated provider and an online evaluation of all calls. Rounds
alternate: in half of them the worker is stopped by a signal, in the others it measures what waits.
Calls come at a fixed rate. Prints percentiles of each arm.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench import wrk
from bench.wrk import Load
from tests.installation import Installation, wait_until

DELAY_S: Final = 60  # of the online evaluation
AT_ONCE: Final = "x-sim-latency-ms: 0\nx-sim-tokens-per-second: 0"  # the provider answers so
BUSY, STOPPED = "worker busy", "worker stopped"


def main(argv: Sequence[str]) -> int:
    """Prints a line for each arm."""
    parser = argparse.ArgumentParser(prog="python -m bench.online_evaluation", description=__doc__)
    parser.add_argument("--rounds", type=int, default=6, help="of each arm")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rate", type=float, default=40, help="calls a second")
    parser.add_argument("--fill", type=float, default=15, help="seconds of calls before the rounds")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder:
        it = Installation(Path(folder) / "home")
        try:
            it.start()
            it.wait_for(it.answers)
            found = _measure(it, options)
        finally:
            it.kill()
    for arm, rounds in found.items():
        shown = (
            f"{name} {median(getattr(each, f'{name}_us') for each in rounds) / 1000:.1f} ms"
            for name in ("p50", "p90", "p99")
        )
        failed = sum(each.failed + each.not_2xx for each in rounds)
        calls = sum(each.requests for each in rounds)
        sys.stdout.write(f"{arm}: {', '.join(shown)} (medians); {calls} calls, {failed} failed\n")
    return 0


def _measure(it: Installation, options: argparse.Namespace) -> Mapping[str, list[Load]]:
    words = 'words=length:{"unit": "words", "most": 400}'
    chosen = ("--share", "1", "--daily-calls", "100000", "--evaluator", words)
    it.run("online", "set", "all", *chosen, "--evaluator", "readability", "--evaluator", "language")
    found: dict[str, list[Load]] = {STOPPED: [], BUSY: []}
    _load(it, options.fill, 0)
    time.sleep(DELAY_S)
    wait_until(lambda: "worker" in it.children(), 120)
    for number in range(2 * options.rounds):
        arm = (STOPPED, BUSY)[number % 2]
        worker = it.children()["worker"]
        os.kill(worker, signal.SIGCONT if arm == BUSY else signal.SIGSTOP)
        time.sleep(0.3)
        found[arm].append(_load(it, options.seconds, options.rate))
        sys.stderr.write(f"{arm}: {_state(it)}\n")
    os.kill(worker, signal.SIGCONT)
    return found


def _load(it: Installation, seconds: float, rate: float) -> Load:
    """Makes calls at a rate, or as fast as possible (0)."""
    body = it.home.parent / "body.json"
    message = {"role": "user", "content": f"Tell me more.\n{AT_ONCE}"}
    body.write_text(json.dumps({"model": "sim/sim-small", "messages": [message]}))
    return wrk.run(
        f"{it.gateway}/v1/chat/completions",
        it.gateway_key,
        body,
        connections=32,
        seconds=seconds,
        cores=f"0-{(os.cpu_count() or 1) - 1}",
        rate=rate,
        distinct=True,
    )


def _state(it: Installation) -> str:
    found: list[dict[str, Any]] = it.json("online", "list")
    return json.dumps({name: found[0][name] for name in ("waiting", "counts")})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
