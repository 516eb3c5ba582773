"""Scores of targets over time, and what is stored of runs that have ended."""

import pytest
from sqlalchemy import text

from penstock.features.evaluations.model import TargetAnswer
from penstock.features.evaluations.service.figures import DatasetFigures, EvaluationFigures
from penstock.features.evaluations.service.runs import UploadedOutput
from penstock.infra.sql import Database
from penstock.kernel.errors import NotFound
from tests.features.evaluations.conftest import Evaluated


def uploaded(
    evaluated: Evaluated, label: str, *, wrong: int, cost_usd: float, latency_ms: float
) -> str:
    """A run of ten outputs, of which some are wrong."""
    run = evaluated.start("equals", waits=True, label=label)
    outputs = [
        UploadedOutput(
            f"i{at}",
            0,
            TargetAnswer(
                "no" if at < wrong else str(at), latency_ms=latency_ms + at, cost_usd=cost_usd
            ),
        )
        for at in range(10)
    ]
    evaluated.service.upload(evaluated.project, run, outputs)
    evaluated.service.resume(evaluated.released.editor, evaluated.project, run)
    evaluated.run_jobs()
    return run


def figures(evaluated: Evaluated, metric: str = "", version: int | None = None) -> DatasetFigures:
    reader = EvaluationFigures(evaluated.context, evaluated.service.releases)
    return reader.figures(evaluated.project, "faq", metric, version, "")


def test_the_frontier_has_the_targets_that_no_other_surpasses(evaluated: Evaluated) -> None:
    evaluated.fill(10)
    uploaded(evaluated, "cheap", wrong=4, cost_usd=0.001, latency_ms=100)
    uploaded(evaluated, "good", wrong=1, cost_usd=0.01, latency_ms=300)
    uploaded(evaluated, "dear", wrong=4, cost_usd=0.02, latency_ms=50)
    uploaded(evaluated, "useless", wrong=5, cost_usd=0.02, latency_ms=400)
    found = figures(evaluated)
    assert (found.metric, found.version, found.truncated) == ("equals", 1, False)
    places = {
        each.label: (each.on_frontier, each.on_cost_frontier, each.on_latency_frontier)
        for each in found.targets
    }
    assert places == {
        "cheap": (True, True, False),
        "good": (True, True, True),
        "dear": (True, False, True),
        "useless": (False, False, False),
    }
    latest = next(each for each in found.targets if each.label == "good").latest
    assert latest is not None
    summary = latest.run.summary
    assert (summary.cost_usd, summary.latency_p50_ms) == (pytest.approx(0.01), 304.5)
    assert summary.latency_p95_ms == pytest.approx(308.55)
    assert latest.metric.estimate.mean == 0.9
    assert set(found.metrics) == {"equals", "latency_ms", "cost_usd"}
    assert figures(evaluated, "latency_ms").facts is not None


def test_a_target_has_its_runs_newest_first_and_other_versions_are_not_comparable(
    evaluated: Evaluated,
) -> None:
    evaluated.fill(10)
    first = uploaded(evaluated, "it", wrong=4, cost_usd=0.001, latency_ms=100)
    second = uploaded(evaluated, "it", wrong=2, cost_usd=0.001, latency_ms=100)
    evaluated.fill_more()
    third = uploaded(evaluated, "it", wrong=1, cost_usd=0.001, latency_ms=100)
    (target,) = figures(evaluated).targets
    assert [(each.run.run_id, each.comparable) for each in target.history] == [
        (third, True),
        (second, False),
        (first, False),
    ]
    (target,) = figures(evaluated, version=1).targets
    assert target.latest is not None
    assert target.latest.run.run_id == second


def test_runs_of_some_items_and_unknown_metrics_are_left_out(evaluated: Evaluated) -> None:
    evaluated.fill(10)
    assert figures(evaluated).targets == []
    evaluated.start("equals", output_field="out", item_ids=("i1", "i2"))
    evaluated.run_jobs()
    assert figures(evaluated).targets == []
    with pytest.raises(NotFound, match="metric 'equals'"):
        figures(evaluated, "equals")
    evaluated.start("equals", output_field="out")
    evaluated.run_jobs()
    (target,) = figures(evaluated).targets
    assert target.latest is not None
    assert not target.on_frontier  # cost and latency are unknown
    assert target.latest.run.summary.cost_usd is None


def test_a_comparison_of_stored_values_equals_one_of_the_ledger(evaluated: Evaluated) -> None:
    evaluated.fill(10, group="g")
    runs = [
        uploaded(evaluated, name, wrong=wrong, cost_usd=0.01 * wrong, latency_ms=10 * wrong)
        for name, wrong in (("a", 2), ("b", 6))
    ]
    stored = evaluated.results.compare(evaluated.project, runs).differences
    without_summaries(evaluated.context.database)
    assert evaluated.results.compare(evaluated.project, runs).differences == stored
    assert {each.metric for each in stored} == {"equals", "latency_ms", "cost_usd"}


def without_summaries(database: Database) -> None:
    with database.write() as tx:
        tx.connection.execute(text("DELETE FROM evaluation_summaries"))
