"""The cost of a call: its bytes and CPU time in the store, by step, and the sustained rate."""

import json
import subprocess
import sys
import zlib
from pathlib import Path
from random import Random

import pytest

from bench import storage, sustained
from bench.english import English
from bench.records import WORKLOADS, batches
from bench.sampling import step_of
from bench.steps import render
from bench.sustained import Run
from penstock.infra.spool.frame import Frame, scan
from penstock.rules.call import decode_end


def run(*, rate: float, capacity: float) -> Run:
    """A run on a machine that stores `capacity` calls a second."""
    lag_s = max(0.0, 100 * (rate - capacity) / rate)
    return Run(rate, rate, 0, 1.0, (0.5, 0.5 + lag_s), (1e6, 1e6), {"gateway": 0.5}, 1.0, 1.0)


def test_texts_compress_like_prose() -> None:
    text = English(Random(1)).text(32_000)
    assert len(text) == 32_000
    assert 2 < len(text) / len(zlib.compress(text.encode())) < 4


@pytest.mark.parametrize("workload", WORKLOADS)
def test_batches_hold_the_records_of_a_workload_and_repeat_by_seed(workload: str) -> None:
    found = [frames for _, _, frames in batches(workload, 40)]
    frames = [one for data in found for one in scan(data) if isinstance(one, Frame)]
    assert len({decode_end(one.payload).begin.trace_id for one in frames}) == len(frames) == 40
    names = [[name for name, _, _ in batches(workload, 40)] for _ in range(2)]
    assert names[0] == names[1]


def test_an_agent_repeats_its_history() -> None:
    sizes = [
        len(decode_end(one.payload).request)
        for _, _, data in batches("agent", 80)
        for one in scan(data)
        if isinstance(one, Frame)
    ]
    assert sizes[-1] > 3 * sizes[0]


def test_bytes_and_cpu_of_stored_calls_are_measured(tmp_path: Path) -> None:
    one = storage.store(tmp_path, "small", 200, 0.5)
    assert one.calls == 200
    assert 0 < one.disk_bytes < 2 * one.input_bytes
    assert sum(one.tables.values()) == pytest.approx(one.disk_bytes)
    assert sum(one.steps_us.values()) == pytest.approx(one.cpu_us)
    assert one.steps_us["insert"] > 0
    assert any(not name.endswith("(index)") for name in one.parts)


def test_the_innermost_known_module_is_the_step() -> None:
    assert step_of(["json.decoder", "penstock.infra.spool.frame", "x"]) == "frames: checksum, scan"
    assert step_of(["penstock.infra.spool.segment"]) == "spool: write"
    assert step_of(["uvloop"]).startswith("the rest")


def test_steps_add_up_to_all() -> None:
    steps = storage.split({"rows": 2.0}, total_s=10.0, merges_s=3.0)
    assert steps == {"rows": 2.0, storage.ENGINE: 5.0, storage.MERGES: 3.0}
    table = render("server", steps, calls=100_000)
    assert "| rows | 20.0 | 20% |" in table
    assert "| **all** | **100.0** | |" in table


def test_the_search_finds_the_highest_sustained_rate() -> None:
    found = sustained.search(lambda rate: run(rate=rate, capacity=4_000), 5_000, count=8)
    assert 3_900 < found <= 4_050


def test_a_rate_that_is_not_confirmed_is_lowered() -> None:
    runs = sustained.confirm(lambda rate: run(rate=rate, capacity=4_000), 4_100)
    assert [one.sustained for one in runs] == [False, True]
    assert runs[-1].offered == pytest.approx(3_895)


def test_a_spool_that_grows_is_not_sustained() -> None:
    assert run(rate=10, capacity=10).sustained
    grown = Run(10, 10, 0, 1.0, (0.5, 0.5), (1e6, 1e9), {}, 1.0, 1.0)
    late = Run(10, 9, 0, 1.0, (0.5, 0.5), (1e6, 1e6), {}, 1.0, 1.0)
    failed = Run(10, 10, 1, 1.0, (0.5, 0.5), (1e6, 1e6), {}, 1.0, 1.0)
    assert not any(each.sustained for each in (grown, late, failed))


@pytest.mark.drill
def test_a_rate_is_confirmed_on_a_real_installation(tmp_path: Path) -> None:
    out = tmp_path / "sustained.json"
    command = [sys.executable, "-m", "bench.sustained", "--quick", "--rate", "50", "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    last = json.loads(out.read_text())[-1]
    assert last["failed"] == 0
    assert {"gateway", "server", "load generator", "provider"} == last["cores"].keys()


@pytest.mark.drill
def test_the_steps_of_a_real_installation_are_printed() -> None:
    command = [sys.executable, "-m", "bench.steps", "--quick", "--workloads", "small@64"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    for step in ("HTTP server", "spool: write", "insert", "rows"):
        assert f"| {step} | " in done.stdout
