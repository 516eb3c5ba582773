"""The latency of the console's queries: `python -m bench.queries [--calls 1000000]`.

Fills a new embedded store through the ingest path (batches as gateways send them), runs each query
several times, prints the medians and targets, and writes them as JSON.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from bench.store import opened_store, settle
from penstock.features.traces.model import Filter, TimeRange
from penstock.features.traces.service import Traces
from penstock.infra.columns import ColumnStore
from penstock.infra.spool.frame import Kind
from penstock.infra.spool.frame import encode as frame
from penstock.rules.call import (
    CallBegin,
    CallEnd,
    Caller,
    CallStatus,
    Usage,
    UsageSource,
    encode,
)

PROJECT = "prj_bench"
DAY_NS = 86_400 * 10**9
BATCH = 500  # calls of 2 kB: 1 MiB, where the spool cuts
WRITER = "b" * 32
RARE = "zyzzyva"
MODELS = ("gpt-4o", "gpt-4o-mini", "claude-sonnet", "llama-3")
TEAMS = ("search", "support", "billing", "growth", "")


@dataclass(frozen=True)
class Query:
    """A query of the console, with its target latency in ms."""

    name: str
    target_ms: float | None
    run: Callable[[], object]


class Figures(msgspec.Struct):
    """The engine's figures of the table."""

    rows: int
    bytes: int
    parts: int
    newest_ns: int


def main() -> int:
    options = _options()
    home = options.home or Path(tempfile.mkdtemp(prefix="penstock-queries-"))
    try:
        report = run(home, options.calls, options.rounds)
    finally:
        if options.home is None:
            shutil.rmtree(home)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(report, indent=2) + "\n")
    missed = [one["name"] for one in report["questions"] if one["missed"]]
    print(f"written to {options.output}; targets missed: {', '.join(missed) or 'none'}")
    return 1 if missed else 0


def run(home: Path, calls: int, rounds: int) -> dict[str, Any]:
    with opened_store(home) as (opened, columns):
        return _measured(opened.service, columns, calls, rounds)


def _measured(traces: Traces, columns: ColumnStore, calls: int, rounds: int) -> dict[str, Any]:
    memory = {"open": anonymous_mb()}
    rate = None
    if not figures(columns).rows:
        rate = round(calls / fill(traces, calls, time.time_ns()))
        print(f"{calls:,} calls stored at {rate:,}/s (conversion, fsync)")
        memory["filled"] = anonymous_mb()
    settle(columns)
    table = figures(columns)
    each = table.bytes / table.rows
    print(f"{table.rows:,} calls, {each:.0f} bytes each, in {table.parts} parts")
    queries = console_queries(traces, table.newest_ns + 1)
    answers = [measure(query, rounds) for query in queries]
    memory["queried"] = anonymous_mb()
    time.sleep(30)
    memory["idle"] = anonymous_mb()
    print("anonymous memory:", ", ".join(f"{mb} MB {when}" for when, mb in memory.items()))
    return {
        "calls": table.rows,
        "calls_per_second": rate,
        "table": msgspec.to_builtins(table),
        "anonymous_mb": memory,
        "questions": answers,
        "machine": {
            "cores": os.cpu_count(),
            "load": os.getloadavg()[0],
            "python": sys.version.split()[0],
        },
    }


def fill(traces: Traces, calls: int, end_ns: int) -> float:
    """Ingests the calls and returns the seconds, without the time to generate the calls."""
    words = TextSource(random.Random(7))
    took, stored, began = 0.0, 0, time.monotonic()
    for number in range(0, calls, BATCH):
        count = min(BATCH, calls - number)
        data = b"".join(
            frame(Kind.END, encode(make(words, index, calls, end_ns)))
            for index in range(number, number + count)
        )
        start = time.perf_counter()
        stored += traces.ingest(f"{WRITER}-{number:06d}:0-{len(data)}", data).stored
        took += time.perf_counter() - start
        if number % 50_000 < BATCH:
            print(f"\r{stored:,} calls, {time.monotonic() - began:.0f} s ", end="", file=sys.stderr)
    print(file=sys.stderr)
    assert stored == calls
    return took


class TextSource:
    """Generates texts from a vocabulary with few frequent and many rare words."""

    def __init__(self, source: random.Random) -> None:
        letters = "etaoinshrdlu"
        self.source = source
        self.vocabulary = [
            "".join(source.choices(letters, k=source.randint(2, 10))) for _ in range(30_000)
        ]
        total = 0.0
        self.weights = [total := total + 1 / (rank + 3) for rank in range(len(self.vocabulary))]

    def text(self, count: int) -> str:
        return " ".join(self.source.choices(self.vocabulary, cum_weights=self.weights, k=count))


def make(words: TextSource, index: int, calls: int, end_ns: int) -> CallEnd:
    """Makes one of the calls of thirty days, evenly spread. One in 100,000 has the rare word."""
    pick = words.source
    start_ns = end_ns - 30 * DAY_NS + index * (30 * DAY_NS // calls)
    failed = pick.random() < 0.02
    model = MODELS[index % len(MODELS)]
    duration_ns = int(pick.lognormvariate(0, 0.6) * 10**9)
    prompt = words.text(220) + (f" {RARE} fish" if index % 100_000 == 77 else "")
    request = {"model": model, "messages": [{"role": "user", "content": prompt}]}
    answer = {"role": "assistant", "content": words.text(60)}
    response = {"choices": [{"index": 0, "message": answer, "finish_reason": "stop"}]}
    begin = CallBegin(
        PROJECT,
        f"{index:032x}",
        f"{index:016x}",
        "",
        start_ns,
        "chat",
        model,
        index % 2 == 0,
        Caller(f"key_{index % 40}", TEAMS[index % 5], f"user-{pick.randrange(5000)}", "faq"),
        "ab" * 32,
        1500,
    )
    return CallEnd(
        begin,
        start_ns + duration_ns,
        CallStatus.ERROR if failed else CallStatus.OK,
        502 if failed else 200,
        "upstream_failed" if failed else "",
        provider="openai" if model.startswith("gpt") else "other",
        response_model=model,
        usage=Usage(400, 90, 100, source=UsageSource.PROVIDER),
        cost="0.001975",
        price_id=f"p/{model}",
        first_token_ns=start_ns + duration_ns // 3,
        request=msgspec.json.encode(request),
        response=msgspec.json.encode(response),
    )


def console_queries(traces: Traces, end_ns: int) -> Iterator[Query]:
    day, month = TimeRange(end_ns - DAY_NS, end_ns), TimeRange(end_ns - 30 * DAY_NS, end_ns)
    everything = Filter()
    narrow = Filter(only={"team": ("billing",), "model": ("gpt-4o",)}, errors_only=True)
    costly = Filter(min_cost=Decimal("0.001"), min_duration_ms=3000.0)

    def page(time_range: TimeRange, wanted: Filter) -> list[str]:
        found = traces.list_calls(PROJECT, time_range, wanted, after=None, limit=50)
        return [item.trace_id for item in found.items]

    def search(text: str) -> Callable[[], list[str]]:
        return lambda: page(month, Filter(text=text))

    deep = traces.list_calls(PROJECT, month, everything, after=None, limit=500).next_cursor
    some = page(day, everything)[25]
    yield Query("list, newest 50 of a day", 50, lambda: page(day, everything))
    yield Query("list, newest 50 of a month", 50, lambda: page(month, everything))
    yield Query(
        "list, a later page",
        50,
        lambda: traces.list_calls(PROJECT, month, everything, after=deep, limit=50),
    )
    yield Query("list, team + model + errors, a month", 50, lambda: page(month, narrow))
    yield Query("list, slow and costly, a month", 50, lambda: page(month, costly))
    yield Query("search, no call has it, a month", 200, search("quagga"))
    yield Query("search, few calls have it, a month", 200, search(RARE))
    yield Query("search, a phrase, a month", 200, search(f"{RARE} fish"))
    yield Query("search, a part of a word, a month", 200, search("yzzyv"))
    yield Query("search, most calls have it, a month", None, search("content"))
    yield Query("search, three letters that never occur, a month", None, search("qqq"))
    yield Query("trace detail", 50, lambda: traces.get_trace(PROJECT, some))
    yield Query("overview, a day", 300, lambda: traces.overview(PROJECT, day, everything))
    yield Query("overview, a month", 300, lambda: traces.overview(PROJECT, month, everything))
    yield Query("facets, a month", None, lambda: traces.facets(PROJECT, month))
    yield Query("tail, start", None, lambda: traces.tail(PROJECT, after=None, limit=50))


def measure(query: Query, rounds: int) -> dict[str, Any]:
    """Measures wall time, and CPU time of all threads, which depends less on other load."""
    wall_ms: list[float] = []
    cpus: list[float] = []
    for _ in range(rounds + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        query.run()
        wall_ms.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
    first, median, worst = wall_ms[0], statistics.median(wall_ms[1:]), max(wall_ms[1:])
    cpu_ms = statistics.median(cpus[1:])
    missed = query.target_ms is not None and median > query.target_ms
    target = f"< {query.target_ms:.0f}" if query.target_ms else ""
    print(
        f"{query.name:42} {median:7.1f} ms  first {first:7.1f}  worst {worst:7.1f}"
        f"  CPU {cpu_ms:6.1f}  {target:6} {'MISSED' if missed else ''}"
    )
    return {
        "name": query.name,
        "median_ms": round(median, 1),
        "first_ms": round(first, 1),
        "worst_ms": round(worst, 1),
        "cpu_ms": round(cpu_ms, 1),
        "target_ms": query.target_ms,
        "missed": missed,
    }


def figures(columns: ColumnStore) -> Figures:
    return columns.query(
        "SELECT sum(rows) AS rows, sum(bytes_on_disk) AS bytes, count() AS parts,"
        " (SELECT toUnixTimestamp64Nano(max(start_time)) FROM calls) AS newest_ns"
        " FROM system.parts WHERE active AND database = 'penstock' AND table = 'calls'",
        {},
        Figures,
    )[0]


def anonymous_mb() -> int:
    """Private anonymous memory of this process."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon:")) // 1024


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--home", type=Path, help="home of the store; filled if empty")
    parser.add_argument("--output", type=Path, default=Path("bench/results/queries.json"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
