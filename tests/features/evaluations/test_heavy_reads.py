"""Few reads of whole runs at once; findings of runs that have ended are kept."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from penstock.features.evaluations.service import heavy_reads
from penstock.features.evaluations.service.heavy_reads import HeavyReads
from penstock.kernel.errors import Overloaded
from tests.features.evaluations.conftest import Evaluated


def test_findings_are_kept_until_newer_ones_need_the_memory() -> None:
    reads, found = HeavyReads(), list[str]()

    def find(name: str, rows: int = 1) -> str:
        def read() -> str:
            found.append(name)
            return name

        return reads.kept(name, read, lambda _: rows)

    half = heavy_reads.MAX_KEPT_ROWS // 2
    assert [find("a", half), find("b", half), find("a"), find("c", 1), find("a"), find("b")]
    assert found == ["a", "b", "c", "b"]
    assert [reads.kept(None, lambda: len(found), int) for _ in range(2)] == [4, 4]


def test_too_many_reads_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heavy_reads, "MAX_WAIT_S", 0.05)
    reads, end = HeavyReads(), Event()
    with ThreadPoolExecutor(heavy_reads.MAX_READS) as pool:
        started = [Event() for _ in range(heavy_reads.MAX_READS)]

        def read(at: int) -> None:
            with reads.admitted():
                started[at].set()
                end.wait(10)

        busy = [pool.submit(read, at) for at in range(heavy_reads.MAX_READS)]
        assert all(each.wait(5) for each in started)
        with pytest.raises(Overloaded), reads.admitted():
            pass
        end.set()
        for each in busy:
            each.result()
    with reads.admitted():
        pass


def test_a_resumed_run_is_compared_anew(evaluated: Evaluated) -> None:
    evaluated.fill(4)
    runs = [evaluated.start("equals", output_field=name) for name in ("out", "lang")]
    evaluated.run_jobs()
    (before,) = evaluated.results.compare(evaluated.project, runs).differences
    assert (before.baseline.mean, before.candidate.mean) == (1.0, 0.0)
    evaluated.service.resume(evaluated.released.editor, evaluated.project, runs[1])
    assert evaluated.results.compare(evaluated.project, runs).differences == [before]
    evaluated.run_jobs()
    assert evaluated.results.compare(evaluated.project, runs).differences == [before]
