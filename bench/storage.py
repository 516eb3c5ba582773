"""Bytes on disk and CPU time per stored call: `python -m bench.storage [--quick]`.

Stores small chats, prompts of 32 kB and agents of 60 turns in a new embedded store through the
product's ingest path, waits until merges have ended, and reads the engine's own tables: it does not
depend on the names of tables and columns.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from bench.process import thread_seconds
from bench.records import WORKLOADS, batches
from bench.sampling import Sampler
from bench.store import opened_store, settle
from penstock.infra.columns import ColumnStore

COUNTS: Final = {"small": 60_000, "large": 4_000, "agent": 8_000}
MERGES: Final = "merges"
ENGINE: Final = "engine's other threads"
MERGE_THREADS: Final = ("MergeMutate", "BgSchPool")
_TABLES: Final = (
    "SELECT table AS name, sum(bytes_on_disk) AS bytes FROM system.parts"
    " WHERE active AND database = currentDatabase() GROUP BY name"
)
_COLUMNS: Final = (
    "SELECT concat(table, '.', name) AS name, data_compressed_bytes + marks_bytes AS bytes"
    " FROM system.columns WHERE database = currentDatabase() AND bytes > 0"
)
_INDEXES: Final = (
    "SELECT concat(table, '.', name, ' (index)') AS name,"
    " data_compressed_bytes + marks_bytes AS bytes"
    " FROM system.data_skipping_indices WHERE database = currentDatabase() AND bytes > 0"
)


class Size(msgspec.Struct):
    """The bytes on disk of a table, column or index."""

    name: str
    bytes: int


class Stored(msgspec.Struct):
    """One workload. Bytes and CPU µs are per call; `input_bytes` are those of the records."""

    workload: str
    calls: int
    input_bytes: float
    disk_bytes: float
    tables: dict[str, float]
    parts: dict[str, float]  # the largest columns and indexes
    cpu_us: float
    steps_us: dict[str, float]


def main(argv: list[str]) -> int:
    """Returns 0 if every call was stored."""
    options = _arguments().parse_args(argv)
    found: list[Stored] = []
    for workload in options.only.split(","):
        count = COUNTS[workload] // (20 if options.quick else 1)
        with tempfile.TemporaryDirectory(prefix="penstock-storage-") as folder:
            found.append(store(Path(folder), workload, count, options.quiet_s))
        _print(found[-1])
    if options.out:
        options.out.write_text(json.dumps(msgspec.to_builtins(found), indent=1) + "\n")
    return 0


def store(home: Path, workload: str, count: int, quiet_s: float) -> Stored:
    """Stores `count` calls of a workload. Raises `ValueError` if one was not stored."""
    prepared = list(batches(workload, count))
    with opened_store(home) as (opened, columns):
        settle(columns, quiet_s)
        sampler = Sampler()
        threads, cpu_s = thread_seconds(os.getpid()), time.process_time()
        sampler.start()
        for name, calls, frames in prepared:
            if opened.service.ingest(name, frames).stored != calls:
                raise ValueError(f"{workload}: a batch was not stored")
        settle(columns, quiet_s)
        sampler.stop()
        spent_s, after = time.process_time() - cpu_s, thread_seconds(os.getpid())
        merges_s = sum(after.get(name, 0.0) - threads.get(name, 0.0) for name in MERGE_THREADS)
        steps = split(sampler.seconds, spent_s, merges_s)
        tables = sizes(columns, _TABLES)
        return Stored(
            workload,
            count,
            sum(len(frames) for _, _, frames in prepared) / count,
            sum(each.bytes for each in tables) / count,
            {each.name: each.bytes / count for each in tables},
            {each.name: each.bytes / count for each in largest(columns)},
            spent_s / count * 1e6,
            {name: seconds / count * 1e6 for name, seconds in steps.items()},
        )


def split(python: Mapping[str, float], total_s: float, merges_s: float) -> dict[str, float]:
    """Returns the seconds of each step; the engine's own threads are what Python's are not."""
    engine_s = total_s - sum(python.values()) - merges_s
    largest_first = sorted(python.items(), key=lambda step: -step[1])
    return dict(largest_first) | {ENGINE: engine_s, MERGES: merges_s}


def sizes(columns: ColumnStore, sql: str) -> list[Size]:
    """Returns the rows of one of the queries, largest first."""
    found = columns.query(f"SELECT name, toFloat64(bytes) AS bytes FROM ({sql})", {}, _Row)
    return sorted(
        (Size(each.name, int(each.bytes)) for each in found), key=lambda each: -each.bytes
    )


def largest(columns: ColumnStore, count: int = 14) -> list[Size]:
    """Returns the largest columns and indexes. Rewrites the tables first: the engine knows the
    sizes of columns only for parts with a file for each column."""
    for table in sizes(columns, _TABLES):
        wide = "min_bytes_for_wide_part = 0, min_rows_for_wide_part = 0"
        columns.command(f"ALTER TABLE `{table.name}` MODIFY SETTING {wide}")
        columns.command(f"OPTIMIZE TABLE `{table.name}` FINAL")
    found = sizes(columns, _COLUMNS) + sizes(columns, _INDEXES)
    return sorted(found, key=lambda each: -each.bytes)[:count]


class _Row(msgspec.Struct):
    name: str
    bytes: float


def _print(one: Stored) -> None:
    print(
        f"{one.workload}: {one.calls:,} calls, records of {one.input_bytes:,.0f} bytes:"
        f" {one.disk_bytes:,.0f} bytes on disk and {one.cpu_us:,.0f} µs of CPU a call"
    )
    for title, figures, unit in (
        ("tables", one.tables, "bytes"),
        ("largest columns and indexes", one.parts, "bytes"),
        ("steps", one.steps_us, "µs"),
    ):
        print(f"  {title}")
        for name, value in figures.items():
            print(f"    {name:44} {value:10,.1f} {unit}")


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.storage", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a twentieth of the calls")
    parser.add_argument("--only", default=",".join(WORKLOADS), help="comma-separated workloads")
    parser.add_argument(
        "--quiet-s", type=float, default=6, help="seconds without a merge that end the wait (6)"
    )
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
