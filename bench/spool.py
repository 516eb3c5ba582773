"""The time of a call's two records on the request path: `python -m bench.spool`.

Writes BEGIN and END records through the real spool while its thread syncs every 200 ms, and prints
the microseconds of each. Ships nothing, because shipping is not on the request path.
"""

import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles
from tempfile import mkdtemp

from penstock.infra.spool import OnFull, Spool, SpoolLimits
from penstock.kernel.ids import uuid7
from penstock.kernel.time import SystemClock

CALLS = 40_000
SIZES = (2_000, 36_000, 1_000_000)
BEGIN = b"b" * 250


def main() -> None:
    """Prints one line per size of END."""
    print(
        f"{'END bytes':>10} {'begin p50':>10} {'p99':>7} {'end p50':>9} {'p99':>7} {'max':>9}  µs"
    )
    for size in SIZES:
        folder = Path(mkdtemp(dir=Path.cwd(), prefix=".spool-bench-"))
        try:
            _measure(folder, size, CALLS if size < 100_000 else 400)
        finally:
            shutil.rmtree(folder)


def _measure(folder: Path, size: int, calls: int) -> None:
    clock = SystemClock()
    writer = uuid7(clock.now_ns() // 1_000_000, random.randbytes(10)).hex
    limits = SpoolLimits(quota_bytes=8 << 30)
    spool = Spool.open(folder, writer, clock=clock, jitter=random.random, limits=limits)
    end = random.randbytes(size)
    begins: list[int] = []
    ends: list[int] = []
    for number in range(calls):
        key = f"{number:032x}"
        begins.append(
            _took(lambda key=key: spool.begin(key, BEGIN, end_bytes=size, on_full=OnFull.REFUSE))
        )
        ends.append(_took(lambda key=key: spool.end(key, end)))
    spool.close()
    b, e = quantiles(begins, n=100), quantiles(ends, n=100)
    print(
        f"{size:>10} {b[49] / 1e3:>10.1f} {b[98] / 1e3:>7.1f} {e[49] / 1e3:>9.1f}"
        f" {e[98] / 1e3:>7.1f} {max(ends) / 1e3:>9.1f}"
    )


def _took(work: Callable[[], object]) -> int:
    start = time.perf_counter_ns()
    work()
    return time.perf_counter_ns() - start


if __name__ == "__main__":
    main()
