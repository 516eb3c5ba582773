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
    graded = evaluations.judged_run(
        tmp_path / "judged", 8, concurrency=4, places=3, latency_ms=(80, 120)
    )
    assert graded.calls == 16
    assert graded.refused > 0
    assert 0 < graded.busy <= 1.01


def test_the_busy_share_is_that_of_the_places() -> None:
    two_of_three = [(float(at), at + 1.0) for at in range(10)] * 2
    assert evaluations.busy_share(two_of_three, 3) == pytest.approx(2 / 3)
    assert evaluations.busy_share([(0.0, 1.0), (3.0, 4.0)], 1) == pytest.approx(0.5)
