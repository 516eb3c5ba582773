"""The stored calls: how often each is in the table and in the view of spans.

Run as a program on the home of a stopped server, because a process cannot unload the engine:
`python stored_calls.py HOME` prints `{"calls": {trace: [count, status]}, "attempts": …}`.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import msgspec

from penstock.infra.columns import open_columns


class _Row(msgspec.Struct):
    trace_id: str
    times: int
    status: str


class Table(NamedTuple):
    """Trace id → number of rows of the call, and the status of one of them."""

    times: dict[str, int]
    status: dict[str, str]


def read_stored_calls(home: Path) -> dict[str, Table]:
    """Reads the `calls`, and their `attempts` through the view of spans."""
    done = subprocess.run(
        [sys.executable, __file__, str(home)], capture_output=True, check=True, text=True
    )
    return {
        name: Table(
            {trace: times for trace, (times, _) in rows.items()},
            {trace: status for trace, (_, status) in rows.items()},
        )
        for name, rows in json.loads(done.stdout).items()
    }


def _print(home: Path) -> None:
    store = open_columns(f"chdb://{home / 'columns'}")
    found: dict[str, dict[str, tuple[int, str]]] = {}
    for name, source in (("calls", "calls"), ("attempts", "spans WHERE kind = 'attempt'")):
        rows = store.query(
            "SELECT trace_id, toUInt32(count()) AS times, any(status) AS status"
            f" FROM {source} GROUP BY trace_id",
            {},
            _Row,
        )
        found[name] = {row.trace_id: (row.times, row.status) for row in rows}
    store.close()
    print(json.dumps(found))


if __name__ == "__main__":
    _print(Path(sys.argv[1]))
