"""Reports and comparisons: denominators, intervals, words; against values computed by hand."""

import pytest

from penstock.rules.eval_reports.compare import compare, regressions_first
from penstock.rules.eval_reports.report import OTHERS, ReportBuilder, SampledItem
from penstock.rules.evaluation.measurements import (
    abstained,
    infrastructure_error,
    judge_error,
    scored,
    unmeasured,
)
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.gates.values import MetricValues
from penstock.rules.statistics.intervals import wilson

RATE = MetricFacts(MetricKind.RATE)
COST = MetricFacts(MetricKind.MEAN, higher_is_better=False)


def values(**items: float) -> MetricValues:
    return MetricValues({name: (value,) for name, value in items.items()})


def passes(count: int, of: int) -> MetricValues:
    return values(**{f"i{at}": float(at < count) for at in range(of)})


def test_each_state_is_counted_and_only_scores_make_the_rate() -> None:
    builder = ReportBuilder("ok", RATE)
    for at in range(10):
        builder.add(SampledItem(f"i{at}"), scored(at < 7))
    others = (abstained("no"), unmeasured("none"), judge_error("bad"), infrastructure_error("off"))
    for at, each in enumerate(others):
        builder.add(SampledItem(f"x{at}"), each)
    report = builder.report()
    assert (report.samples, report.scored) == (14, 10)
    assert report.states == {
        "scored": 10,
        "abstained": 1,
        "unmeasured": 1,
        "judge_error": 1,
        "infrastructure_error": 1,
    }
    expected = wilson(7, 10)
    assert expected is not None
    assert (report.estimate.mean, report.estimate.low) == (0.7, expected.low)


def test_without_a_score_there_is_no_number() -> None:
    builder = ReportBuilder("ok", RATE)
    builder.add(SampledItem("a"), unmeasured("nothing expected"))
    estimate = builder.report().estimate
    assert (estimate.items, estimate.mean, estimate.low, estimate.high) == (0, None, None, None)


def test_repeats_and_groups_widen_the_interval() -> None:
    alone, grouped = ReportBuilder("m", COST), ReportBuilder("m", COST)
    for at in range(20):
        value = scored(float(at % 2 + at // 10))
        alone.add(SampledItem(f"i{at}"), value)
        grouped.add(SampledItem(f"i{at}", str(at // 10)), value)
    wide, narrow = grouped.report().estimate, alone.report().estimate
    assert narrow.mean == wide.mean == 1.0
    assert narrow.low is not None
    assert wide.low is not None
    assert wide.low < narrow.low


def test_slices_have_enough_items_and_labels_are_counted() -> None:
    rate, label = ReportBuilder("ok", RATE), ReportBuilder("kind", MetricFacts(MetricKind.LABEL))
    for at in range(30):
        facets = {"lang": "de" if at < 20 else "en" if at < 29 else "fr", "id": str(at)}
        item = SampledItem(f"i{at}", facets=facets)
        rate.add(item, scored(at % 2 == 0))
        label.add(item, scored("a" if at < 20 else "b"))
    found = rate.report().slices
    assert [(each.field, each.value, each.estimate.mean) for each in found] == [("lang", "de", 0.5)]
    assert label.report().labels == {"a": 20, "b": 10}
    many = ReportBuilder("kind", MetricFacts(MetricKind.LABEL))
    for at in range(150):
        many.add(SampledItem(f"i{at}"), scored(f"l{at}"))
    assert many.report().labels[OTHERS] == 50


def test_a_difference_has_its_exact_p_and_words() -> None:
    """10 items that only the candidate passes, 0 the other way: McNemar 2 * 0.5 ** 10."""
    (found,) = compare({"ok": RATE}, {"ok": passes(20, 40)}, {"new": {"ok": passes(30, 40)}}, {})
    assert found.p == pytest.approx(2 * 0.5**10)
    assert (found.outcome, found.better, found.worse, found.items) == ("better", 10, 0, 40)
    assert found.difference == pytest.approx(0.25)


def test_of_many_metrics_one_small_p_shows_no_difference() -> None:
    """6 of 6 in one direction: p = 0.03125 alone, and 20 times that among 20 equal metrics."""
    facts = {f"m{at}": RATE for at in range(20)}
    before = {name: passes(20, 40) for name in facts}
    after = before | {"m0": passes(26, 40)}
    found = compare(facts, before, {"new": after}, {})
    alone = compare({"m0": RATE}, before, {"new": after}, {})
    assert alone[0].outcome == "better"
    assert found[0].p == pytest.approx(min(1.0, 20 * 0.03125))
    assert found[0].outcome == "no difference shown"


def test_lower_is_better_where_the_metric_says_so() -> None:
    before = values(**{f"i{at}": 1.0 + at % 3 for at in range(30)})
    after = values(**{f"i{at}": 1.5 + at % 3 + at % 2 / 10 for at in range(30)})
    (found,) = compare({"cost_usd": COST}, {"cost_usd": before}, {"new": {"cost_usd": after}}, {})
    assert (found.outcome, found.worse) == ("worse", 30)
    assert found.difference == pytest.approx(0.55)
    assert found.low is not None
    assert found.low > 0


def test_runs_without_shared_items_are_not_measured() -> None:
    (found,) = compare({"ok": RATE}, {"ok": values(a=1)}, {"new": {"ok": values(b=1)}}, {})
    assert (found.outcome, found.items, found.difference, found.p) == (
        "not measured",
        0,
        None,
        None,
    )


def test_the_worst_items_come_first_over_all_metrics() -> None:
    facts = {"ok": RATE, "cost": COST}
    before = {"ok": values(a=1, b=1, c=0), "cost": values(a=10, b=10, c=10)}
    after = {"ok": values(a=0, b=1, c=1), "cost": values(a=20, b=20, c=10)}
    found = regressions_first(facts, before, after)
    assert found == [("a", -2.0), ("b", -1.0), ("c", 1.0)]


def test_a_metric_without_a_better_direction_orders_no_items() -> None:
    length = MetricFacts(MetricKind.MEAN, None)
    runs = (
        {"length": values(a=9, b=9), "ok": values(a=1, b=1)},
        {"length": values(a=1, b=99), "ok": values(a=1, b=0)},
    )
    assert regressions_first({"length": length, "ok": RATE}, *runs) == [("b", -1.0), ("a", 0.0)]
