"""The footprint benchmark on a small real installation."""

import json
from pathlib import Path

import pytest

from bench import footprint


@pytest.mark.drill
def test_starts_and_memory_of_a_real_installation_are_measured(tmp_path: Path) -> None:
    out = tmp_path / "footprint.json"
    argv = ["--rounds", "1", "--calls", "40", "--idle-s", "0", "--out", str(out)]
    assert footprint.main(argv) == 0
    found = json.loads(out.read_text())
    assert [start["which"] for start in found["starts"]] == ["first", "second"]
    assert all(start["wall_s"] > 0 and start["cpu_s"] > 0 for start in found["starts"])
    assert {each["process"] for each in found["memory"]} == {
        "penstock up",
        "penstock.entrypoints.gateway",
        "penstock.entrypoints.server",
        "penstock.entrypoints.sim",
    }
    assert 0 < found["summary"]["memory"]["anon_mb"] < found["summary"]["memory"]["pss_mb"]


def test_a_process_is_named_by_its_module() -> None:
    lines = "Rss: 10 kB\nPss: 2048 kB\nPss_Anon: 1024 kB\n"
    words = ["/venv/bin/python", "-m", "penstock.entrypoints.sim", "{}"]
    assert footprint.memory_of(words, lines, 3) == footprint.Memory(
        "penstock.entrypoints.sim", 1.0, 2.0, 3
    )
    command = ["/venv/bin/python", "/venv/bin/penstock", "up"]
    assert footprint.memory_of(command, lines, 1).process == "penstock up"
