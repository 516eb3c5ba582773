"""The benchmark of evaluation runs on small real installations."""

from pathlib import Path

import pytest

from bench import evaluations


@pytest.mark.drill
def test_runs_and_reads_are_measured(tmp_path: Path) -> None:
    found = evaluations.recorded_run(tmp_path / "recorded", 40)
    assert found.items == 40
    assert found.wall_s > 0
    assert found.peak_mb > 10
    graded = evaluations.judged_run(tmp_path / "judged", 8, concurrency=4, delay_s=0.1)
    assert graded.calls == 16
    assert 0 < graded.busy <= 1
    assert graded.busy < graded.steady <= 1.01
