"""Evaluation runs at scale: `python -m bench.evaluations`.

Three parts, each in installations of their own. Recorded outputs with five rule evaluators: wall
time from the start of the run to its end, with the start of the worker, and the largest memory of
the worker. Reads over REST of five runs: report, comparison, worst items, results. A run whose
answers are graded by a model, on a simulator that takes 300 to 800 ms for a call: the share of the
time that its places are in use, from the first 2 % of the calls to the last 2 %. It is measured at
the concurrency of the run, and where the provider has fewer places and answers 429 beyond.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.footprint import Installation, all_cores, wait_ready
from bench.process import started, tree, wait_file

RULES: Final = (
    {"kind": "equals"},
    {"kind": "contains", "options": {"values": ["answer"]}},
    {"kind": "length", "options": {"most": 400}},
    {"kind": "regex", "options": {"pattern": "answer [0-9]+"}},
    {"kind": "levenshtein"},
)
RUNS: Final = 5  # that are compared
LATENCY_MS: Final = 300, 800  # of a call; drawn for each item, their mean for judges
_ROWS: Final = 500  # items of one request
_PATIENCE_S: Final = 3600.0
_LOOK_S: Final = 0.2
_ENDED: Final = ("done", "failed", "cancelled", "cap_reached")


class Recorded(NamedTuple):
    """A run of recorded outputs. `peak_mb` is the largest resident memory of the worker."""

    items: int
    wall_s: float
    peak_mb: float


class Judged(NamedTuple):
    """A run whose answers are graded. `calls` were answered, `refused` got 429. `busy`: the share
    of the time that the provider's places are in use, without the first and last 2 % of the
    calls."""

    items: int
    calls: int
    refused: int
    wall_s: float
    busy: float


def main(argv: list[str]) -> int:
    """Prints a line for each run. Returns 0 if all could be measured."""
    options = _arguments().parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="penstock-evaluations-") as folder:
        for items in [int(each) for each in options.items.split(",") if each]:
            found = recorded_run(Path(folder) / f"recorded-{items}", items)
            print(
                f"recorded {found.items:>7} items: {found.wall_s:6.1f} s,"
                f" worker at most {found.peak_mb:.0f} MB",
                flush=True,
            )
        if options.reads:
            for name, first_ms, again_ms in reads(Path(folder) / "reads", options.reads):
                print(f"read {name:>12}: {first_ms:6.0f} ms, again {again_ms:.0f} ms", flush=True)
        for places in [int(each) for each in options.places.split(",") if options.judged]:
            graded = judged_run(
                Path(folder) / f"judged-{places}",
                options.judged,
                concurrency=options.concurrency,
                places=places,
            )
            print(
                f"judged   {graded.items:>7} items: {graded.wall_s:6.1f} s, {graded.calls} calls,"
                f" {graded.refused} got 429,"
                f" {places or options.concurrency} places busy {graded.busy:.1%}",
                flush=True,
            )
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.evaluations", description=__doc__)
    parser.add_argument("--items", default="1000", help="sizes of runs of recorded outputs (1000)")
    parser.add_argument("--judged", type=int, default=100, help="items that a model grades (100)")
    parser.add_argument("--reads", type=int, default=1000, help="items of five runs (1000)")
    parser.add_argument("--concurrency", type=int, default=16, help="calls at once (16)")
    parser.add_argument(
        "--places", default="0,10", help="calls at once that the provider takes; 0: all (0,10)"
    )
    return parser


def recorded_run(folder: Path, count: int) -> Recorded:
    """Measures recorded outputs of a dataset of that size."""
    folder.mkdir()
    with _dataset(folder, _recorded_items(count)) as at:
        body = {"dataset": "bench", "target": {"output_field": "out"}, "evaluators": list(RULES)}
        began = time.monotonic()
        run, peak_mb = at.measured(body)
        wall_s = time.monotonic() - began
        if run["state"] != "done" or run["progress"]["done"] != count:
            raise SystemExit(f"the run ended otherwise: {run}")
        return Recorded(count, wall_s, peak_mb)


def reads(folder: Path, count: int) -> Iterator[tuple[str, float, float]]:
    """Yields the name of a read, and the ms that it takes for the first time and again."""
    folder.mkdir()
    body = {"dataset": "bench", "target": {"output_field": "out"}, "evaluators": list(RULES)}
    with _dataset(folder, _recorded_items(count)) as at:
        runs = [at.measured(body)[0]["id"] for _ in range(RUNS)]
        named = "&".join(f"run={each}" for each in runs)
        pair = f"baseline={runs[0]}&candidate={runs[1]}"
        for name, path in (
            ("report", f"/{runs[0]}/report"),
            ("results", f"/{runs[0]}/results?limit=100"),
            ("comparison", f"/compare?{named}"),
            ("worst items", f"/regressions?{pair}&limit=50"),
            ("figures", "/figures?dataset=bench"),
        ):
            times: list[float] = []
            for _ in range(2):
                began = time.perf_counter()
                at.installation.api.call("GET", f"{at.path}/evaluations{path}")
                times.append((time.perf_counter() - began) * 1000)
            yield name, times[0], times[1]


def judged_run(
    folder: Path,
    count: int,
    *,
    concurrency: int,
    places: int = 0,
    latency_ms: tuple[int, int] = LATENCY_MS,
) -> Judged:
    """Measures a run of a model that another one grades, one question for each answer. The provider
    answers 429 to calls beyond its `places`; 0: to none."""
    folder.mkdir()
    draws = random.Random(0)
    items = (
        {"id": f"i{at}", "input": f"x-sim-latency-ms: {draws.randint(*latency_ms)}\nQuestion {at}?"}
        for at in range(count)
    )
    provider = _slow_simulator(folder, sum(latency_ms) / 2, places)
    with provider as (port, log), _dataset(folder, items) as at:
        at.add_provider(port)
        rubric = {"model": "slow/sim-small", "criteria": "It answers the question."}
        body = {
            "dataset": "bench",
            "target": {"model": "slow/sim-small"},
            "evaluators": [{"kind": "rubric", "options": rubric}],
            "key_id": at.key_id,
            "concurrency": concurrency,
        }
        run, _ = at.measured(body)
        report = at.installation.api.call("GET", f"{at.path}/evaluations/{run['id']}/report")
        if report["rows"] != {"measured": count}:
            raise SystemExit(f"the run ended otherwise: {report['rows']} {run['error']}")
        begun, ended = (datetime.fromisoformat(run[f"{it}_at"]) for it in ("started", "ended"))
        calls = [json.loads(line) for line in log.read_text().splitlines()]
        calls = [each for each in calls if each["started_ns"] / 1e9 >= begun.timestamp()]
        served = [each for each in calls if each["status"] == 200]
        times = [(each["started_ns"] / 1e9, each["ended_ns"] / 1e9) for each in served]
        return Judged(
            count,
            len(served),
            len(calls) - len(served),
            (ended - begun).total_seconds(),
            busy_share(times, places or concurrency),
        )


def busy_share(times: list[tuple[float, float]], places: int) -> float:
    """Returns the share of the time that so many places are in use by calls with these starts and
    ends: from the start of the 2nd to the end of the 98th percentile."""
    edge = len(times) // 50
    first = sorted(start for start, _ in times)[edge]
    last = sorted(end for _, end in times)[-1 - edge]
    inside = sum(max(0.0, min(end, last) - max(start, first)) for start, end in times)
    return inside / (places * (last - first)) if last > first else 0.0


def _recorded_items(count: int) -> Iterator[dict[str, Any]]:
    """Yields items with outputs, of which each fourth is wrong."""
    for at in range(count):
        output = f"The answer {at if at % 4 else 0}"
        yield {
            "id": f"i{at}",
            "input": f"Question {at}: what is the answer?",
            "expected": f"The answer {at}",
            "metadata": {"out": output, "lang": "de" if at % 2 else "en"},
        }


class _Dataset(NamedTuple):
    """An installation that has the dataset `bench`. `pid` is its supervisor."""

    installation: Installation
    pid: int
    path: str
    key_id: str

    def measured(self, body: dict[str, Any]) -> tuple[Any, float]:
        """Runs an evaluation. Returns it with the largest resident memory of the worker in MB."""
        api = self.installation.api
        run = api.call("POST", f"{self.path}/evaluations", body)
        deadline, peak = time.monotonic() + _PATIENCE_S, 0.0
        while run["state"] not in _ENDED:
            if time.monotonic() > deadline:
                raise SystemExit(f"the run takes too long: {run['progress']}")
            time.sleep(_LOOK_S)
            run = api.call("GET", f"{self.path}/evaluations/{run['id']}")
            peak = max(peak, _worker_peak_mb(self.pid))
        return run, max(peak, _worker_peak_mb(self.pid))

    def add_provider(self, port: int) -> None:
        """Adds the provider `slow`, and waits until the gateway knows it."""
        provider = {"name": "slow", "base_url": f"http://127.0.0.1:{port}/v1"}
        self.installation.api.call(
            "POST", f"{self.path}/providers", provider | {"private_allowed": True}
        )
        with self.installation.connection() as connection:
            while self.installation.call(connection, "slow/sim-small", max_tokens=1) != 200:
                time.sleep(0.1)


@contextmanager
def _dataset(folder: Path, items: Iterator[dict[str, Any]]) -> Generator[_Dataset]:
    installation = Installation(folder / "home")
    with installation.up() as pid:
        while not installation.answers():
            time.sleep(0.05)
        wait_ready(installation)
        api = installation.api
        path = f"/projects/{api.call('GET', '/projects')['items'][0]['id']}"
        api.call("POST", f"{path}/datasets", {"name": "bench"})
        draft = api.call("POST", f"{path}/datasets/bench/drafts", {})["id"]
        rows: list[dict[str, Any]] = []
        for each in items:
            rows.append(each)
            if len(rows) == _ROWS:
                _put(installation, path, draft, rows)
        _put(installation, path, draft, rows)
        api.call("POST", f"{path}/datasets/bench/drafts/{draft}/commit", {})
        key = api.call("GET", f"{path}/keys")["items"][-1]["id"]
        yield _Dataset(installation, pid, path, key)


def _put(installation: Installation, path: str, draft: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        body = {"items": rows}
        installation.api.call("POST", f"{path}/datasets/bench/drafts/{draft}/items", body)
        rows.clear()


@contextmanager
def _slow_simulator(folder: Path, latency_ms: float, places: int) -> Generator[tuple[int, Path]]:
    out, log = folder / "slow.log", folder / "calls.jsonl"
    settings = {
        "port": 0,
        "latency_ms": latency_ms,
        "concurrent_calls": places,
        "log": str(log),
        "recent_calls": 1,
    }
    command = [sys.executable, "-m", "penstock.entrypoints.sim", json.dumps(settings)]
    with started(command, cores=all_cores(), log=out) as process:
        yield json.loads(wait_file(out, process, out, patience_s=20))["port"], log


def _worker_peak_mb(pid: int) -> float:
    """Returns the largest resident memory of the worker so far; 0 without a worker."""
    for member in tree(pid):
        with suppress(OSError):
            if b"penstock.entrypoints.worker" in Path(f"/proc/{member}/cmdline").read_bytes():
                lines = Path(f"/proc/{member}/status").read_text().splitlines()
                return next(int(line.split()[1]) for line in lines if "VmHWM" in line) / 1024
    return 0.0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
