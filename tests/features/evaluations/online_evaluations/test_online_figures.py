"""Figures of online evaluations: of all calls, by release, over time, and the worst calls."""

import time

import pytest

from penstock.features.evaluations.online.figures import MAX_BUCKETS, bucket_ms
from penstock.features.evaluations.online.model import HOUR_MS
from penstock.features.traces.model import TimeRange
from penstock.kernel.errors import NotFound
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from tests.features.evaluations.conftest import RuleEvaluator
from tests.features.evaluations.online_evaluations.conftest import OnlineWorld

HOUR_NS = 3600 * 10**9
NEAR = TimeRange(time.time_ns() - 48 * HOUR_NS, time.time_ns() + HOUR_NS)


def test_figures_weigh_each_release_and_hour_by_all_its_calls(world: OnlineWorld) -> None:
    """Of r1 all 4 calls are measured, one is bad. Of 12 calls of r2 the day has space for 3 only,
    all bad: the whole is (4 · 3/4 + 12 · 0) / 16."""
    world.rule(daily_calls=4)
    for text in ("please", "please", "no", "please"):
        world.call(text, release="r1", seconds_ago=7200)
    world.run()
    world.clock.seconds = 0
    world.rule(daily_calls=7)
    for _ in range(12):
        world.call("no", release="r2")
    world.run()
    found = world.online.figures.figures(world.project, "quality", NEAR)
    total = found.total.metrics["polite"]
    assert total.estimate is not None
    assert total.estimate.mean == pytest.approx(3 / 16)
    assert (total.scored, found.total.counts.eligible, found.total.counts.daily_calls) == (7, 16, 9)
    by_release = {name: each.metrics["polite"].estimate for name, each in found.releases.items()}
    first, second = by_release["r1"], by_release["r2"]
    assert first is not None
    assert second is not None
    assert (first.mean, second.mean) == (0.75, 0.0)
    assert first.low is not None
    assert second.high is not None
    assert first.low < 0.75 < 1
    assert 0 < second.high < 1
    assert list(found.releases) == ["r2", "r1"]  # the one with most calls first
    assert len(found.series) == 2
    assert found.bucket_ms == HOUR_MS


def test_states_without_a_value_count_apart(world: OnlineWorld) -> None:
    world.rule()
    world.call("please")
    world.call(response=b"", response_size=0)
    world.run()
    figure = world.online.figures.figures(world.project, "quality", NEAR).total.metrics["polite"]
    assert (figure.scored, figure.states["unmeasured"]) == (1, 1)
    assert figure.estimate is not None
    assert figure.estimate.mean == 1.0


def test_labels_are_counted(world: OnlineWorld) -> None:
    facts = MetricFacts(MetricKind.LABEL, None)
    world.evaluators["tone"] = RuleEvaluator(lambda sample: sample.output, facts)
    world.rule(evaluators=("tone",))
    for text in ("warm", "cold", "warm"):
        world.call(text)
    world.run()
    figure = world.online.figures.figures(world.project, "quality", NEAR).total.metrics["tone"]
    assert (figure.estimate, figure.labels) == (None, {"warm": 2, "cold": 1})


def test_the_worst_calls_come_first(world: OnlineWorld) -> None:
    length = MetricFacts(MetricKind.MEAN, higher_is_better=False)
    world.evaluators["length"] = RuleEvaluator(lambda sample: len(sample.output), length)
    world.rule(evaluators=("polite", "length"))
    good, long, bad = (world.call(text) for text in ("please", "please, do so", "no"))
    world.run()
    figures = world.online.figures
    rude = figures.worst(world.project, "quality", "polite", NEAR, 2)
    assert [each.span_id for each in rude] == [bad.begin.span_id, long.begin.span_id]
    longest = figures.worst(world.project, "quality", "length", NEAR, 9)
    assert [each.span_id for each in longest] == [each.begin.span_id for each in (long, good, bad)]
    with pytest.raises(NotFound, match="has no metric 'tone'"):
        figures.worst(world.project, "quality", "tone", NEAR, 9)


def test_a_rule_without_calls_has_empty_figures(world: OnlineWorld) -> None:
    world.rule()
    found = world.online.figures.figures(world.project, "quality", NEAR)
    assert (found.total.counts.eligible, found.releases, found.series) == (0, {}, {})


@pytest.mark.parametrize("days", [1, 7, 30, 365, 3650])
def test_figures_over_time_have_a_bounded_number_of_steps(days: int) -> None:
    width = bucket_ms(0, days * 24 * HOUR_MS)
    assert width % HOUR_MS == 0
    assert days * 24 * HOUR_MS / width <= max(MAX_BUCKETS, days / 30 + 1)
