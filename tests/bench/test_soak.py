"""The soak test for a few seconds: starts, attacks, stops and reports."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.soak.honest import Phase
from bench.soak.table import ratio, table

RESULT = {
    "phases": [
        {"name": name, "sent": 10, "answered": 10, "p50_ms": 1.0, "p99_ms": p99, "failures": {}}
        for name, p99 in (("before", 10.0), ("among the hostile", 15.0), ("after", 9.0))
    ],
    "answered": 30,
    "lost": 0,
    "doubled": 0,
    "hostile": {"wrong key": {"401": 5, "429": 2}},
    "memory_mib": [{"minute": 0.0, "gateway": 20.0}, {"minute": 1.0, "gateway": 21.0}],
}


def test_the_table_shows_honest_and_hostile_clients() -> None:
    shown = table(RESULT)
    assert "| before | 10 | 10 | 1.0 | 10.0 |" in shown
    assert "p99 among the hostile 1.50 × that before" in shown
    assert "| wrong key | 5 × 401, 2 × 429 |" in shown
    assert "| 1.0 | 21.0 |" in shown
    assert ratio(RESULT) == 1.5


def test_percentiles_of_a_phase() -> None:
    phase = Phase("x", seconds=[0.001 * n for n in range(1, 101)])
    assert phase.percentile(0.99) == pytest.approx(100.0)
    assert Phase("none").percentile(0.99) == 0.0


@pytest.mark.drill
def test_a_soak_of_seconds_loses_nothing(tmp_path: Path) -> None:
    out = tmp_path / "soak.json"
    command = [sys.executable, "-m", "bench.soak", "--minutes", "0.2", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(out.read_text())
    assert (result["lost"], result["doubled"]) == (0, 0)
    assert [phase["name"] for phase in result["phases"]] == ["before", "among the hostile", "after"]
    assert len(result["hostile"]) > 10
